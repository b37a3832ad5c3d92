//! Nearest neighbours among few points, by brute force.
//!
//! A product of queries `[queries, dimensions]` and all points `[n, dimensions]` gives every squared distance but for
//! rounding; those that may be among the nearest are measured again, without such errors.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::search::{Found, SLACK};
use crate::components::{centre, mean};
use crate::matmul::{MatrixView, multiply};
use crate::points::Points;
use crate::simd::{squared_distance, with_vectors};

/// Up to this many points ruling out pairs by blocks costs more than it saves. In `bench/NOTES.md`, "Maps": "neighbours
/// among up to 2,500 points by all products at once".
pub(super) const MAX_POINTS: usize = 2500;
/// Queries that one task serves.
const QUERIES_PER_TASK: usize = 128;

/// The `count` nearest points of each query; if the queries are the points themselves (`None`), of the others.
///
/// `count` is at most the number of those.
pub(super) fn search(points: &Points<'_>, queries: Option<&Points<'_>>, count: usize) -> Found {
    let candidates = Candidates::new(points, queries.is_none(), count);
    let queries = queries.unwrap_or(points);
    let length = queries.len() * count;
    let mut found = Found { indices: vec![0; length], squared_distances: vec![0.0; length] };
    let slots = found
        .indices
        .par_chunks_mut(QUERIES_PER_TASK * count)
        .zip(found.squared_distances.par_chunks_mut(QUERIES_PER_TASK * count));
    let blocks = queries.values().par_chunks(QUERIES_PER_TASK * points.dimensions()).zip(slots).enumerate();
    blocks.for_each_init(Scratch::default, |scratch, (block, (queries, (indices, squared_distances)))| {
        candidates.products(queries, scratch);
        let slots = indices.chunks_exact_mut(count).zip(squared_distances.chunks_exact_mut(count));
        for (row, (query, slots)) in queries.chunks_exact(points.dimensions()).zip(slots).enumerate() {
            candidates.find(query, row, block * QUERIES_PER_TASK + row, scratch);
            for ((index, squared_distance), &(squared, number)) in slots.0.iter_mut().zip(slots.1).zip(&scratch.near) {
                (*index, *squared_distance) = (number, squared);
            }
        }
    });
    found
}

/// All points that are looked among.
struct Candidates<'a> {
    points: &'a Points<'a>,
    /// Whether the queries are these points: then none is its own neighbour.
    within: bool,
    count: usize,
    /// `[dimensions]`
    mean: Vec<f32>,
    /// Points without the mean, `[n, dimensions]`.
    centred: Vec<f32>,
    /// Their squared lengths, `[n]`.
    norms: Vec<f32>,
    largest_norm: f32,
}

/// A thread's own memory.
#[derive(Default)]
struct Scratch {
    /// Queries without the mean, `[queries, dimensions]`.
    centred: Vec<f32>,
    /// Their squared lengths.
    norms: Vec<f32>,
    /// Products of queries and points, `[queries, n]`.
    products: Vec<f32>,
    /// Of one query: squared distances as far as products tell, less its own squared length, and the same out of order.
    distances: Vec<f32>,
    sorted: Vec<f32>,
    /// What may be among its nearest, by squared distance, then number.
    near: Vec<(f32, u32)>,
}

impl<'a> Candidates<'a> {
    fn new(points: &'a Points<'a>, within: bool, count: usize) -> Self {
        let mean = mean(points);
        let (mut centred, mut norms) = (Vec::new(), Vec::new());
        centre_all(points.values(), &mean, &mut centred, &mut norms);
        let largest_norm = norms.iter().copied().fold(0.0, f32::max);
        Self { points, within, count, mean, centred, norms, largest_norm }
    }

    /// Writes the products of queries and points.
    fn products(&self, queries: &[f32], scratch: &mut Scratch) {
        let (n, dimensions) = (self.points.len(), self.points.dimensions());
        centre_all(queries, &self.mean, &mut scratch.centred, &mut scratch.norms);
        scratch.products.resize(QUERIES_PER_TASK * n, 0.0);
        let queries = MatrixView::new(&scratch.centred, scratch.norms.len(), dimensions);
        multiply(queries, MatrixView::new(&self.centred, n, dimensions).transposed(), &mut scratch.products, false);
    }

    /// Finds the points nearest to a query, the first `count` of what is near then.
    fn find(&self, query: &[f32], row: usize, number: usize, scratch: &mut Scratch) {
        let Scratch { norms, products, distances, sorted, near, .. } = scratch;
        let products = &products[row * self.points.len()..];
        distances.clear();
        distances.extend(self.norms.iter().zip(products).map(|(norm, product)| norm - 2.0 * product));
        if self.within {
            distances[number] = f32::INFINITY;
        }
        sorted.clone_from(distances);
        let (_, &mut limit, _) = sorted.select_nth_unstable_by(self.count - 1, f32::total_cmp);
        // As many points are not farther away than this, whatever the rounding errors of products.
        let limit = limit + 2.0 * SLACK * (norms[row] + self.largest_norm);
        near.clear();
        let may_be_near = distances.iter().zip(0..).filter(|&(&distance, _)| distance <= limit);
        near.extend(may_be_near.map(|(_, number)| (0.0, number)));
        with_vectors(Measure { points: self.points, query, near });
        near.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    }
}

/// Points without the mean, and their squared lengths.
fn centre_all(values: &[f32], mean: &[f32], centred: &mut Vec<f32>, norms: &mut Vec<f32>) {
    centred.resize(values.len(), 0.0);
    norms.clear();
    for (point, centred) in values.chunks_exact(mean.len()).zip(centred.chunks_exact_mut(mean.len())) {
        centre(point, mean, centred);
        norms.push(centred.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() as f32);
    }
}

/// Writes the squared distance of each near point.
struct Measure<'a> {
    points: &'a Points<'a>,
    query: &'a [f32],
    near: &'a mut [(f32, u32)],
}

impl WithSimd for Measure<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (squared, number) in self.near {
            *squared = squared_distance(simd, self.query, self.points.point(*number as usize));
        }
    }
}
