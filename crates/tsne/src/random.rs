//! Random numbers from a seed, by ChaCha with 8 rounds: the same on every machine.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A generator of random numbers from a seed, the same on every machine.
pub(crate) fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A number from the normal distribution (Box and Muller, 1958).
pub(crate) fn normal(random: &mut impl Rng) -> f64 {
    // In (0, 1], so that its logarithm is finite.
    let radius: f64 = 1.0 - random.random::<f64>();
    let angle: f64 = random.random();
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
