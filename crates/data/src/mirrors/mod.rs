//! What becomes of images that are mirrored: whether they still look like images of their class, or like another's.
//!
//! A sample of the images is looked at, each as it is and mirrored, and compared with the others value by value.

mod likeness;
mod pairs;

pub use self::likeness::Likeness;
pub use self::pairs::mirrored_classes;

use crate::sampling::stratified_sample;
use crate::shape::ImageShape;
use crate::subset::Subset;

/// Differences of pixels that are computed at most, for each of both looks: a quarter of a second.
const MOST_DIFFERENCES: usize = 500_000_000;
/// More images would not change what is found.
const MOST_IMAGES: usize = 1000;

/// Some of the images, of each class its part.
struct Sample<'images> {
    shape: ImageShape,
    /// Pixels `[height, width, channels]` and class of each.
    images: Vec<(&'images [u8], u8)>,
    /// One more than the largest class.
    classes: usize,
}

impl<'images> Sample<'images> {
    fn of(images: &'images Subset) -> Self {
        let shape = images.images.shape();
        let count = ((MOST_DIFFERENCES / shape.len().max(1)) as f64).sqrt() as usize;
        let labels: Vec<u8> = images.indices.iter().map(|&index| images.images.labels()[index as usize]).collect();
        let images = stratified_sample(&labels, count.min(MOST_IMAGES), 0)
            .into_iter()
            .map(|place| (images.images.image(images.indices[place as usize] as usize), labels[place as usize]))
            .collect();
        Self { shape, images, classes: labels.iter().max().map_or(0, |&label| usize::from(label) + 1) }
    }

    /// All but the one at this place.
    fn others(&self, place: usize) -> impl Iterator<Item = &(&'images [u8], u8)> {
        self.images.iter().enumerate().filter(move |&(other, _)| other != place).map(|(_, other)| other)
    }
}

/// Writes an image `[height, width, channels]` with left and right changed.
fn write_mirrored(image: &[u8], shape: ImageShape, mirror: &mut [u8]) {
    let row_len = shape.width * shape.channels;
    for (row, mirrored) in image.chunks_exact(row_len).zip(mirror.chunks_exact_mut(row_len)) {
        for (pixel, mirrored) in row.chunks_exact(shape.channels).rev().zip(mirrored.chunks_exact_mut(shape.channels)) {
            mirrored.copy_from_slice(pixel);
        }
    }
}

fn squared_distance(one: &[u8], other: &[u8]) -> u64 {
    // A row of differences fits into 32 bits.
    one.chunks(4096)
        .zip(other.chunks(4096))
        .map(|(one, other)| {
            let squares = one.iter().zip(other).map(|(&one, &other)| {
                let difference = i32::from(one) - i32::from(other);
                (difference * difference) as u32
            });
            u64::from(squares.sum::<u32>())
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_changes_pixels_and_not_their_channels() {
        let shape = ImageShape { height: 2, width: 3, channels: 2 };
        let mut mirror = [0; 12];
        write_mirrored(&[1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60], shape, &mut mirror);
        assert_eq!(mirror, [3, 30, 2, 20, 1, 10, 6, 60, 5, 50, 4, 40]);
    }

    #[test]
    fn long_images_do_not_overflow() {
        assert_eq!(squared_distance(&[0; 270_000], &[255; 270_000]), 270_000 * 255 * 255);
    }
}
