//! Points of which some are equal: t-SNE would lay equal ones out by chance, so only different ones go on the map.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::points::Points;
use crate::random;

/// Odd, with its bits well mixed, as in Firefox's hash.
const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
/// How far apart two points of one direction come to lie at length 1, at most: each of their values is rounded to f32, and
/// twice as much is allowed. Of what is nearer, f32 has the cosine 1.
const ROUNDED: f64 = 2.0 * f32::EPSILON as f64;

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
        Self::of_firsts(points, &first)
    }

    /// The points of different directions, which alone have a cosine below 1; `None` if all are. Points that are zero have no
    /// direction, and count as of one.
    pub fn of_directions(points: &Points<'_>) -> Option<Self> {
        let line = line(points.dimensions());
        // Points of one direction lie at one place of any line, but for rounding.
        let measured: Vec<(f64, f64)> = (0..points.len())
            .into_par_iter()
            .map(|index| {
                let point = points.point(index);
                let inverse = 1.0 / length(point);
                let inverse = if inverse.is_finite() { inverse } else { 0.0 };
                let along = point.iter().zip(&line).map(|(&value, along)| f64::from(value) * along).sum::<f64>();
                (inverse, along * inverse)
            })
            .collect();
        let are_alike = |one: usize, other: usize| {
            let (by, by_other) = (measured[one].0, measured[other].0);
            let mut squared = 0.0;
            // Most are far apart in their first values.
            points.point(one).iter().zip(points.point(other)).all(|(&value, &other)| {
                squared += (f64::from(value) * by - f64::from(other) * by_other).powi(2);
                squared <= ROUNDED * ROUNDED
            })
        };
        let mut first: Vec<usize> = (0..points.len()).collect();
        // The different points so far, by the section of the line that they are in.
        let mut sections: HashMap<i64, Vec<usize>> = HashMap::new();
        for (index, &(_, along)) in measured.iter().enumerate() {
            let section = (along / (2.0 * ROUNDED)).floor() as i64;
            let near = (section - 1..=section + 1).filter_map(|near| sections.get(&near)).flatten();
            match near.copied().filter(|&other| are_alike(other, index)).min() {
                Some(other) => first[index] = other,
                None => sections.entry(section).or_default().push(index),
            }
        }
        Self::of_firsts(points, &first)
    }

    /// Of the first point that is equal to each, `[n]`.
    fn of_firsts(points: &Points<'_>, first: &[usize]) -> Option<Self> {
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

/// A line of length 1 in no particular direction, always the same.
fn line(dimensions: usize) -> Vec<f64> {
    let mut random = random::generator(0);
    let values: Vec<f64> = (0..dimensions).map(|_| random::normal(&mut random)).collect();
    let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    values.into_iter().map(|value| value / length).collect()
}

fn length(point: &[f32]) -> f64 {
    point.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
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
    fn points_of_one_direction_have_one_place() {
        let direction = [0.3, 0.1, -0.7];
        let values: Vec<f32> =
            [1.0, 3.0, -1.0, 1e-9, 0.7].iter().flat_map(|by| direction.map(|value| value * by)).collect();
        let points = Points::new(&values, 3).unwrap();
        let distinct = Distinct::of_directions(&points).unwrap();
        assert_eq!(distinct.for_all(&['a', 'b']), ['a', 'a', 'b', 'a', 'a']);
        assert_eq!(distinct.points().values(), [points.point(0), points.point(2)].concat());
        // Turned by more than f32 rounds.
        assert!(Distinct::of_directions(&Points::new(&[1.0, 0.0, 1.0, 1e-6], 2).unwrap()).is_none());
        // No direction is none of a point that has one.
        let distinct = Distinct::of_directions(&Points::new(&[0.0, 1.0, 0.0, 5.0], 1).unwrap()).unwrap();
        assert_eq!(distinct.for_all(&['a', 'b']), ['a', 'b', 'a', 'b']);
    }

    #[test]
    fn different_points_stay_what_they_are() {
        let values: Vec<f32> = (0..600).map(|value| value as f32).collect();
        assert!(Distinct::of(&Points::new(&values, 3).unwrap()).is_none());
        assert!(Distinct::of(&Points::new(&[1.0], 1).unwrap()).is_none());
    }
}
