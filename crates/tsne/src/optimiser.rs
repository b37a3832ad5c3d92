//! Gradient descent with momentum and gains, as t-SNE has it.

use std::ops::ControlFlow;

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
/// and is never below this (Jacobs, 1988; van der Maaten and Hinton, 2008).
const MIN_GAIN: f32 = 0.01;
/// No step and no coordinate is larger: whoever takes steps that are far too long is to get a map that shows it.
const COORDINATE_LIMIT: f32 = 1e5;
/// Learning rates are not below this, as in scikit-learn: small sets need it.
const MIN_LEARNING_RATE: f64 = 50.0;

/// How to go from the first map to the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimiser {
    /// Steps in all, 1,000 as usual.
    pub iterations: usize,
    /// Steps of them in which all p are exaggerated, 250 as usual: clusters form while points can still pass each other.
    pub early_iterations: usize,
    /// By how much, 12 as usual.
    pub early_exaggeration: f64,
    /// And after that: 1, or more for denser clusters.
    pub exaggeration: f64,
    /// Momentum of the early steps, 0.5 as usual.
    pub early_momentum: f64,
    /// Momentum of all others, 0.8 as usual.
    pub momentum: f64,
    /// Size of steps along the gradient, 4 in which counts as in scikit-learn; if not given, n / 4 divided by the exaggeration,
    /// and at least 50 (Belkina and others, 2019).
    pub learning_rate: Option<f64>,
    /// How repulsion is computed.
    pub method: Method,
    /// Enough when the gradient's length is below this, 10⁻⁷ as usual.
    pub least_gradient: f64,
    /// Enough after so many steps without a smaller divergence, 300 as usual.
    pub patience: usize,
    /// Progress is told, and ends are looked for, each time after so many steps, 50 as usual.
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

/// Where a map is on its way.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Steps done.
    pub iteration: usize,
    /// Whether those now are exaggerated.
    pub early: bool,
    /// Of the map before the last step, without exaggeration, with Z as repulsion has it.
    pub divergence: f64,
    /// The length of the gradient there.
    pub gradient: f64,
    /// Coordinates of all points.
    pub map: &'a [[f32; 2]],
}

/// Why there were no more steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All were done.
    Iterations,
    /// The gradient was small enough.
    Gradient,
    /// The divergence had not become smaller for long enough.
    Patience,
    /// Who was told of the progress wanted no more.
    Cancelled,
}

/// A map, and how it ended.
#[derive(Clone, Debug)]
pub struct Optimised {
    /// Coordinates of all points, around zero.
    pub map: Vec<[f32; 2]>,
    /// Steps done.
    pub iterations: usize,
    /// Why no more.
    pub end: End,
}

impl Optimiser {
    /// Moves the points of a first map until it shows the affinities as well as it can.
    ///
    /// The same on any number of threads.
    ///
    /// # Errors
    /// When the map has other points than the affinities or some that are nowhere, or a setting makes no sense.
    pub fn run(
        &self,
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

    /// The constants of an iteration.
    fn rates(&self, early: bool, points: usize) -> Rates {
        let (exaggeration, momentum) =
            if early { (self.early_exaggeration, self.early_momentum) } else { (self.exaggeration, self.momentum) };
        let default = (points as f64 / (4.0 * exaggeration)).max(MIN_LEARNING_RATE);
        let learning_rate = self.learning_rate.unwrap_or(default);
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
