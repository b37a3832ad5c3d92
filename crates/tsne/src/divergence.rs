//! The Kullback-Leibler divergence of a map: Σ p ln (p / q) in nats, over ordered pairs of points.
//!
//! With q = 1 / (1 + |y_i - y_j|²) / Z it is Σ p ln p + Σ p ln (1 + |y_i - y_j|²) + ln Z: a constant, a sum over the pairs
//! that have a p, and the sum over all pairs that the repulsion computes anyway.

use std::ops::Range;

use rayon::prelude::*;

use crate::affinities::Affinities;
use crate::coordinates::check_map;
use crate::error::Error;
use crate::gradient::{Attraction, Method, Repulsion};

/// Points of one task.
const POINTS_PER_TASK: usize = 256;
/// With more points, Z comes from Fourier transforms: all pairs would take minutes.
const MAX_EXACT_POINTS: usize = 300_000;

/// Σ p ln (p / q), q(i, j) = (1 + |y_i - y_j|²)⁻¹ / Z, in nats.
///
/// Z is the sum over all pairs; with more than 300,000 points it is that of Fourier transforms, to a few digits.
///
/// # Errors
/// When the map has other points than the affinities, or coordinates that are no numbers.
pub fn divergence(affinities: &Affinities, map: &[[f32; 2]]) -> Result<f64, Error> {
    check_map(map, affinities.len())?;
    let method = if map.len() > MAX_EXACT_POINTS { Method::Fourier } else { Method::Exact };
    let z = Repulsion::new(method).compute(map, &mut vec![[0.0; 2]; map.len()]);
    let divergence = with_normalisation(affinities, map, constant(affinities), z);
    // Rounding may leave less than nothing.
    Ok(if divergence < 0.0 { 0.0 } else { divergence })
}

/// Σ p ln p
pub(crate) fn constant(affinities: &Affinities) -> f64 {
    sum(affinities.len(), |points| {
        let terms = points.flat_map(|point| affinities.row(point).1).map(|&p| f64::from(p));
        terms.map(|p| if p > 0.0 { p * p.ln() } else { 0.0 }).sum()
    })
}

/// The divergence where Z is known, and so is what does not depend on the map.
pub(crate) fn with_normalisation(affinities: &Affinities, map: &[[f32; 2]], constant: f64, z: f64) -> f64 {
    let attraction = Attraction::new(affinities, map);
    constant + sum(map.len(), |points| attraction.log_distances(points)) + z.ln()
}

/// The sum of `term` over blocks of points, always in the same order.
fn sum(points: usize, term: impl Fn(Range<usize>) -> f64 + Sync) -> f64 {
    let blocks: Vec<f64> = (0..points.div_ceil(POINTS_PER_TASK))
        .into_par_iter()
        .map(|block| term(block * POINTS_PER_TASK..points.min((block + 1) * POINTS_PER_TASK)))
        .collect();
    blocks.iter().sum()
}
