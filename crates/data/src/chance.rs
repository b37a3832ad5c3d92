//! Where random numbers come from: a seed, what they are for, and which of those.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers of a run are for. No two purposes share one, so that none has an influence on another. The numbers
/// belong to every result ever published: they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The order of an epoch, by epoch.
    Order = 0,
    /// Which images are held out.
    Split = 1,
    /// First values of a network's parameters, by tensor.
    Parameters = 2,
    /// Which images stand for all.
    Sample = 3,
}

/// The random numbers of `purpose` number `index`, below 2⁵⁶, under `seed`: the same on every machine.
pub fn random_numbers(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    debug_assert!(index < 1 << 56, "the purpose has the highest byte");
    let mut numbers = ChaCha8Rng::seed_from_u64(seed);
    numbers.set_stream((purpose as u64) << 56 | index);
    numbers
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn seed_purpose_and_index_each_make_other_numbers() {
        let first = |seed, purpose, index| random_numbers(seed, purpose, index).next_u64();
        let all = [
            first(0, Purpose::Order, 0),
            first(1, Purpose::Order, 0),
            first(0, Purpose::Order, 1),
            first(0, Purpose::Split, 0),
            first(0, Purpose::Parameters, 0),
            first(0, Purpose::Parameters, 1),
            first(0, Purpose::Sample, 0),
        ];
        for (index, number) in all.iter().enumerate() {
            assert!(!all[..index].contains(number), "number {index} is not its own");
        }
        assert_eq!(first(0, Purpose::Order, 1), all[2]);
        // Results that were published depend on these.
        assert_eq!([all[0], all[3], all[4]], [0xb585_f767_a79a_3b6c, 0x9dbf_4430_b847_541d, 0xd4ae_86ce_9391_bb3c]);
    }
}
