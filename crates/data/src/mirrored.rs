//! Classes that are each other's mirror images, such as arrows to the left and to the right: who shows a network images from
//! both sides cannot have it tell these apart.
//!
//! A sample of the images is looked at. Each is given the class of its nearest neighbour among the others, as it is and
//! mirrored. Two classes mirror each other where that takes images of the one for the other, both ways, much more often when
//! they are mirrored than when they are not.

use crate::sampling::stratified_sample;
use crate::shape::ImageShape;
use crate::subset::Subset;

/// Differences of pixels that are computed at most, for each of both looks: a quarter of a second.
const MOST_DIFFERENCES: usize = 500_000_000;
/// More images would not change what is found.
const MOST_IMAGES: usize = 1000;
/// How much larger the share of images that are taken for the other class must be when they are mirrored: an exact mirror
/// image of a class that is easily told has 1, what looks the same from both sides 0.
const LARGER_SHARE: f64 = 0.4;

/// Pairs of classes, the smaller number first, that mirror each other among these images.
pub fn mirrored_classes(images: &Subset) -> Vec<(u8, u8)> {
    let shape = images.images.shape();
    let count = ((MOST_DIFFERENCES / shape.len().max(1)) as f64).sqrt() as usize;
    let labels: Vec<u8> = images.indices.iter().map(|&index| images.images.labels()[index as usize]).collect();
    let sample: Vec<(&[u8], u8)> = stratified_sample(&labels, count.min(MOST_IMAGES), 0)
        .into_iter()
        .map(|place| (images.images.image(images.indices[place as usize] as usize), labels[place as usize]))
        .collect();

    let classes = labels.iter().max().map_or(0, |&label| usize::from(label) + 1);
    // [as it is, mirrored][class of the image][class of its nearest neighbour]
    let mut taken = [vec![vec![0.0; classes]; classes], vec![vec![0.0; classes]; classes]];
    let mut sizes = vec![0.0; classes];
    let mut mirror = vec![0; shape.len()];
    for (place, &(image, label)) in sample.iter().enumerate() {
        write_mirrored(image, shape, &mut mirror);
        sizes[usize::from(label)] += 1.0;
        for (taken, image) in taken.iter_mut().zip([image, &mirror]) {
            let others = sample.iter().enumerate().filter(|&(other, _)| other != place).map(|(_, other)| other);
            if let Some(&(_, nearest)) = others.min_by_key(|(other, _)| squared_distance(image, other)) {
                taken[usize::from(label)][usize::from(nearest)] += 1.0;
            }
        }
    }
    let larger = |one: usize, other: usize| (taken[1][one][other] - taken[0][one][other]) / sizes[one];
    let is_mirrored = |one, other| larger(one, other) >= LARGER_SHARE && larger(other, one) >= LARGER_SHARE;
    (0..classes)
        .flat_map(|one| (one + 1..classes).map(move |other| (one, other)))
        .filter(|&(one, other)| sizes[one] > 0.0 && sizes[other] > 0.0 && is_mirrored(one, other))
        .map(|(one, other)| (one as u8, other as u8))
        .collect()
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
    use std::sync::Arc;

    use super::*;
    use crate::dataset::Images;

    const SHAPE: ImageShape = ImageShape { height: 6, width: 8, channels: 2 };

    /// Images whose class says on which side they are bright: 0 left, 1 right, 2 in the middle, 3 nowhere.
    fn sides(count: usize, classes: usize) -> Subset {
        let labels: Vec<u8> = (0..count).map(|image| (image % classes) as u8).collect();
        let pixel = |image: usize, place: usize| {
            let bright = match (image % classes, place / 2 % SHAPE.width) {
                (0, 0..3) | (1, 5..) | (2, 3..5) => 150,
                _ => 20,
            };
            bright + ((image * 31 + place * 17 + image * place) % 40) as u8
        };
        let pixels = (0..count).flat_map(|image| (0..SHAPE.len()).map(move |place| pixel(image, place))).collect();
        let images = Images::new(SHAPE, pixels, labels, 4).unwrap();
        Subset::new(&Arc::new(images), (0..count as u32).collect::<Vec<_>>())
    }

    #[test]
    fn classes_that_mirror_each_other_are_found_and_no_others() {
        assert_eq!(mirrored_classes(&sides(80, 4)), [(0, 1)]);
        assert_eq!(mirrored_classes(&sides(80, 2)), [(0, 1)]);
        assert_eq!(mirrored_classes(&sides(80, 1)), []);
        assert_eq!(mirrored_classes(&sides(1, 1)), []);
        assert_eq!(mirrored_classes(&sides(0, 1)), []);
    }

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
