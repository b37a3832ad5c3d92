//! Which images to learn from, which to hold out, in which order, and which to look at: all from a seed.

use rand::seq::SliceRandom;

use crate::random::{RandomStream, random_numbers};

/// Indices of training images, parted. Each index is in exactly one part, and each part is ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitIndices {
    /// What to learn from.
    pub train: Vec<u32>,
    /// What to hold out for every choice.
    pub validation: Vec<u32>,
}

/// Holds out `share` (0 to 1) of each class for validation, rounded per class to the nearest whole image.
///
/// A function of its arguments alone. Labels not below `classes` would stay in `train`.
pub fn stratified_split(labels: &[u8], classes: usize, share: f64, seed: u64) -> SplitIndices {
    let mut members = vec![Vec::new(); classes];
    for (index, &label) in labels.iter().enumerate() {
        if let Some(class) = members.get_mut(usize::from(label)) {
            class.push(index as u32);
        }
    }
    let mut random = random_numbers(seed, RandomStream::Split, 0);
    let mut held_out = vec![false; labels.len()];
    for class in &mut members {
        class.shuffle(&mut random);
        let count = (class.len() as f64 * share.clamp(0.0, 1.0)).round() as usize;
        for &index in &class[..count] {
            held_out[index as usize] = true;
        }
    }
    let (validation, train) = (0..labels.len() as u32).partition(|&index| held_out[index as usize]);
    SplitIndices { train, validation }
}

/// The order of an epoch: `indices` shuffled, as a function of `(seed, epoch)` only.
pub fn shuffled(indices: &[u32], seed: u64, epoch: u64) -> Vec<u32> {
    let mut order = indices.to_vec();
    order.shuffle(&mut random_numbers(seed, RandomStream::Order, epoch));
    order
}

/// `count` of the numbers below `all`, ascending, as a function of the arguments only; all of them where there are no more.
pub fn sample(count: usize, all: usize, seed: u64) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..all).collect();
    let (chosen, _) = numbers.partial_shuffle(&mut random_numbers(seed, RandomStream::Sample, 0), count);
    let mut chosen = chosen.to_vec();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_drawn_without_replacement() {
        let drawn = sample(100, 1000, 3);
        assert!(drawn.len() == 100 && drawn.is_sorted_by(|one, other| one < other) && drawn[99] < 1000);
        assert_ne!(drawn, sample(100, 1000, 4));
        for count in [9, 10, usize::MAX] {
            assert_eq!(sample(count, 9, 3), (0..9).collect::<Vec<_>>());
        }
        assert!(sample(3, 0, 3).is_empty());
        // Maps that were published depend on these.
        assert_eq!(sample(5, 60_000, 0), [9767, 19_548, 33_739, 40_687, 44_728]);
    }
}
