//! Dropout masks from a counter: a value's fate follows from seed, step, layer and position, so nothing is stored,
//! the backward pass sees the mask of the forward pass, and neither threads nor an interruption can change it.

use modiste_data::mix64;

/// The mask of one dropout layer in one training step.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    key: [u32; 2],
    threshold: u32,
    /// What kept values are multiplied by: 1 / (1 - rate).
    pub scale: f32,
}

impl Mask {
    /// Operations of a vector unit for one factor: eleven of the hash, the position, a comparison and a choice.
    pub const OPERATIONS: usize = 14;

    /// Mask of the layer at index `layer` in training step `step`, dropping the share `rate` in [0, 1).
    pub fn new(seed: u64, step: u64, layer: usize, rate: f32) -> Self {
        let key = mix64(mix64(mix64(seed).wrapping_add(step)).wrapping_add(layer as u64));
        Self {
            key: [key as u32, (key >> 32) as u32],
            threshold: (f64::from(rate) * 4_294_967_296.0) as u32,
            scale: 1.0 / (1.0 - rate),
        }
    }

    /// What the value at `position` is multiplied by: zero or [`Mask::scale`].
    ///
    /// The position counts through the batch's output of the layer, `[n, height, width, channels]` or `[n, units]`, and wraps
    /// at 2³², far beyond any batch of small images.
    #[inline(always)]
    pub fn factor(&self, position: u32) -> f32 {
        if hash32(position, self.key) >= self.threshold { self.scale } else { 0.0 }
    }
}

/// A keyed bijection of 32-bit counters: two multiply-xorshift rounds with a key before each. Only operations that
/// every vector unit has, so that a compiler makes sixteen at once.
#[inline(always)]
fn hash32(counter: u32, key: [u32; 2]) -> u32 {
    let mut mixed = counter.wrapping_mul(0x9e37_79b1) ^ key[0];
    mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x85eb_ca6b) ^ key[1];
    mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35);
    mixed ^ (mixed >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: u32 = 200_000;

    fn dropped(mask: &Mask) -> f64 {
        (0..COUNT).filter(|&position| mask.factor(position) == 0.0).count() as f64 / f64::from(COUNT)
    }

    #[test]
    fn the_share_dropped_is_the_rate() {
        for rate in [0.0, 0.1, 0.4, 0.5, 0.9] {
            let share = dropped(&Mask::new(1, 2, 3, rate));
            let sigma = f64::from(rate * (1.0 - rate) / COUNT as f32).sqrt();
            assert!((share - f64::from(rate)).abs() <= 5.0 * sigma, "rate {rate}: {share}");
        }
    }

    #[test]
    fn masks_of_other_seeds_steps_layers_and_neighbours_are_independent() {
        let base = Mask::new(7, 100, 3, 0.5);
        let agreement = |other: &dyn Fn(u32) -> f32| {
            (0..COUNT).filter(|&position| (base.factor(position) == 0.0) == (other(position) == 0.0)).count() as f64
                / f64::from(COUNT)
        };
        for other in [Mask::new(8, 100, 3, 0.5), Mask::new(7, 101, 3, 0.5), Mask::new(7, 100, 4, 0.5)] {
            assert!((agreement(&|position| other.factor(position)) - 0.5).abs() < 0.006);
        }
        for lag in [1, 2, 16, 64, 256, 4096] {
            assert!((agreement(&|position| base.factor(position + lag)) - 0.5).abs() < 0.006, "lag {lag}");
        }
    }

    #[test]
    fn kept_values_keep_the_mean() {
        let mask = Mask::new(1, 1, 1, 0.4);
        let mean = (0..COUNT).map(|position| f64::from(mask.factor(position))).sum::<f64>() / f64::from(COUNT);
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }
}
