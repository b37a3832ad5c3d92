//! Classes that are each other's mirror images, such as arrows to the left and to the right: who shows a network images from
//! both sides cannot have it tell these apart.
//!
//! A sample of the images is looked at. Each is given the class of its nearest neighbour among the others, as it is and
//! mirrored. Two classes mirror each other where that takes images of the one for the other, both ways, much more often when
//! they are mirrored than when they are not.

use super::{Sample, squared_distance, write_mirrored};
use crate::subset::Subset;

/// How much larger the share of images that are taken for the other class must be when they are mirrored: an exact mirror
/// image of a class that is easily told has 1, what looks the same from both sides 0.
const LARGER_SHARE: f64 = 0.4;

/// Pairs of classes, the smaller number first, that mirror each other among these images.
pub fn mirrored_classes(images: &Subset) -> Vec<(u8, u8)> {
    let sample = Sample::of(images);
    let classes = sample.classes;
    // [as it is, mirrored][class of the image][class of its nearest neighbour]
    let mut taken = [vec![vec![0.0; classes]; classes], vec![vec![0.0; classes]; classes]];
    let mut sizes = vec![0.0; classes];
    let mut mirror = vec![0; sample.shape.len()];
    for (place, &(image, label)) in sample.images.iter().enumerate() {
        write_mirrored(image, sample.shape, &mut mirror);
        sizes[usize::from(label)] += 1.0;
        for (taken, image) in taken.iter_mut().zip([image, &mirror]) {
            if let Some(&(_, nearest)) = sample.others(place).min_by_key(|(other, _)| squared_distance(image, other)) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::Images;
    use crate::shape::ImageShape;

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
}
