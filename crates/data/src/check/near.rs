//! Test images that are nearly a training image: the same picture saved again, scaled, or a little brighter.
//!
//! Of each image a word of 64 bits says in which of its cells it grows brighter from left to right. Pictures whose words differ
//! in few bits are compared pixel by pixel, as far as brightness and contrast leave them alike.

use std::ops::Range;
use std::thread;

use crate::dataset::Images;

/// Rows, and columns with a neighbour, of the cells that a word compares.
const CELLS: usize = 8;
/// Bits by which the words of nearly equal pictures differ at most.
const FEW_BITS: u32 = 5;
/// What grows by less than this, in levels of 256, is taken for even.
const LEAST_RISE: f32 = 1.5;
/// The correlation of pixels from which on two pictures are taken for one.
const ALIKE: f64 = 0.995;
/// Pairs of words that are compared at most: some seconds.
const MOST_PAIRS: usize = 2_000_000_000;

/// Test images that nearly are a training image and are not exactly one, each with that. `None` where there are too many
/// pairs to compare.
pub(super) fn across(train: &Images, test: &Images) -> Option<Vec<(usize, usize)>> {
    if train.len().saturating_mul(test.len()) > MOST_PAIRS {
        return None;
    }
    let (of_train, of_test) = (words(train), words(test));
    let near = &|index: usize| {
        let word = of_test[index]?;
        let image = test.image(index);
        let mut candidates = of_train.iter().enumerate().filter_map(|(other, known)| {
            known.is_some_and(|known| (known ^ word).count_ones() <= FEW_BITS).then_some(other)
        });
        candidates
            .find(|&other| train.image(other) != image && correlation(train.image(other), image) >= ALIKE)
            .map(|other| (index, other))
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = test.len().div_ceil(workers).max(1);
    let ranges = (0..test.len()).step_by(share).map(|from| from..test.len().min(from + share));
    let found = thread::scope(|scope| {
        let find = |range: Range<usize>| range.filter_map(near).collect::<Vec<_>>();
        let started: Vec<_> = ranges
            .map(|range| (range.clone(), thread::Builder::new().spawn_scoped(scope, move || find(range))))
            .collect();
        let joined = started.into_iter().map(|(range, started)| match started {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // The system gives no thread, so this one does the work.
            Err(_) => find(range),
        });
        joined.flatten().collect()
    });
    Some(found)
}

/// A word for each image; none for those that show nothing that could be compared.
fn words(images: &Images) -> Vec<Option<u64>> {
    (0..images.len()).map(|index| word(images, index)).collect()
}

fn word(images: &Images, index: usize) -> Option<u64> {
    let shape = images.shape();
    let image = images.image(index);
    // [CELLS, CELLS + 1]: the sum and the number of the values in each cell.
    let mut cells = [(0.0_f32, 0.0_f32); CELLS * (CELLS + 1)];
    for (place, &value) in image.iter().enumerate() {
        let (row, column) = (place / (shape.width * shape.channels), place / shape.channels % shape.width);
        let cell = row * CELLS / shape.height * (CELLS + 1) + column * (CELLS + 1) / shape.width;
        cells[cell].0 += f32::from(value);
        cells[cell].1 += 1.0;
    }
    let mean = |cell: usize| cells[cell].0 / cells[cell].1.max(1.0);
    let mut word = 0;
    for row in 0..CELLS {
        for column in 0..CELLS {
            let cell = row * (CELLS + 1) + column;
            word = word << 1 | u64::from(mean(cell + 1) > mean(cell) + LEAST_RISE);
        }
    }
    // So few rises would be alike in pictures that have nothing in common.
    (word.count_ones() >= 4).then_some(word)
}

/// Pearson's, of the values at equal places.
fn correlation(one: &[u8], other: &[u8]) -> f64 {
    let count = one.len() as f64;
    let mean = |values: &[u8]| values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let (mut products, mut squares, mut other_squares) = (0.0, 0.0, 0.0);
    for (&one, &other) in one.iter().zip(other) {
        let (one, other) = (f64::from(one) - mean_one, f64::from(other) - mean_other);
        products += one * other;
        squares += one * one;
        other_squares += other * other;
    }
    if squares * other_squares == 0.0 { 0.0 } else { products / (squares * other_squares).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::ImageShape;

    const SHAPE: ImageShape = ImageShape { height: 16, width: 18, channels: 1 };

    /// A picture of waves whose direction and length follow from a seed.
    fn waves(seed: f32) -> Vec<u8> {
        let value = |place: usize| {
            let (row, column) = ((place / SHAPE.width) as f32, (place % SHAPE.width) as f32);
            (120.0 + 90.0 * ((row * seed.sin() + column * seed.cos()) * (0.4 + seed % 0.5)).sin()) as u8
        };
        (0..SHAPE.len()).map(value).collect()
    }

    fn images(pictures: &[Vec<u8>]) -> Images {
        Images::new(SHAPE, pictures.concat(), vec![0; pictures.len()], 1).unwrap()
    }

    #[test]
    fn a_picture_saved_again_or_made_brighter_is_found_and_others_are_not() {
        let train: Vec<_> = (0..40).map(|index| waves(index as f32 * 1.7)).collect();
        let noisy: Vec<u8> =
            train[7].iter().enumerate().map(|(place, &value)| value.saturating_add((place * 7 % 5) as u8)).collect();
        let brighter: Vec<u8> = train[9].iter().map(|&value| (f32::from(value) * 0.8 + 20.0) as u8).collect();
        let test = [waves(100.3), noisy, train[3].clone(), brighter];
        assert_eq!(across(&images(&train), &images(&test)).unwrap(), [(1, 7), (3, 9)]);
    }

    #[test]
    fn even_pictures_are_like_none() {
        let even = vec![9; SHAPE.len()];
        assert_eq!(across(&images(&[even.clone(), waves(1.0)]), &images(&[even])).unwrap(), []);
    }
}
