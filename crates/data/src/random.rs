//! Where random numbers come from: a seed, what they are for, and which of those.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers of a run are for. No two streams share one, so that none has an influence on another. The numbers
/// belong to every result ever published: they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RandomStream {
    /// The order of an epoch, by epoch.
    Order = 0,
    /// Which images are held out.
    Split = 1,
    /// First values of a network's parameters, by tensor.
    Parameters = 2,
    /// Which images stand for all.
    Sample = 3,
    /// What is done to images, by epoch and place in it.
    Augmentation = 4,
    /// From which side images are seen first, by image.
    Flip = 5,
    /// What batches are mixed by, by epoch and batch.
    Mixing = 6,
    /// Which training images a run has where it is to have fewer than there are.
    Limit = 7,
}

/// The random numbers of `stream`, number `index` of them (below 2⁵⁶), under `seed`: the same on every machine.
pub fn random_numbers(seed: u64, stream: RandomStream, index: u64) -> ChaCha8Rng {
    debug_assert!(index < 1 << 56, "the stream has the highest byte");
    let mut numbers = ChaCha8Rng::seed_from_u64(seed);
    numbers.set_stream((stream as u64) << 56 | index);
    numbers
}

/// A few random numbers for one small thing out of very many, such as an image: they cost next to nothing to begin, where
/// [`random_numbers`] costs more than all that is done to the image.
#[derive(Clone, Debug)]
pub(crate) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// Those of `stream` for the thing at `place`, under `seed`.
    pub(crate) fn new(seed: u64, stream: RandomStream, place: [u64; 2]) -> Self {
        let state = [stream as u64, place[0], place[1]].iter().fold(mix64(seed), |state, part| mix64(state ^ part));
        Self { state }
    }

    /// Uniform over all numbers: SplitMix64 (Steele, Lea and Flood, 2014).
    pub(crate) fn number(&mut self) -> u64 {
        let number = mix64(self.state);
        self.state = self.state.wrapping_add(GOLDEN);
        number
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        // 53 bits are what an f64 holds.
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform between two values.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Whether something of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number below `count`, which is not 0. Not all are equally likely, by 1 part in 2⁶⁴ / `count`.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(count)) >> 64) as u64
    }

    /// Uniform bytes.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.number().to_le_bytes()[..chunk.len()]);
        }
    }

    /// From the Beta distribution with `parameter`, above 0, as both parameters: Student's t by the polar method (Bailey,
    /// 1994), brought into [0, 1] (Devroye, 1996).
    pub(crate) fn symmetric_beta(&mut self, parameter: f64) -> f64 {
        // In (0, 1], since a power of 0 would be infinite; of other small numbers it may be, and is at an end then.
        let radius = (1.0 - self.unit()).powf(-1.0 / parameter) - 1.0;
        let cosine = (std::f64::consts::TAU * self.unit()).cos();
        0.5 + cosine.signum() * 0.5 / (1.0 + 1.0 / (radius * cosine * cosine)).sqrt()
    }
}

/// By which SplitMix64 counts: 2⁶⁴ divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's number for a state (Steele, Lea and Flood, 2014): a bijection that makes unlike numbers of like ones.
pub fn mix64(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(GOLDEN);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn seed_purpose_and_index_each_make_other_numbers() {
        let first = |seed, stream, index| random_numbers(seed, stream, index).next_u64();
        let all = [
            first(0, RandomStream::Order, 0),
            first(1, RandomStream::Order, 0),
            first(0, RandomStream::Order, 1),
            first(0, RandomStream::Split, 0),
            first(0, RandomStream::Parameters, 0),
            first(0, RandomStream::Parameters, 1),
            first(0, RandomStream::Sample, 0),
        ];
        for (index, number) in all.iter().enumerate() {
            assert!(!all[..index].contains(number), "number {index} is not its own");
        }
        assert_eq!(first(0, RandomStream::Order, 1), all[2]);
        // Results that were published depend on these.
        assert_eq!([all[0], all[3], all[4]], [0xb585_f767_a79a_3b6c, 0x9dbf_4430_b847_541d, 0xd4ae_86ce_9391_bb3c]);
    }

    #[test]
    fn draws_of_every_thing_are_their_own() {
        let first = |seed, stream, place| SplitMix64::new(seed, stream, place).number();
        let all = [
            first(0, RandomStream::Augmentation, [0, 0]),
            first(1, RandomStream::Augmentation, [0, 0]),
            first(0, RandomStream::Mixing, [0, 0]),
            first(0, RandomStream::Augmentation, [0, 1]),
            first(0, RandomStream::Augmentation, [1, 0]),
            first(0, RandomStream::Augmentation, [1, 1]),
            SplitMix64 { state: SplitMix64::new(0, RandomStream::Augmentation, [0, 0]).state.wrapping_add(GOLDEN) }
                .number(),
        ];
        for (index, number) in all.iter().enumerate() {
            assert!(!all[..index].contains(number), "number {index} is not its own");
        }
        let mut random = SplitMix64::new(0, RandomStream::Augmentation, [0, 0]);
        assert_eq!([random.number(), random.number()], [all[0], all[6]]);
        // Results that were published depend on these.
        let flip = first(0, RandomStream::Flip, [0, 0]);
        assert_eq!([all[0], all[2], flip], [0x1903_c7c9_1b37_0fb6, 0xd7d4_a774_0771_8baa, 0x3d2c_1345_371e_e880]);
        // From the authors' own program, for the seed 1234567.
        assert_eq!(SplitMix64 { state: 1_234_567 }.number(), 6_457_827_717_110_365_317);
    }

    #[test]
    fn draws_are_uniform() {
        let mut random = SplitMix64::new(3, RandomStream::Augmentation, [0, 0]);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 500), "{counts:?}");
        let mean = (0..10_000).map(|_| random.between(-1.0, 3.0)).sum::<f64>() / 10_000.0;
        assert!((mean - 1.0).abs() < 0.06, "{mean}");
        let mut bytes = vec![0; 100_003];
        random.fill(&mut bytes);
        let mean = bytes.iter().map(|&byte| f64::from(byte)).sum::<f64>() / bytes.len() as f64;
        assert!((mean - 127.5).abs() < 1.2 && bytes[100_000..] != [0; 3], "{mean}");
    }

    #[test]
    fn the_beta_distribution_has_its_mean_and_variance() {
        for parameter in [0.1, 0.2, 1.0, 8.0] {
            let mut random = SplitMix64::new(5, RandomStream::Mixing, [0, 0]);
            let drawn: Vec<f64> = (0..40_000).map(|_| random.symmetric_beta(parameter)).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let variance = drawn.iter().map(|value| (value - 0.5).powi(2)).sum::<f64>() / drawn.len() as f64;
            let expected = 0.25 / (2.0 * parameter + 1.0);
            assert!((mean - 0.5).abs() < 0.01, "{parameter}: mean {mean}");
            assert!((variance / expected - 1.0).abs() < 0.03, "{parameter}: variance {variance}, not {expected}");
            // With 1 it is uniform, with 0.1 and 0.2 most are near an end, with 8 few.
            let outer = drawn.iter().filter(|&value| !(0.1..0.9).contains(value)).count() as f64 / drawn.len() as f64;
            let known = [(0.1, 0.813), (0.2, 0.673), (1.0, 0.2), (8.0, 0.0)];
            assert!(known.iter().any(|&(of, share)| of == parameter && (outer - share).abs() < 0.02), "{outer}");
        }
        for parameter in [f64::MIN_POSITIVE, 1e-3, 1e3, f64::MAX] {
            let mut random = SplitMix64::new(5, RandomStream::Mixing, [0, 0]);
            assert!((0..1000).all(|_| (0.0..=1.0).contains(&random.symmetric_beta(parameter))), "{parameter}");
        }
    }
}
