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

/// Holds out `share` (0 to 1) of each class for validation, rounded per class to the nearest whole image; but one image of
/// each class is always learned from.
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
        let count = count.min(class.len().saturating_sub(1));
        for &index in &class[..count] {
            held_out[index as usize] = true;
        }
    }
    let (validation, train) = (0..labels.len() as u32).partition(|&index| held_out[index as usize]);
    SplitIndices { train, validation }
}

/// `count` of the images with these labels, ascending: as large a part of each class as of all, and at least one image of each
/// as long as `count` is enough for that. All of them where there are no more. A function of its arguments alone.
pub fn stratified_sample(labels: &[u8], count: usize, seed: u64) -> Vec<u32> {
    let mut random = random_numbers(seed, RandomStream::Limit, 0);
    let mut order: Vec<u32> = (0..labels.len() as u32).collect();
    order.shuffle(&mut random);
    let mut sizes = [0; 256];
    labels.iter().for_each(|&label| sizes[usize::from(label)] += 1);
    // The first of each class come first. The others come when their class is due one (Webster's method): in the order of
    // (i + 1/2) / n for image i of n. Equals come as they were shuffled.
    let mut taken = [0; 256];
    let mut due: Vec<(f64, u32)> = Vec::with_capacity(order.len());
    for index in order {
        let label = usize::from(labels[index as usize]);
        due.push((if taken[label] == 0 { 0.0 } else { (taken[label] as f64 + 0.5) / f64::from(sizes[label]) }, index));
        taken[label] += 1;
    }
    due.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let mut chosen: Vec<u32> = due.into_iter().take(count).map(|(_, index)| index).collect();
    chosen.sort_unstable();
    chosen
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
    fn a_stratified_sample_has_its_part_of_each_class_and_one_at_least() {
        // Sorted: 600 of class 0, 300 of class 3, 99 of class 7, 1 of class 255.
        let labels: Vec<u8> =
            [(0, 600), (3, 300), (7, 99), (255, 1)].iter().flat_map(|&(label, count)| vec![label; count]).collect();
        let drawn = |count, seed| {
            let sample = stratified_sample(&labels, count, seed);
            assert!(sample.is_sorted_by(|one, other| one < other));
            let of = |class: u8| sample.iter().filter(|&&index| labels[index as usize] == class).count();
            [0, 3, 7, 255].map(of)
        };
        assert_eq!(drawn(100, 1), [59, 30, 10, 1]);
        assert_eq!(drawn(4, 1), [1, 1, 1, 1]);
        assert_eq!(drawn(3, 1).iter().sum::<usize>(), 3);
        assert_eq!(drawn(0, 1), [0; 4]);
        assert_eq!(drawn(usize::MAX, 1), [600, 300, 99, 1]);
        assert_eq!(stratified_sample(&labels, 50, 1), stratified_sample(&labels, 50, 1));
        assert_ne!(stratified_sample(&labels, 50, 1), stratified_sample(&labels, 50, 2));
        assert!(stratified_sample(&[], 5, 1).is_empty());
    }

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
