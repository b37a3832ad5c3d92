//! Affinities: P, the distribution over pairs of points that a map is to show.
//!
//! Around each point i stands a Gaussian of its own width, so that p(j|i) is proportional to exp(-β d(i, j)²) among its
//! nearest neighbours, with β such that the entropy of p(·|i) is the logarithm of the perplexity. P is their mean,
//! p(i, j) = (p(j|i) + p(i|j)) / 2n (van der Maaten and Hinton, 2008; neighbours only: van der Maaten, 2014).
//!
//! Neighbours and weights are `[n, count]`, row after row; P has a row for each point, with the points that have a p with it
//! in rising order. Weights are written over distances: in `bench/NOTES.md`, "Maps", "affinities in the place of distances".

use rayon::prelude::*;

use crate::error::Error;
use crate::neighbours::{Metric, Neighbours};
use crate::perplexity::Perplexity;
use crate::points::Points;

/// The width of a Gaussian is found when its entropy is that close to the one wanted, in nats.
const ENTROPY_TOLERANCE: f64 = 1e-10;
/// Points whose neighbours are merged by one task.
const POINTS_PER_TASK: usize = 1024;

/// A symmetric distribution over pairs of points, all but a few of them zero, as sparse rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Affinities {
    /// Where each row begins, and the end of the last, `[n + 1]`.
    starts: Vec<usize>,
    /// The other points of each row, rising. All are below n.
    indices: Vec<u32>,
    /// p of each pair; the sum of all is 1.
    values: Vec<f32>,
}

impl Affinities {
    /// Of points whose neighbours these are.
    ///
    /// # Errors
    /// When a perplexity is below 1, or larger than a third of the neighbours, or these are neighbours among other points.
    pub fn new(neighbours: Neighbours, perplexity: &Perplexity) -> Result<Self, Error> {
        if !neighbours.is_within() {
            return Err(Error::OtherPoints);
        }
        // As many points as would just have these neighbours.
        perplexity.neighbours(neighbours.count() + 1)?;
        Ok(Self::within(neighbours, perplexity))
    }

    /// The same where there may be fewer neighbours than the perplexity takes, as of few points that all are neighbours of each
    /// other. All are weighed alike where the perplexity is not below their number.
    ///
    /// # Errors
    /// When a perplexity is below 1, or these are neighbours among other points, or none.
    pub fn of_few(neighbours: Neighbours, perplexity: &Perplexity) -> Result<Self, Error> {
        if !neighbours.is_within() {
            return Err(Error::OtherPoints);
        }
        if neighbours.is_empty() {
            return Err(Error::TooFewPoints { perplexity: 1.0, needed: 2, points: 1, largest: 1.0 });
        }
        perplexity.check()?;
        Ok(Self::within(neighbours, perplexity))
    }

    fn within(neighbours: Neighbours, perplexity: &Perplexity) -> Self {
        let (count, mut indices, mut weights) = neighbours.into_parts();
        weigh(&mut weights, count, perplexity);
        sort_rows(&mut indices, &mut weights, count);
        Self::symmetric(&indices, &weights, count)
    }

    /// Of points themselves: their exact neighbours, as many as the perplexity takes.
    ///
    /// # Errors
    /// As for [`Perplexity::neighbours`] and [`Neighbours::exact`].
    pub fn of_points(points: &Points<'_>, perplexity: &Perplexity, metric: Metric) -> Result<Self, Error> {
        let count = perplexity.neighbours(points.len())?;
        Self::new(Neighbours::exact(points, count, metric)?, perplexity)
    }

    /// The mean of a distribution over neighbours, in rising rows `[n, count]`, and its transpose.
    fn symmetric(neighbours: &[u32], weights: &[f32], count: usize) -> Self {
        let n = weights.len() / count;
        let (incoming_starts, incoming) = transposed(neighbours, weights, count);
        let row = |point: usize| {
            let places = point * count..(point + 1) * count;
            let outgoing = neighbours[places.clone()].iter().copied().zip(weights[places].iter().copied());
            let incoming = incoming[incoming_starts[point]..incoming_starts[point + 1]].iter().copied();
            Merged { one: outgoing.peekable(), other: incoming.peekable() }
        };
        let sizes: Vec<usize> = (0..n).into_par_iter().map(|point| row(point).count()).collect();
        let mut starts = Vec::with_capacity(n + 1);
        starts.push(0);
        starts.extend(sizes.iter().scan(0, |end, size| {
            *end += size;
            Some(*end)
        }));
        let mut indices = vec![0; starts[n]];
        let mut values = vec![0.0; starts[n]];
        let share = 0.5 / n as f32;
        let mut blocks = Vec::new();
        let (mut indices_left, mut values_left) = (indices.as_mut_slice(), values.as_mut_slice());
        for first in (0..n).step_by(POINTS_PER_TASK) {
            let points = first..(first + POINTS_PER_TASK).min(n);
            let size = starts[points.end] - starts[points.start];
            let (indices, values);
            (indices, indices_left) = indices_left.split_at_mut(size);
            (values, values_left) = values_left.split_at_mut(size);
            blocks.push((points, indices, values));
        }
        blocks.into_par_iter().for_each(|(points, indices, values)| {
            let slots = indices.iter_mut().zip(values);
            for ((index, value), (other, weight)) in slots.zip(points.flat_map(row)) {
                (*index, *value) = (other, weight * share);
            }
        });
        Self { starts, indices, values }
    }

    /// The number of points, n.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many pairs, each counted both ways, have a p above zero.
    pub fn pairs(&self) -> usize {
        self.indices.len()
    }

    /// The points that have a p with this one, rising, and that p.
    pub fn row(&self, point: usize) -> (&[u32], &[f32]) {
        let range = self.starts[point]..self.starts[point + 1];
        (&self.indices[range.clone()], &self.values[range])
    }
}

/// Writes p(j|i) over the distances of each point's neighbours, `[n, count]`: the mean over all perplexities.
pub(crate) fn weigh(distances: &mut [f32], count: usize, perplexity: &Perplexity) {
    let share = 1.0 / perplexity.values().len() as f64;
    distances.par_chunks_mut(count).for_each_init(
        || Row { squared_distances: vec![0.0; count], weights: vec![0.0; count], sum: 0.0 },
        |row, values| {
            for (squared, value) in row.squared_distances.iter_mut().zip(values.iter_mut()) {
                *squared = f64::from(*value).powi(2);
                *value = 0.0;
            }
            for perplexity in perplexity.values() {
                row.fit(perplexity.ln());
                for (value, weight) in values.iter_mut().zip(&row.weights) {
                    *value += (share * weight / row.sum) as f32;
                }
            }
        },
    );
}

/// The Gaussian around one point.
struct Row {
    /// Of the neighbours, rising.
    squared_distances: Vec<f64>,
    /// p(j|i) times their sum.
    weights: Vec<f64>,
    sum: f64,
}

impl Row {
    /// Finds β for an entropy, in nats: by bisection, with steps of Newton's method as long as they stay between the
    /// bounds.
    ///
    /// The entropy falls from that of all neighbours to that of the nearest ones alone; where it can be neither reached nor
    /// passed, as with many duplicates, the nearest of all have equal weight.
    fn fit(&mut self, entropy: f64) {
        let nearest = self.squared_distances[0];
        let mean =
            self.squared_distances.iter().map(|squared| squared - nearest).sum::<f64>() / self.weights.len() as f64;
        let (mut low, mut high) = (0.0, f64::INFINITY);
        // Of all neighbours at the mean distance.
        let mut beta = if mean > 0.0 { 1.0 / mean } else { 0.0 };
        for _ in 0..200 {
            let (found, slope) = self.weigh(beta, nearest);
            let excess = found - entropy;
            if excess.abs() < ENTROPY_TOLERANCE || mean == 0.0 {
                return;
            }
            *(if excess > 0.0 { &mut low } else { &mut high }) = beta;
            let newton = beta - excess / slope;
            let within = newton > low && newton < high && newton < 8.0 * beta;
            beta = match high.is_finite() {
                _ if within => newton,
                true => 0.5 * (low + high),
                false => 2.0 * beta,
            };
        }
    }

    /// Weighs the neighbours; returns the entropy and its derivative by β.
    ///
    /// H = ln Σw + β E[d²] and dH/dβ = -β Var[d²], with distances counted from the nearest one's.
    fn weigh(&mut self, beta: f64, nearest: f64) -> (f64, f64) {
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for (weight, squared) in self.weights.iter_mut().zip(&self.squared_distances) {
            let distance = squared - nearest;
            *weight = (-beta * distance).exp();
            sum += *weight;
            first += *weight * distance;
            second += *weight * distance * distance;
        }
        self.sum = sum;
        let mean = first / sum;
        (sum.ln() + beta * mean, -beta * (second / sum - mean * mean))
    }
}

/// Sorts each point's neighbours by number, with their p, `[n, count]`.
fn sort_rows(indices: &mut [u32], weights: &mut [f32], count: usize) {
    let rows = indices.par_chunks_mut(count).zip(weights.par_chunks_mut(count));
    rows.for_each_init(Vec::new, |row, (indices, weights)| {
        row.clear();
        row.extend(indices.iter().copied().zip(weights.iter().copied()));
        row.sort_unstable_by_key(|&(index, _)| index);
        for ((index, weight), &sorted) in indices.iter_mut().zip(weights).zip(&*row) {
            (*index, *weight) = sorted;
        }
    });
}

/// For each point those whose neighbour it is, rising, with their p: where each point's begin, and all of them.
fn transposed(neighbours: &[u32], weights: &[f32], count: usize) -> (Vec<usize>, Vec<(u32, f32)>) {
    let n = weights.len() / count;
    let mut starts = vec![0; n + 1];
    for &index in neighbours {
        starts[index as usize + 1] += 1;
    }
    for point in 0..n {
        starts[point + 1] += starts[point];
    }
    let mut next = starts.clone();
    let mut columns = vec![(0, 0.0); weights.len()];
    for (point, (indices, weights)) in (0..).zip(neighbours.chunks_exact(count).zip(weights.chunks_exact(count))) {
        for (&index, &weight) in indices.iter().zip(weights) {
            columns[next[index as usize]] = (point, weight);
            next[index as usize] += 1;
        }
    }
    (starts, columns)
}

/// Two rising rows as one, in which values of the same number are added.
struct Merged<I: Iterator<Item = (u32, f32)>, J: Iterator<Item = (u32, f32)>> {
    one: std::iter::Peekable<I>,
    other: std::iter::Peekable<J>,
}

impl<I: Iterator<Item = (u32, f32)>, J: Iterator<Item = (u32, f32)>> Iterator for Merged<I, J> {
    type Item = (u32, f32);

    fn next(&mut self) -> Option<(u32, f32)> {
        let one = self.one.peek().map_or(u32::MAX, |&(index, _)| index);
        let other = self.other.peek().map_or(u32::MAX, |&(index, _)| index);
        match one.cmp(&other) {
            std::cmp::Ordering::Less => self.one.next(),
            std::cmp::Ordering::Greater => self.other.next(),
            std::cmp::Ordering::Equal => {
                let (index, value) = self.one.next()?;
                Some((index, value + self.other.next()?.1))
            }
        }
    }
}
