//! A positive definite matrix as the product of a triangle and its transpose, to measure distances by.

/// The lower triangle L of a matrix L Lᵀ, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Cholesky {
    size: usize,
    rows: Vec<f64>,
}

impl Cholesky {
    /// Of the lower triangle of a symmetric matrix of `size` rows, row by row; `None` if it is not positive definite.
    pub(crate) fn of(size: usize, triangle: &[f64]) -> Option<Self> {
        let mut rows: Vec<f64> = Vec::with_capacity(triangle.len());
        for row in 0..size {
            for column in 0..=row {
                let products = (0..column).map(|at| rows[start(row) + at] * rows[start(column) + at]).sum::<f64>();
                let rest = triangle[start(row) + column] - products;
                if column < row {
                    rows.push(rest / rows[start(column) + column]);
                } else if rest > 0.0 && rest.is_finite() {
                    rows.push(rest.sqrt());
                } else {
                    return None;
                }
            }
        }
        Some(Self { size, rows })
    }

    /// L⁻¹ v in place of a vector v: distances of such are the Mahalanobis distances by the matrix.
    pub(crate) fn whiten(&self, vector: &mut [f64]) {
        for row in 0..self.size {
            let line = &self.rows[start(row)..=start(row) + row];
            let products: f64 = line[..row].iter().zip(&*vector).map(|(one, other)| one * other).sum();
            vector[row] = (vector[row] - products) / line[row];
        }
    }
}

/// Where a row of a triangle begins.
fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_by_the_inverse() {
        // [[4, 2], [2, 3]], whose inverse is [[3, -2], [-2, 4]] / 8.
        let matrix = Cholesky::of(2, &[4.0, 2.0, 3.0]).unwrap();
        let mut vector = [1.0, -2.0];
        matrix.whiten(&mut vector);
        let length: f64 = vector.iter().map(|value| value * value).sum();
        assert!((length - (3.0 + 8.0 + 16.0) / 8.0).abs() < 1e-12, "{length}");
    }

    #[test]
    fn what_has_no_inverse_has_no_triangle() {
        for triangle in [[1.0, 1.0, 1.0], [1.0, 2.0, 1.0], [0.0, 0.0, 1.0], [f64::NAN, 0.0, 1.0]] {
            assert!(Cholesky::of(2, &triangle).is_none(), "{triangle:?}");
        }
    }
}
