//! First maps, `[n, 2]`: by principal components, at random, or given; all small, with a standard deviation of 10⁻⁴.

use crate::components::Components;
use crate::coordinates::check_map;
use crate::error::Error;
use crate::points::Points;
use crate::random::{generator, normal};

/// The standard deviation of a first map's coordinates, as in scikit-learn and openTSNE: so small that every point can still
/// go anywhere.
const DEVIATION: f64 = 1e-4;
/// Points at one position would stay together for ever, so each is moved at random, by this share of the deviation.
const JITTER: f64 = 0.01;

/// The first two principal components, scaled so that the first has a standard deviation of 10⁻⁴.
///
/// A component that the points do not have is zero. Each coordinate is then moved at random by a hundredth of the deviation;
/// `seed` decides how.
pub fn principal_components(points: &Points<'_>, seed: u64) -> Vec<[f32; 2]> {
    let components = Components::new(points, 2);
    let scores = components.project(points);
    let n = points.len() as f64;
    let variance = scores.iter().step_by(components.count()).map(|&score| f64::from(score).powi(2)).sum::<f64>() / n;
    let scale = if variance > 0.0 { DEVIATION / variance.sqrt() } else { 0.0 };
    let mut random = generator(seed);
    let place = |scores: &[f32]| {
        let coordinate = |score: Option<&f32>| scale * f64::from(score.copied().unwrap_or(0.0));
        [coordinate(scores.first()), coordinate(scores.get(1))]
    };
    let jittered = |place: [f64; 2]| place.map(|value| (value + JITTER * DEVIATION * normal(&mut random)) as f32);
    scores.chunks_exact(components.count()).map(place).map(jittered).collect()
}

/// Normally distributed coordinates of `points` points with a standard deviation of 10⁻⁴.
pub fn random(points: usize, seed: u64) -> Vec<[f32; 2]> {
    let mut random = generator(seed);
    (0..points).map(|_| [0; 2].map(|_| (DEVIATION * normal(&mut random)) as f32)).collect()
}

/// Given coordinates for `points` points, centred and scaled so that the first has a standard deviation of 10⁻⁴.
///
/// # Errors
/// When there are more or fewer coordinates than points, or one is not finite or beyond a million.
pub fn given(coordinates: &[[f32; 2]], points: usize) -> Result<Vec<[f32; 2]>, Error> {
    check_map(coordinates, points)?;
    let n = coordinates.len() as f64;
    let mean = |axis: usize| coordinates.iter().map(|point| f64::from(point[axis])).sum::<f64>() / n;
    let means = [mean(0), mean(1)];
    let variance = coordinates.iter().map(|point| (f64::from(point[0]) - means[0]).powi(2)).sum::<f64>() / n;
    let scale = if variance > 0.0 { DEVIATION / variance.sqrt() } else { 1.0 };
    let scaled = |point: &[f32; 2]| std::array::from_fn(|axis| ((f64::from(point[axis]) - means[axis]) * scale) as f32);
    Ok(coordinates.iter().map(scaled).collect())
}
