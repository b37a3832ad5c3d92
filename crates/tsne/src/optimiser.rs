//! Gradient descent with momentum and gains (Jacobs, 1988; van der Maaten and Hinton, 2008).
//!
//! An iteration computes the gradient g of all coordinates y `[n, 2]`. Each y has an update u and a gain r of its own. With
//! momentum α and learning rate η, u becomes α u - η r g, and y becomes y + u. A gain grows while the gradient keeps its sign
//! and shrinks when it changes. In the early iterations P is exaggerated: multiplied by 12, by default.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::affinities::Affinities;
use crate::coordinates::check_map;
use crate::divergence::{constant, with_normalisation};
use crate::error::Error;
use crate::gradient::{Method, Repulsion, forces};
use crate::simd::vectorised;

/// Coordinates that one task moves: fewer are not worth waking a thread for.
const COORDINATES_PER_TASK: usize = 4096;
/// A coordinate's gain grows by this while its gradient keeps its sign,
const GROWTH: f32 = 0.2;
/// shrinks to this share when it changes,
const DECAY: f32 = 0.8;
/// and is never below this.
const MIN_GAIN: f32 = 0.01;
/// No update and no coordinate is larger: a learning rate that is far too large gives a map that shows it, not infinity.
const COORDINATE_LIMIT: f32 = 1e5;
/// The default learning rate is not below this, as in scikit-learn: small sets need it.
const MIN_LEARNING_RATE: f64 = 50.0;

/// The settings of the descent from the first map to the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimiser {
    /// Iterations in all; default 1,000.
    pub iterations: usize,
    /// How many of them, from the first on, exaggerate all p; default 250. Clusters form while points can still pass each
    /// other.
    pub early_iterations: usize,
    /// The factor of all p in the early iterations; default 12.
    pub early_exaggeration: f64,
    /// The factor in all others; default 1. More makes denser clusters.
    pub exaggeration: f64,
    /// Momentum of the early iterations; default 0.5.
    pub early_momentum: f64,
    /// Momentum of all others; default 0.8.
    pub momentum: f64,
    /// The learning rate, for the gradient with its factor of 4, as in scikit-learn. Default: n / 4 divided by the
    /// exaggeration, and at least 50 (Belkina and others, 2019). In `bench/NOTES.md`, "Maps": "learning rate n / 12 to the
    /// end instead of n".
    pub learning_rate: Option<f64>,
    /// How repulsion is computed; default by the number of points.
    pub method: Method,
    /// The descent ends when the gradient's length is at most this; default 10⁻⁷.
    pub least_gradient: f64,
    /// The descent ends after more iterations than this without a smaller divergence; default 300.
    pub patience: usize,
    /// Iterations from one report to the next, which is also when the descent may end; default 50. With 0 there are none.
    pub report_every: usize,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self {
            iterations: 1000,
            early_iterations: 250,
            early_exaggeration: 12.0,
            exaggeration: 1.0,
            early_momentum: 0.5,
            momentum: 0.8,
            learning_rate: None,
            method: Method::Auto,
            least_gradient: 1e-7,
            patience: 300,
            report_every: 50,
        }
    }
}

/// How far the descent has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Iterations done.
    pub iteration: usize,
    /// Whether this iteration exaggerated.
    pub early: bool,
    /// The divergence of the map before the last iteration, without exaggeration, with Z as repulsion computes it.
    pub divergence: f64,
    /// The length of the gradient there.
    pub gradient: f64,
    /// The coordinates of all points, `[n, 2]`.
    pub map: &'a [[f32; 2]],
}

/// Why the descent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All iterations were done.
    Iterations,
    /// The gradient was small enough.
    Gradient,
    /// The divergence had not become smaller for long enough: see [`Optimiser::patience`].
    Patience,
    /// The report answered [`ControlFlow::Break`], or the descent was stopped.
    Cancelled,
}

/// The last map, and how the descent ended.
#[derive(Clone, Debug)]
pub struct Optimised {
    /// The coordinates of all points, `[n, 2]`, around zero.
    pub map: Vec<[f32; 2]>,
    /// Iterations done.
    pub iterations: usize,
    /// Why there were no more.
    pub end: End,
}

impl Optimiser {
    /// Moves the points of the first map, `[n, 2]`, downhill until one of [`End`]. The same on any number of threads.
    ///
    /// `report` is called every [`Optimiser::report_every`] iterations and may end the descent.
    ///
    /// # Errors
    /// When the map has other points than the affinities or a coordinate that is not finite or beyond a million, or a
    /// setting makes no sense.
    pub fn run(
        &self,
        affinities: &Affinities,
        first: Vec<[f32; 2]>,
        report: impl FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Optimised, Error> {
        self.run_until(&AtomicBool::new(false), affinities, first, report)
    }

    /// The same until `stop` is true, which is looked at before each iteration.
    ///
    /// # Errors
    /// As [`Optimiser::run`].
    pub fn run_until(
        &self,
        stop: &AtomicBool,
        affinities: &Affinities,
        first: Vec<[f32; 2]>,
        mut report: impl FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Optimised, Error> {
        self.check_settings()?;
        check_map(&first, affinities.len())?;
        let constant = constant(affinities);
        let mut descent = Descent::new(affinities, first, self.method);
        let (mut best, mut best_at) = (f64::INFINITY, 0);
        for iteration in 0..self.iterations {
            if stop.load(Ordering::Relaxed) {
                return Ok(Optimised { map: descent.map, iterations: iteration, end: End::Cancelled });
            }
            let early = iteration < self.early_iterations;
            if iteration == self.early_iterations {
                (best, best_at) = (f64::INFINITY, iteration);
                descent.reset_momentum();
            }
            let done = iteration + 1;
            let is_reported = self.report_every > 0 && done % self.report_every == 0;
            let z = descent.compute_forces();
            let divergence = is_reported.then(|| with_normalisation(affinities, &descent.map, constant, z));
            descent.advance(z, &self.rates(early, affinities.len()));
            let Some(divergence) = divergence else { continue };
            let gradient = descent.gradient_length();
            let progress = Progress { iteration: done, early, divergence, gradient, map: &descent.map };
            let end = if report(progress).is_break() {
                Some(End::Cancelled)
            } else if gradient <= self.least_gradient {
                Some(End::Gradient)
            } else if divergence < best {
                (best, best_at) = (divergence, done);
                None
            } else {
                (done - best_at > self.patience).then_some(End::Patience)
            };
            match end {
                // The early iterations say nothing about the others.
                Some(End::Gradient | End::Patience) if early => {}
                Some(end) => return Ok(Optimised { map: descent.map, iterations: done, end }),
                None => {}
            }
        }
        Ok(Optimised { map: descent.map, iterations: self.iterations, end: End::Iterations })
    }

    /// The learning rate for so many points, where all p have this factor.
    pub fn learning_rate_for(&self, points: usize, exaggeration: f64) -> f64 {
        self.learning_rate.unwrap_or((points as f64 / (4.0 * exaggeration)).max(MIN_LEARNING_RATE))
    }

    /// The constants of an iteration.
    fn rates(&self, early: bool, points: usize) -> Rates {
        let (exaggeration, momentum) =
            if early { (self.early_exaggeration, self.early_momentum) } else { (self.exaggeration, self.momentum) };
        let learning_rate = self.learning_rate_for(points, exaggeration);
        Rates { exaggeration: exaggeration as f32, momentum: momentum as f32, learning_rate: learning_rate as f32 }
    }

    fn check_settings(&self) -> Result<(), Error> {
        let positive = |value: f64| value > 0.0 && value <= 1e30;
        let share = |value: f64| (0.0..1.0).contains(&value);
        let settings = [
            (
                "the early exaggeration",
                self.early_exaggeration,
                positive(self.early_exaggeration),
                "a positive number up to 10^30",
            ),
            ("the exaggeration", self.exaggeration, positive(self.exaggeration), "a positive number up to 10^30"),
            ("the early momentum", self.early_momentum, share(self.early_momentum), "a number from 0 to below 1"),
            ("the momentum", self.momentum, share(self.momentum), "a number from 0 to below 1"),
            (
                "the learning rate",
                self.learning_rate.unwrap_or(1.0),
                positive(self.learning_rate.unwrap_or(1.0)),
                "a positive number up to 10^30",
            ),
        ];
        match settings.into_iter().find(|&(_, _, good, _)| !good) {
            Some((name, value, _, wanted)) => Err(Error::Setting { name, value, wanted }),
            None => Ok(()),
        }
    }
}

/// The constants of one iteration.
struct Rates {
    exaggeration: f32,
    momentum: f32,
    learning_rate: f32,
}

/// A map and what the descent keeps from one iteration to the next; all `[n, 2]`.
struct Descent<'a> {
    affinities: &'a Affinities,
    repulsion: Repulsion,
    map: Vec<[f32; 2]>,
    /// Σ p q (y_i - y_j) of each point; after an iteration the gradient.
    attractions: Vec<[f32; 2]>,
    /// Σ q² (y_i - y_j) of each point.
    repulsions: Vec<[f32; 2]>,
    /// What the last iteration added to each coordinate.
    updates: Vec<[f32; 2]>,
    /// Each coordinate's own factor of the learning rate.
    gains: Vec<[f32; 2]>,
}

impl<'a> Descent<'a> {
    fn new(affinities: &'a Affinities, map: Vec<[f32; 2]>, method: Method) -> Self {
        let zeros = vec![[0.0; 2]; map.len()];
        let gains = vec![[1.0; 2]; map.len()];
        let [attractions, repulsions] = [zeros.clone(), zeros.clone()];
        Self { affinities, repulsion: Repulsion::new(method), map, attractions, repulsions, updates: zeros, gains }
    }

    /// Starts anew from where points are: no momentum, all gains 1.
    fn reset_momentum(&mut self) {
        self.updates.fill([0.0; 2]);
        self.gains.fill([1.0; 2]);
    }

    /// Computes attraction and repulsion of all points; returns Z.
    fn compute_forces(&mut self) -> f64 {
        forces(self.affinities, &self.map, &mut self.repulsion, &mut self.attractions, &mut self.repulsions)
    }

    /// Moves all points against the gradient that these forces make.
    fn advance(&mut self, z: f64, rates: &Rates) {
        let Rates { exaggeration, momentum, learning_rate } = *rates;
        let inverse = (1.0 / z) as f32;
        let blocks = blocks(&mut self.map)
            .zip(blocks(&mut self.attractions))
            .zip(blocks(&mut self.repulsions))
            .zip(blocks(&mut self.updates).zip(blocks(&mut self.gains)));
        blocks.for_each(|(((map, attractions), repulsions), (updates, gains))| {
            let forces = attractions.iter_mut().zip(repulsions);
            let moving = updates.iter_mut().zip(gains);
            vectorised!(
                for ((coordinate, (force, repulsion)), (update, gain)) in map.iter_mut().zip(forces).zip(moving) {
                    let gradient = 4.0 * (exaggeration * *force - inverse * *repulsion);
                    // An update against the gradient goes where the last one went.
                    *gain = if *update * gradient < 0.0 { *gain + GROWTH } else { (*gain * DECAY).max(MIN_GAIN) };
                    *update = (momentum * *update - learning_rate * *gain * gradient)
                        .clamp(-COORDINATE_LIMIT, COORDINATE_LIMIT);
                    *coordinate = (*coordinate + *update).clamp(-COORDINATE_LIMIT, COORDINATE_LIMIT);
                    *force = gradient;
                }
            );
        });
        centre(&mut self.map);
    }

    /// The length of the gradient that the last iteration went against.
    fn gradient_length(&self) -> f64 {
        self.attractions.as_flattened().iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
    }
}

/// Coordinates by tasks.
fn blocks(points: &mut [[f32; 2]]) -> impl IndexedParallelIterator<Item = &mut [f32]> {
    points.as_flattened_mut().par_chunks_mut(COORDINATES_PER_TASK)
}

/// Moves all points so that their mean is zero.
fn centre(map: &mut [[f32; 2]]) {
    const LANES: usize = 8;
    let mean = vectorised!({
        // Sums that are kept apart, so that the compiler makes vectors of them.
        let mut sums = [[0.0f32; 2]; LANES];
        let (points, rest) = map.as_chunks::<LANES>();
        for points in points {
            for (sum, point) in sums.iter_mut().zip(points) {
                *sum = [sum[0] + point[0], sum[1] + point[1]];
            }
        }
        for (sum, point) in sums.iter_mut().zip(rest) {
            *sum = [sum[0] + point[0], sum[1] + point[1]];
        }
        let share = 1.0 / map.len() as f32;
        sums.iter().fold([0.0; 2], |mean, sum| [mean[0] + share * sum[0], mean[1] + share * sum[1]])
    });
    vectorised!(map.iter_mut().for_each(|point| *point = [point[0] - mean[0], point[1] - mean[1]]));
}
