//! The random choices behind one picture.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Random numbers of one image, a function of the set's seed and the image's index.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let mut source = ChaCha8Rng::seed_from_u64(seed);
        source.set_stream(index);
        Self(source)
    }

    pub(super) fn source(&mut self) -> &mut ChaCha8Rng {
        &mut self.0
    }

    /// Uniform in [0, 1).
    pub(super) fn unit(&mut self) -> f32 {
        // 24 bits are what an f32 holds.
        (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// Uniform between two values.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Whether something of probability `share` happens.
    pub(super) fn chance(&mut self, share: f32) -> bool {
        self.unit() < share
    }

    /// A whole number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f32) as usize).min(count - 1)
    }

    /// About normal around 0 with standard deviation 1: the sum of four uniform bytes.
    pub(super) fn normal(&mut self) -> f32 {
        let sum: u32 = self.0.next_u32().to_le_bytes().iter().map(|&byte| u32::from(byte)).sum();
        // Mean 4 * 127.5; variance 4 * (256^2 - 1) / 12.
        (sum as f32 - 510.0) / 147.8
    }
}
