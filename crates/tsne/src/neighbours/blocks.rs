//! Points sorted into blocks of near ones, and the features of each point that bound distances from below.
//!
//! The features of a point are its first principal components and the length of what they leave out. The distance of two
//! points' features is never larger than that of the points: what is left out of both is at least as far apart as their
//! lengths differ.

use std::ops::Range;

use rayon::prelude::*;

use crate::components::{self, Components};
use crate::points::Points;

/// Points of a block at most, and at least half of it.
pub(super) const BLOCK: usize = 256;
/// Principal components that are features. More make bounds tighter, but cost for every pair of points.
const COMPONENTS: usize = 80;
/// Up to this many dimensions, the values themselves are the features.
const MAX_WHOLE_DIMENSIONS: usize = 64;
/// Points that the components are found from.
const SAMPLE: usize = 4096;

/// How a point's features follow from its values.
pub(super) struct Features {
    components: Option<Components>,
    mean: Vec<f32>,
}

impl Features {
    /// Fitting these points.
    pub(super) fn new(points: &Points<'_>) -> Self {
        let is_worth = points.dimensions() > MAX_WHOLE_DIMENSIONS;
        let count = if is_worth { COMPONENTS } else { 0 };
        let components = Components::rough(points, points.len().div_ceil(SAMPLE), count);
        Self { mean: components.mean().to_vec(), components: is_worth.then_some(components) }
    }

    /// The number of features of a point.
    fn width(&self) -> usize {
        self.components.as_ref().map_or(self.mean.len(), |components| components.count() + 1)
    }

    /// Whether they hold all that is known of a point.
    pub(super) fn are_complete(&self) -> bool {
        self.components.is_none()
    }

    /// A point without the mean.
    pub(super) fn centre(&self, point: &[f32], centred: &mut [f32]) {
        components::centre(point, &self.mean, centred);
    }

    /// The features, `[n, width]`, and the squared lengths of the centred points, `[n]`.
    fn of(&self, points: &Points<'_>) -> (Vec<f32>, Vec<f32>) {
        let (width, dimensions) = (self.width(), points.dimensions());
        let mut features = vec![0.0; points.len() * width];
        let mut norms = vec![0.0; points.len()];
        let projected = self.components.as_ref().map(|components| components.project(points));
        let rows = features.par_chunks_mut(width).zip(&mut norms).enumerate();
        rows.for_each_init(
            || vec![0.0; dimensions],
            |centred, (index, (features, norm))| {
                self.centre(points.point(index), centred);
                *norm = centred.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() as f32;
                let Some(projected) = &projected else { return features.copy_from_slice(centred) };
                let (seen, rest) = features.split_at_mut(width - 1);
                seen.copy_from_slice(&projected[index * (width - 1)..][..width - 1]);
                let squared: f64 = seen.iter().map(|&value| f64::from(value).powi(2)).sum();
                rest[0] = (f64::from(*norm) - squared).max(0.0).sqrt() as f32;
            },
        );
        (features, norms)
    }
}

/// Points in blocks.
pub(super) struct Blocks {
    /// The points' numbers, block after block, `[n]`.
    pub(super) order: Vec<u32>,
    /// In this order, `[n, width]`.
    pub(super) features: Vec<f32>,
    /// Squared lengths of the centred points, in this order, `[n]`.
    pub(super) norms: Vec<f32>,
    /// Features of a point.
    pub(super) width: usize,
    /// Each block's part of the order.
    pub(super) ranges: Vec<Range<usize>>,
    /// Each block's smallest value of each feature, then its largest, `[blocks, 2, width]`.
    boxes: Vec<f32>,
    /// Each block's largest squared length.
    largest_norms: Vec<f32>,
    /// Each block's mean features, `[blocks, width]`.
    centres: Vec<f32>,
}

impl Blocks {
    /// Splits points in halves, always where they vary most, until a block holds few enough.
    pub(super) fn new(points: &Points<'_>, features: &Features) -> Self {
        let width = features.width();
        let (unordered, norms) = features.of(points);
        let mut order: Vec<u32> = (0..points.len() as u32).collect();
        let mut ranges = split(&mut order, 0, &unordered, width);
        ranges.sort_by_key(|range| range.start);
        let mut features = vec![0.0; unordered.len()];
        features.par_chunks_mut(width).zip(&order).for_each(|(features, &index)| {
            features.copy_from_slice(&unordered[index as usize * width..][..width]);
        });
        let norms: Vec<f32> = order.iter().map(|&index| norms[index as usize]).collect();
        let boxes =
            ranges.iter().flat_map(|range| bounds(&features[range.start * width..range.end * width], width)).collect();
        let largest = |range: &Range<usize>| norms[range.clone()].iter().copied().fold(0.0, f32::max);
        let largest_norms = ranges.iter().map(largest).collect();
        let centres =
            ranges.iter().flat_map(|range| centre(&features[range.start * width..range.end * width], width)).collect();
        Self { order, features, norms, width, ranges, boxes, largest_norms, centres }
    }

    /// Features of the points of a block.
    pub(super) fn features(&self, block: usize) -> &[f32] {
        let range = &self.ranges[block];
        &self.features[range.start * self.width..range.end * self.width]
    }

    /// What no squared distance of a point of this block and one of another's is below, rounding errors of `slack` times
    /// the squared lengths allowed.
    pub(super) fn least_distance(&self, block: usize, other: &Blocks, other_block: usize, slack: f32) -> f32 {
        let (low, high) = self.bounds(block);
        let (other_low, other_high) = other.bounds(other_block);
        let mut sum = 0.0;
        for feature in 0..self.width {
            let gap = (low[feature] - other_high[feature]).max(other_low[feature] - high[feature]).max(0.0);
            sum += gap * gap;
        }
        sum - slack * (self.largest_norms[block] + other.largest_norms[other_block])
    }

    /// The squared distance of the centres of this block and one of another's.
    pub(super) fn centre_distance(&self, block: usize, other: &Blocks, other_block: usize) -> f32 {
        let centres = self.centre(block).iter().zip(other.centre(other_block));
        centres.map(|(one, other)| (one - other) * (one - other)).sum()
    }

    fn centre(&self, block: usize) -> &[f32] {
        &self.centres[block * self.width..][..self.width]
    }

    fn bounds(&self, block: usize) -> (&[f32], &[f32]) {
        self.boxes[block * 2 * self.width..][..2 * self.width].split_at(self.width)
    }
}

/// The smallest values of each feature, then the largest.
fn bounds(features: &[f32], width: usize) -> Vec<f32> {
    let mut bounds = vec![f32::INFINITY; width];
    bounds.resize(2 * width, f32::NEG_INFINITY);
    let (low, high) = bounds.split_at_mut(width);
    for row in features.chunks_exact(width) {
        for (feature, &value) in row.iter().enumerate() {
            low[feature] = low[feature].min(value);
            high[feature] = high[feature].max(value);
        }
    }
    bounds
}

/// The mean of each feature.
fn centre(features: &[f32], width: usize) -> Vec<f32> {
    let mut centre = vec![0.0; width];
    for row in features.chunks_exact(width) {
        centre.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let share = width as f32 / features.len() as f32;
    centre.iter_mut().for_each(|sum| *sum *= share);
    centre
}

/// Sorts points into blocks and gives the blocks' ranges, the first one starting at `start`.
fn split(order: &mut [u32], start: usize, features: &[f32], width: usize) -> Vec<Range<usize>> {
    if order.len() <= BLOCK {
        return std::iter::once(start..start + order.len()).collect();
    }
    let feature = widest(order, features, width);
    let value = |index: u32| features[index as usize * width + feature];
    let half = order.len() / 2;
    order.select_nth_unstable_by(half, |&one, &other| value(one).total_cmp(&value(other)).then(one.cmp(&other)));
    let (left, right) = order.split_at_mut(half);
    let (mut ranges, right) =
        rayon::join(|| split(left, start, features, width), || split(right, start + half, features, width));
    ranges.extend(right);
    ranges
}

/// The feature in which points vary most.
fn widest(order: &[u32], features: &[f32], width: usize) -> usize {
    let (mut sums, mut squares) = (vec![0.0; width], vec![0.0; width]);
    for &index in order {
        for (feature, &value) in features[index as usize * width..][..width].iter().enumerate() {
            sums[feature] += f64::from(value);
            squares[feature] += f64::from(value) * f64::from(value);
        }
    }
    let variance = |feature: usize| squares[feature] - sums[feature] * sums[feature] / order.len() as f64;
    (0..width).max_by(|&one, &other| variance(one).total_cmp(&variance(other))).unwrap_or(0)
}
