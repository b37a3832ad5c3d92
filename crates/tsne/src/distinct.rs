//! Points of which some are equal: t-SNE would lay equal ones out by chance, so only different ones go on the map.

use rayon::prelude::*;

use crate::points::Points;

/// Odd, with its bits well mixed, as in Firefox's hash.
const FACTOR: u64 = 0x517c_c1b7_2722_0a95;

/// The different ones of some points, in the order in which they first come.
#[derive(Clone, Debug)]
pub struct Distinct {
    /// `[different, dimensions]`
    values: Vec<f32>,
    dimensions: usize,
    /// The first of the points that each is, `[different]`.
    firsts: Vec<usize>,
    /// Which of them each point is, `[n]`.
    places: Vec<usize>,
}

impl Distinct {
    /// The different ones of these points; `None` if all are.
    pub fn of(points: &Points<'_>) -> Option<Self> {
        let mut hashes: Vec<(u64, usize)> =
            (0..points.len()).into_par_iter().map(|index| (hash(points.point(index)), index)).collect();
        hashes.par_sort_unstable();
        // The first point that is equal to each.
        let mut first: Vec<usize> = (0..points.len()).collect();
        for alike in hashes.chunk_by(|one, other| one.0 == other.0).filter(|alike| alike.len() > 1) {
            // Different points of one hash are rare.
            let mut different: Vec<usize> = Vec::new();
            for &(_, index) in alike {
                match different.iter().find(|&&other| points.point(other) == points.point(index)) {
                    Some(&other) => first[index] = other,
                    None => different.push(index),
                }
            }
        }
        let firsts: Vec<usize> = (0..points.len()).filter(|&index| first[index] == index).collect();
        if firsts.len() == points.len() {
            return None;
        }
        // The first of equal points comes before them, so that its place is known.
        let mut places = vec![0; points.len()];
        let mut count = 0;
        for index in 0..points.len() {
            places[index] = if first[index] == index { count } else { places[first[index]] };
            count += usize::from(first[index] == index);
        }
        let values = firsts.iter().flat_map(|&index| points.point(index)).copied().collect();
        Some(Self { values, dimensions: points.dimensions(), firsts, places })
    }

    /// The different points.
    pub fn points(&self) -> Points<'_> {
        Points::of_checked(&self.values, self.dimensions)
    }

    /// The number that a different point has among all, the lowest of equal ones.
    pub fn first(&self, different: usize) -> usize {
        self.firsts[different]
    }

    /// What is known of each different point, for all points, `[n]`.
    pub fn for_all<T: Copy>(&self, of_different: &[T]) -> Vec<T> {
        self.places.iter().map(|&place| of_different[place]).collect()
    }
}

/// Equal for equal points: 0 and -0 are.
fn hash(point: &[f32]) -> u64 {
    let mixed =
        |hash: u64, &value: &f32| (hash.rotate_left(5) ^ u64::from((value + 0.0).to_bits())).wrapping_mul(FACTOR);
    point.iter().fold(0, mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_points_have_one_place() {
        let values = [1.0, 2.0, 0.0, 3.0, 1.0, 2.0, -0.0, 3.0, 1.0, 3.0, 0.0, 3.0];
        let distinct = Distinct::of(&Points::new(&values, 2).unwrap()).unwrap();
        assert_eq!(distinct.points().values(), [1.0, 2.0, 0.0, 3.0, 1.0, 3.0]);
        assert_eq!(distinct.for_all(&['a', 'b', 'c']), ['a', 'b', 'a', 'b', 'c', 'b']);
        assert_eq!([0, 1, 2].map(|different| distinct.first(different)), [0, 1, 4]);
    }

    #[test]
    fn different_points_stay_what_they_are() {
        let values: Vec<f32> = (0..600).map(|value| value as f32).collect();
        assert!(Distinct::of(&Points::new(&values, 3).unwrap()).is_none());
        assert!(Distinct::of(&Points::new(&[1.0], 1).unwrap()).is_none());
    }
}
