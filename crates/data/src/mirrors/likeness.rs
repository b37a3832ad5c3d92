//! Whether images still look like their class when they are mirrored, as shirts do, and most digits and letters do not.
//!
//! Each image is given the class of its nearest neighbour among the others, as it is and mirrored. Where mirroring takes away
//! much of what makes that right, a network that is shown mirrored images learns what is never asked.

use super::{Sample, squared_distance, write_mirrored};
use crate::subset::Subset;

/// The least share of what nearest neighbours know beyond chance that has to be left. Of Fashion-MNIST 0.67 to 0.78 are left,
/// of textures, discs and rings 0.96 and more; of letters 0.5, of digits 0.26, of arrows nothing.
const LEAST_KEPT: f64 = 0.6;

/// How often the nearest neighbour of an image is of its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Share of the images.
    pub as_they_are: f64,
    /// Share of the mirrored images.
    pub mirrored: f64,
    /// Share that a neighbour drawn blindly would be of.
    pub chance: f64,
    /// Images that were looked at.
    pub images: usize,
}

impl Likeness {
    /// Of these images, or a sample of them.
    pub fn of(images: &Subset) -> Self {
        let sample = Sample::of(images);
        let mut mirror = vec![0; sample.shape.len()];
        let (mut as_they_are, mut mirrored) = (0_usize, 0_usize);
        let mut sizes = vec![0.0; sample.classes];
        for (place, &(image, label)) in sample.images.iter().enumerate() {
            write_mirrored(image, sample.shape, &mut mirror);
            let is_right = |image: &[u8]| {
                let nearest = sample.others(place).min_by_key(|(other, _)| squared_distance(image, other));
                nearest.is_some_and(|&(_, nearest)| nearest == label)
            };
            as_they_are += usize::from(is_right(image));
            mirrored += usize::from(is_right(&mirror));
            sizes[usize::from(label)] += 1.0;
        }
        let count = sample.images.len().max(1) as f64;
        Self {
            as_they_are: as_they_are as f64 / count,
            mirrored: mirrored as f64 / count,
            chance: sizes.iter().map(|size| (size / count).powi(2)).sum(),
            images: sample.images.len(),
        }
    }

    /// Whether mirrored images look like their class. Where neighbours know no more than chance, nothing speaks for it.
    pub fn is_kept(&self) -> bool {
        let noise = (self.chance * (1.0 - self.chance) / self.images.max(1) as f64).sqrt();
        let known = self.as_they_are - self.chance;
        known > 2.0 * noise && self.mirrored - self.chance >= LEAST_KEPT * known
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::Images;
    use crate::shape::ImageShape;

    const SHAPE: ImageShape = ImageShape { height: 6, width: 8, channels: 1 };

    /// Images with noise of two classes, bright where `is_bright` says of class, number and column.
    fn images(count: usize, is_bright: impl Fn(usize, usize, usize) -> bool) -> Subset {
        let labels: Vec<u8> = (0..count).map(|image| (image % 2) as u8).collect();
        let pixel = |image: usize, place: usize| {
            let bright = if is_bright(image % 2, image / 2, place % SHAPE.width) { 150 } else { 20 };
            bright + ((image * 31 + place * 17 + image * place) % 40) as u8
        };
        let pixels = (0..count).flat_map(|image| (0..SHAPE.len()).map(move |place| pixel(image, place))).collect();
        let images = Images::new(SHAPE, pixels, labels, 2).unwrap();
        Subset::new(&Arc::new(images), (0..count as u32).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_on_one_side_is_not_kept_and_what_is_in_the_middle_or_on_either_side_is() {
        // Class 0 at the very left and 1 not quite at the right; class 0 in the middle and 1 on either side.
        let left = images(60, |class, _, column| if class == 0 { column < 2 } else { (5..7).contains(&column) });
        let either = images(60, |class, number, column| match (class, number % 2) {
            (0, _) => (3..5).contains(&column),
            (_, 0) => column < 2,
            _ => column >= 6,
        });
        assert!(!Likeness::of(&left).is_kept(), "{:?}", Likeness::of(&left));
        assert!(Likeness::of(&either).is_kept(), "{:?}", Likeness::of(&either));
    }

    #[test]
    fn nothing_speaks_for_it_where_there_is_nothing_to_see() {
        assert!(!Likeness::of(&images(60, |_, _, _| false)).is_kept());
        assert!(!Likeness::of(&images(2, |_, _, _| true)).is_kept());
        assert!(!Likeness::of(&images(0, |_, _, _| true)).is_kept());
    }
}
