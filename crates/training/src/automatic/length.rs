//! How long the recipe `auto` trains, and on how many images at once.

use modiste_network::Network;

use super::facts::Facts;

/// Steps of the smallest sets. What few images can teach is learned by about so many, whatever their number.
const LEAST_STEPS: f64 = 1000.0;
/// The same from trained weights, which know much of that already.
const LEAST_STEPS_FROM_START: f64 = 300.0;
/// Steps beyond those for the square root of how many images there are.
const STEPS_OF_ROOT: f64 = 5.0;
/// Images of a step, where there are twice as many.
const LEAST_BATCH: usize = 50;
/// Passes over the images that even the largest sets have.
const LEAST_EPOCHS: usize = 6;
/// Multiply-adds of all forward passes together above which training is shortened, down to the least epochs: about two minutes
/// on two cores.
const MOST_MULTIPLY_ADDS: f64 = 4.5e12;

/// How long, and how much at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) epochs: usize,
    pub(super) batch: usize,
}

impl Length {
    /// For these images, mixed or not, and this network.
    pub(super) fn of(facts: &Facts, network: &Network, mixes: bool) -> Self {
        let images = facts.images as f64;
        // Each mixed pair is new: so many images teach more with every step, up to twice as many as the least.
        let more = if mixes { LEAST_STEPS.min(images) } else { STEPS_OF_ROOT * images.sqrt() };
        Self::of_steps(LEAST_STEPS + more, facts, network)
    }

    /// From trained weights.
    pub(super) fn from_start(facts: &Facts, network: &Network) -> Self {
        Self::of_steps(LEAST_STEPS_FROM_START + STEPS_OF_ROOT * (facts.images as f64).sqrt(), facts, network)
    }

    fn of_steps(steps: f64, facts: &Facts, network: &Network) -> Self {
        let images = facts.images.max(1);
        let batch = batch(images);
        let wanted = steps * batch as f64 / images as f64;
        let affordable = MOST_MULTIPLY_ADDS / (images as f64 * network.multiply_adds().max(1) as f64);
        let epochs = (wanted.min(affordable).round() as usize).max(LEAST_EPOCHS);
        Self { epochs, batch }
    }
}

/// Images of a step: half of less than a hundred, 50 up to a thousand, 100 of five thousand, 260 of sixty thousand.
fn batch(images: usize) -> usize {
    let tens = (0.32 * (images as f64).powf(0.4)).round() as usize;
    (10 * tens).max(LEAST_BATCH).min(images.div_ceil(2)).max(2)
}
