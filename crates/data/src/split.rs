//! Which images to learn from, which to hold out, and in which order: all from a seed.

use rand::seq::SliceRandom;

use crate::chance::{Purpose, random_numbers};

/// Indices of training images, parted. Each index is in exactly one part, and each part is ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// What to learn from.
    pub train: Vec<u32>,
    /// What to hold out for every choice.
    pub validation: Vec<u32>,
}

/// Holds out `share` (0 to 1) of each class for validation, rounded per class to the nearest whole image.
///
/// A function of its arguments alone. Labels not below `classes` would stay in `train`.
pub fn stratified_split(labels: &[u8], classes: usize, share: f64, seed: u64) -> Split {
    let mut members = vec![Vec::new(); classes];
    for (index, &label) in labels.iter().enumerate() {
        if let Some(class) = members.get_mut(usize::from(label)) {
            class.push(index as u32);
        }
    }
    let mut random = random_numbers(seed, Purpose::Split, 0);
    let mut held_out = vec![false; labels.len()];
    for class in &mut members {
        class.shuffle(&mut random);
        let count = (class.len() as f64 * share.clamp(0.0, 1.0)).round() as usize;
        for &index in &class[..count] {
            held_out[index as usize] = true;
        }
    }
    let (validation, train) = (0..labels.len() as u32).partition(|&index| held_out[index as usize]);
    Split { train, validation }
}

/// The order of an epoch: `indices` shuffled, as a function of `(seed, epoch)` only.
pub fn shuffled(indices: &[u32], seed: u64, epoch: u64) -> Vec<u32> {
    let mut order = indices.to_vec();
    order.shuffle(&mut random_numbers(seed, Purpose::Order, epoch));
    order
}
