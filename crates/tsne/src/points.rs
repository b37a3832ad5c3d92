//! The points that a map is made of: rows of finite f32, `[n, dimensions]`, of a size whose squares f32 can hold.

use rayon::prelude::*;

use crate::error::Error;

/// Values beyond this have squared distances that 32-bit numbers cannot hold.
const MAX_SCALE: f32 = 1e15;
/// Values all below this have squared distances that 32-bit numbers lose.
const MIN_SCALE: f32 = 1e-15;

/// Points as rows of finite numbers, `[n, dimensions]`.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    values: &'a [f32],
    dimensions: usize,
}

impl<'a> Points<'a> {
    /// Checks `values` `[n, dimensions]`, one point after the other.
    ///
    /// # Errors
    /// When the values do not make up whole points, are not all finite, or are so large or small that 32-bit numbers
    /// cannot hold their squares.
    pub fn new(values: &'a [f32], dimensions: usize) -> Result<Self, Error> {
        if dimensions == 0 || values.is_empty() || !values.len().is_multiple_of(dimensions) {
            return Err(Error::Shape { values: values.len(), dimensions });
        }
        let points = Self { values, dimensions };
        let largest = values.par_iter().map(|value| value.abs()).reduce(|| 0.0, largest_or_nan);
        if !largest.is_finite() {
            // The largest is no number only if one of them is none.
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(Error::NotFinite { point: at / dimensions, dimension: at % dimensions, value: values[at] });
            }
        }
        if largest > MAX_SCALE || (largest > 0.0 && largest < MIN_SCALE) {
            return Err(Error::Scale { largest });
        }
        Ok(points)
    }

    /// Some of points that were checked.
    pub(crate) fn of_checked(values: &'a [f32], dimensions: usize) -> Self {
        Self { values, dimensions }
    }

    /// The number of points, n.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Always false: there is at least one point.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of values of a point.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All values, `[n, dimensions]`.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// The values of one point, `[dimensions]`.
    pub fn point(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.dimensions..][..self.dimensions]
    }
}

/// The larger one, and no number if one of them is none.
fn largest_or_nan(one: f32, other: f32) -> f32 {
    if one.is_nan() || one > other { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_matrix_of_numbers_is_refused() {
        assert_eq!(Points::new(&[1.0; 5], 2).unwrap_err(), Error::Shape { values: 5, dimensions: 2 });
        assert_eq!(Points::new(&[], 2).unwrap_err(), Error::Shape { values: 0, dimensions: 2 });
        assert_eq!(Points::new(&[1.0], 0).unwrap_err(), Error::Shape { values: 1, dimensions: 0 });
        assert_eq!(Points::new(&[1e20, 0.0], 2).unwrap_err(), Error::Scale { largest: 1e20 });
        assert_eq!(Points::new(&[1e-20, 0.0], 2).unwrap_err(), Error::Scale { largest: 1e-20 });
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 3, 5] {
                let mut values = [1.0; 6];
                values[at] = bad;
                let found = Points::new(&values, 3).unwrap_err().to_string();
                assert!(found.starts_with(&format!("point {} has {bad} in dimension {}", at / 3, at % 3)), "{found}");
            }
        }
        assert_eq!(Points::new(&[0.0; 6], 3).unwrap().len(), 2);
    }
}
