//! Classes whose images do not look like images of their class when they are mirrored, as most digits and letters.
//!
//! An image leaves its class when its mirror image is farther from all others of the class than the image itself is from the
//! nearest of them. Shirts do not; a sneaker that shows its left side where all show their right one does.

use super::{Sample, squared_distance, write_mirrored};
use crate::subset::Subset;

/// How much farther, in hundredths of the squared distance: a tenth of the distance. Of the digits of scikit-learn, all ten
/// classes are one-sided by that, of Fashion-MNIST three or four.
const FARTHER: u64 = 121;

/// Classes of which most images leave the class when they are mirrored, in order.
pub fn one_sided_classes(images: &Subset) -> Vec<u8> {
    let sample = Sample::of(images);
    let mut mirror = vec![0; sample.shape.len()];
    let (mut leave, mut compared) = (vec![0_usize; sample.classes], vec![0_usize; sample.classes]);
    for (place, &(image, label)) in sample.images.iter().enumerate() {
        write_mirrored(image, sample.shape, &mut mirror);
        let nearest = |image: &[u8]| {
            let of_class = sample.others(place).filter(|other| other.1 == label);
            of_class.map(|other| squared_distance(image, other.0)).min()
        };
        if let (Some(as_is), Some(mirrored)) = (nearest(image), nearest(&mirror)) {
            compared[usize::from(label)] += 1;
            leave[usize::from(label)] += usize::from(100 * mirrored > FARTHER * as_is);
        }
    }
    (0..sample.classes).filter(|&class| 2 * leave[class] > compared[class]).map(|class| class as u8).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::Images;
    use crate::shape::ImageShape;

    const SHAPE: ImageShape = ImageShape { height: 6, width: 8, channels: 1 };

    /// Images with noise: class 0 is bright at its left side, class 1 in the middle, class 2 at either side.
    fn images(count: usize) -> Subset {
        let labels: Vec<u8> = (0..count).map(|image| (image % 3) as u8).collect();
        let pixel = |image: usize, place: usize| {
            let left = image % 3 == 0 || image % 2 == 0;
            let bright = match (image % 3, place % SHAPE.width) {
                (0 | 2, 0..3) if left => 150,
                (2, 5..) if !left => 150,
                (1, 3..5) => 150,
                _ => 20,
            };
            bright + ((image * 31 + place * 17 + image * place) % 40) as u8
        };
        let pixels = (0..count).flat_map(|image| (0..SHAPE.len()).map(move |place| pixel(image, place))).collect();
        let images = Images::new(SHAPE, pixels, labels, 3).unwrap();
        Subset::new(&Arc::new(images), (0..count as u32).collect::<Vec<_>>())
    }

    #[test]
    fn only_a_class_that_shows_one_side_is_one_sided() {
        assert_eq!(one_sided_classes(&images(60)), [0_u8]);
    }

    #[test]
    fn nothing_is_said_of_a_class_of_one_image() {
        assert!(one_sided_classes(&images(3)).is_empty());
        assert!(one_sided_classes(&images(0)).is_empty());
    }
}
