//! How good a map is: trustworthiness, the share of neighbours that it keeps, the accuracy of the nearest label.
//!
//! All are shares from 0 to 1, the larger the better; none depends on the scale of the map `[n, 2]`.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::coordinates::check_map;
use crate::error::Error;
use crate::neighbours::{Metric, Neighbours, directions};
use crate::points::Points;
use crate::simd::{squared_distance, with_vectors};

/// Points whose trustworthiness is measured at most: each is compared with all others, so that more would take minutes.
const SAMPLE: usize = 1000;
/// Points whose values stay in cache while all of the sample are compared with them.
const BLOCK: usize = 128;

/// How far the `count` nearest neighbours in the map can be trusted to be near: 1 less what their ranks among the neighbours
/// by the metric exceed `count` by, scaled so that the worst is 0 (Venna and Kaski, 2001).
///
/// With more than 1,000 points it is that of 1,000, evenly spread over all.
///
/// # Errors
/// When the map has other points, there are not more than twice as many points as neighbours, or a point is zero, which has
/// no cosine.
pub fn trustworthiness(points: &Points<'_>, map: &[[f32; 2]], count: usize, metric: Metric) -> Result<f64, Error> {
    let n = points.len();
    check_map(map, n)?;
    check_count(count, n)?;
    // Ranks by the cosine are those of the distances of unit vectors.
    let scaled = if metric == Metric::Cosine { Some(directions(points)?) } else { None };
    let points = match &scaled {
        Some(scaled) => Points::new(scaled, points.dimensions())?,
        None => *points,
    };
    let sample: Vec<usize> = (0..n.min(SAMPLE)).map(|at| at * n / n.min(SAMPLE)).collect();
    let nearest = nearest_in_map(map, count)?;
    let near: Vec<Near> = sample
        .iter()
        .flat_map(|&point| nearest.of(point).iter().map(move |&other| (point, other)))
        .map(|(point, other)| with_vectors(Measure { points, point, other }))
        .collect();
    let closer = |block: usize| {
        let others = block * BLOCK..n.min((block + 1) * BLOCK);
        with_vectors(Closer { points, others, near: &near, count })
    };
    let sums = |mut sums: Vec<u32>, more: Vec<u32>| {
        sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        sums
    };
    let closer = (0..n.div_ceil(BLOCK)).into_par_iter().map(closer).reduce(|| vec![0; near.len()], sums);
    let excess: u64 = closer.into_iter().map(|closer| u64::from(closer + 1).saturating_sub(count as u64)).sum();
    let worst = sample.len() as f64 * count as f64 * (2 * n - 3 * count - 1) as f64 / 2.0;
    Ok(1.0 - excess as f64 / worst)
}

/// The share of each point's nearest neighbours, as many as are given, that are among as many nearest in the map.
///
/// # Errors
/// When the map has other points than the neighbours, or these are neighbours among other points.
pub fn neighbour_recall(neighbours: &Neighbours, map: &[[f32; 2]]) -> Result<f64, Error> {
    check_map(map, neighbours.len())?;
    if !neighbours.is_within() {
        return Err(Error::OtherPoints);
    }
    let nearest = nearest_in_map(map, neighbours.count())?;
    let kept = |point: usize| {
        let mut in_map = nearest.of(point).to_vec();
        in_map.sort_unstable();
        neighbours.of(point).iter().filter(|other| in_map.binary_search(other).is_ok()).count()
    };
    let kept: usize = (0..map.len()).into_par_iter().map(kept).sum();
    Ok(kept as f64 / neighbours.indices().len().max(1) as f64)
}

/// The share of points whose nearest neighbour in the map has the same label.
///
/// # Errors
/// When there is not a label for each point, or only one point.
pub fn label_accuracy(map: &[[f32; 2]], labels: &[u8]) -> Result<f64, Error> {
    check_map(map, labels.len())?;
    if map.len() < 2 {
        return Err(Error::Setting { name: "the number of points", value: map.len() as f64, wanted: "at least 2" });
    }
    let nearest = nearest_in_map(map, 1)?;
    let right =
        nearest.indices().iter().zip(labels).filter(|&(&other, &label)| labels[other as usize] == label).count();
    Ok(right as f64 / labels.len() as f64)
}

/// Neighbours in the map. Its coordinates may be of any size.
fn nearest_in_map(map: &[[f32; 2]], count: usize) -> Result<Neighbours, Error> {
    let largest = map.iter().flatten().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { 1.0 / f64::from(largest) } else { 1.0 };
    let coordinates: Vec<f32> = map.iter().flatten().map(|&value| (f64::from(value) * scale) as f32).collect();
    Neighbours::exact(&Points::new(&coordinates, 2)?, count, Metric::Euclidean)
}

fn check_count(count: usize, points: usize) -> Result<(), Error> {
    if 2 * count < points && count > 0 {
        return Ok(());
    }
    Err(Error::Setting {
        name: "the number of neighbours",
        value: count as f64,
        wanted: "at least 1, and less than half the points",
    })
}

/// A point, one near it in the map, and how far away it is.
struct Near {
    point: usize,
    other: u32,
    squared_distance: f32,
}

struct Measure<'a> {
    points: Points<'a>,
    point: usize,
    other: u32,
}

impl WithSimd for Measure<'_> {
    type Output = Near;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Near {
        let Self { points, point, other } = self;
        let squared_distance = squared_distance(simd, points.point(point), points.point(other as usize));
        Near { point, other, squared_distance }
    }
}

/// For each near one, how many of some others are closer, of equally close ones those with lower numbers.
struct Closer<'a> {
    points: Points<'a>,
    others: Range<usize>,
    near: &'a [Near],
    /// Near ones of a point, which stand together.
    count: usize,
}

impl WithSimd for Closer<'_> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<u32> {
        let mut closer = vec![0; self.near.len()];
        for (near, closer) in self.near.chunks_exact(self.count).zip(closer.chunks_exact_mut(self.count)) {
            let point = near[0].point;
            for other in self.others.clone().filter(|&other| other != point) {
                let distance = squared_distance(simd, self.points.point(point), self.points.point(other));
                for (near, closer) in near.iter().zip(closer.iter_mut()) {
                    *closer += u32::from((distance, other as u32) < (near.squared_distance, near.other));
                }
            }
        }
        closer
    }
}
