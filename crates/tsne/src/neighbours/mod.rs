//! The nearest neighbours of points: indices and distances, `[n, count]`, the nearest first.
//!
//! Up to 2,500 points by brute force (`brute_force.rs`), beyond by blocks of points most pairs of which are ruled out by
//! bounds (`search.rs`). Both are exact; of equally near points the lowest number comes first.

mod blocks;
mod brute_force;
mod nearest;
mod search;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use self::nearest::Nearest;
use crate::error::Error;
use crate::points::Points;

/// Points among which an approximate search looks for neighbours, at least. In `bench/NOTES.md`, "Maps": "approximate
/// neighbours in the nearest blocks only".
const APPROXIMATE_CANDIDATES: usize = 20_000;

/// Of searches that nobody stops.
static NEVER: AtomicBool = AtomicBool::new(false);

/// How far apart two points are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// The length of their difference.
    #[default]
    Euclidean,
    /// 1 - the cosine of the angle between them.
    Cosine,
}

/// The nearest neighbours of each of some points, the nearest first; of equally near ones those with the lowest numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    count: usize,
    /// Whether they are among the points themselves.
    within: bool,
    indices: Vec<u32>,
    distances: Vec<f32>,
}

impl Neighbours {
    /// The `count` nearest others of each point, or all others where there are fewer.
    ///
    /// No pair is missed, but most are ruled out by bounds and never measured.
    ///
    /// # Errors
    /// When a point is zero, which has no cosine.
    pub fn exact(points: &Points<'_>, count: usize, metric: Metric) -> Result<Self, Error> {
        Self::exact_until(&NEVER, points, count, metric)
    }

    /// The same until `stop` is true.
    ///
    /// # Errors
    /// When a point is zero, which has no cosine, or the search was stopped.
    pub fn exact_until(stop: &AtomicBool, points: &Points<'_>, count: usize, metric: Metric) -> Result<Self, Error> {
        Self::find(stop, points, None, count.min(points.len() - 1), metric, None)
    }

    /// The same for many points, with a few neighbours missed: it looks only among the 20,000 points or more that are in the
    /// nearest blocks.
    ///
    /// # Errors
    /// When a point is zero, which has no cosine.
    pub fn approximate(points: &Points<'_>, count: usize, metric: Metric) -> Result<Self, Error> {
        Self::approximate_until(&NEVER, points, count, metric)
    }

    /// The same until `stop` is true.
    ///
    /// # Errors
    /// When a point is zero, which has no cosine, or the search was stopped.
    pub fn approximate_until(
        stop: &AtomicBool,
        points: &Points<'_>,
        count: usize,
        metric: Metric,
    ) -> Result<Self, Error> {
        Self::find(stop, points, None, count.min(points.len() - 1), metric, Some(APPROXIMATE_CANDIDATES))
    }

    /// The `count` nearest points of each query, or all points where there are fewer.
    ///
    /// # Errors
    /// When queries have other dimensions than points, or one is zero, which has no cosine.
    pub fn of_queries(queries: &Points<'_>, points: &Points<'_>, count: usize, metric: Metric) -> Result<Self, Error> {
        if queries.dimensions() != points.dimensions() {
            return Err(Error::Dimensions { found: queries.dimensions(), wanted: points.dimensions() });
        }
        Self::find(&NEVER, points, Some(queries), count.min(points.len()), metric, None)
    }

    /// The `count` nearest others of each point, or all others where there are fewer, by distances `[n, n]` that were measured
    /// elsewhere: those from each point to all, itself too, row after row.
    ///
    /// # Errors
    /// When there are no rows of as many distances as there are rows, or one is negative or not finite.
    pub fn of_distances(distances: &[f32], count: usize) -> Result<Self, Error> {
        let points = distances.len().isqrt();
        if points == 0 || points * points != distances.len() {
            return Err(Error::Shape { values: distances.len(), dimensions: points });
        }
        if let Some(at) = distances.iter().position(|distance| !(distance.is_finite() && *distance >= 0.0)) {
            return Err(Error::Distance { point: at / points, other: at % points, value: distances[at] });
        }
        let count = count.min(points - 1);
        let mut found =
            Self { count, within: true, indices: vec![0; points * count], distances: vec![0.0; points * count] };
        if count == 0 {
            return Ok(found);
        }
        let slots = found.indices.par_chunks_mut(count).zip(found.distances.par_chunks_mut(count));
        distances.par_chunks(points).zip(slots).enumerate().for_each(|(point, (row, (indices, nearest)))| {
            let mut heap = vec![0; count];
            let mut near = Nearest::new(&mut heap, f32::INFINITY);
            let others = (0..).zip(row).filter(|&(other, _)| other as usize != point);
            others.for_each(|(other, &distance)| near.offer(distance.abs(), other));
            for ((index, slot), (other, distance)) in indices.iter_mut().zip(nearest).zip(near.into_sorted()) {
                (*index, *slot) = (other, distance);
            }
        });
        Ok(found)
    }

    fn find(
        stop: &AtomicBool,
        points: &Points<'_>,
        queries: Option<&Points<'_>>,
        count: usize,
        metric: Metric,
        reach: Option<usize>,
    ) -> Result<Self, Error> {
        let within = queries.is_none();
        if count == 0 {
            return Ok(Self { count, within, indices: Vec::new(), distances: Vec::new() });
        }
        let search = |points: &Points<'_>, queries: Option<&Points<'_>>| match points.len() {
            ..=brute_force::MAX_POINTS => brute_force::search(points, queries, count),
            _ => search::search(points, queries, count, reach, stop),
        };
        let (found, to_distance): (_, fn(f32) -> f32) = match metric {
            Metric::Euclidean => (search(points, queries), f32::sqrt),
            // Of unit vectors, |a - b|² = 2 - 2 cos.
            Metric::Cosine => {
                let dimensions = points.dimensions();
                let points = directions(points)?;
                let queries = queries.map(directions).transpose()?;
                let points = Points::new(&points, dimensions)?;
                let queries = queries.as_ref().map(|queries| Points::new(queries, dimensions)).transpose()?;
                (search(&points, queries.as_ref()), |squared| 0.5 * squared)
            }
        };
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let distances = found.squared_distances.into_iter().map(to_distance).collect();
        Ok(Self { count, within, indices: found.indices, distances })
    }

    /// The number of points that have neighbours, n.
    pub fn len(&self) -> usize {
        self.indices.len() / self.count.max(1)
    }

    /// Whether no point has any.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The numbers of a point's neighbours, `[count]`.
    pub fn of(&self, point: usize) -> &[u32] {
        &self.indices[point * self.count..][..self.count]
    }

    /// The number of neighbours of each point.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The numbers of each point's neighbours, `[n, count]`.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Their distances by the metric, `[n, count]`.
    pub fn distances(&self) -> &[f32] {
        &self.distances
    }

    /// Whether they are among the points themselves, rather than others.
    pub(crate) fn is_within(&self) -> bool {
        self.within
    }

    /// The number of neighbours of each point, their numbers and their distances, both `[n, count]`.
    pub(crate) fn into_parts(self) -> (usize, Vec<u32>, Vec<f32>) {
        (self.count, self.indices, self.distances)
    }
}

/// Points scaled to length 1, `[n, dimensions]`.
pub(crate) fn directions(points: &Points<'_>) -> Result<Vec<f32>, Error> {
    let mut scaled = points.values().to_vec();
    scaled.par_chunks_mut(points.dimensions()).enumerate().try_for_each(|(point, values)| {
        let squared: f64 = values.iter().map(|&value| f64::from(value).powi(2)).sum();
        if squared == 0.0 {
            return Err(Error::NoDirection { point });
        }
        let scale = 1.0 / squared.sqrt();
        values.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
        Ok(())
    })?;
    Ok(scaled)
}
