//! What the images of a set have in common, which pictures from elsewhere may lack: their background, and how large objects are
//! and where they lie.

mod border;
mod object;

pub use self::border::Border;
pub use self::object::Object;

use serde::{Deserialize, Serialize};

use self::border::{has_opposite, median};
use crate::subset::Subset;

/// More images would not change what is found.
const MOST_IMAGES: usize = 5000;
/// So many of the images must lie on the background for it to be that of the set,
const SHARE_OF_IMAGES: f32 = 0.8;
/// each with so much of its border.
const SHARE_OF_BORDER: f32 = 0.5;

/// A set with more images whose border is the opposite of the usual has both kinds.
const OPPOSITE_IMAGES: f32 = 0.01;

/// What the images of a set look like as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appearance {
    /// The colour that borders have, `[channels]`: the median of their medians.
    pub background: Vec<u8>,
    /// The share of the images whose border has mostly that colour.
    pub plain: f32,
    /// The share of the images whose border shows the opposite of that colour: where there are such, one more is nothing strange.
    pub opposite: f32,
    /// The longer side of objects, as a share of the image's.
    pub extent: Extent,
    /// The middle of objects, a row and a column, as shares of height and width.
    pub centre: [f32; 2],
}

/// How long objects are, as a share of the image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// One object of twenty is shorter.
    pub short: f32,
    /// The median.
    pub usual: f32,
    /// One object of twenty is longer.
    pub long: f32,
}

impl Appearance {
    /// Of training images. `None` where there are none, or they show nothing at all.
    pub fn of(train: &Subset) -> Option<Self> {
        let shape = train.images.shape();
        if shape.is_empty() {
            return None;
        }
        let every = train.indices.len().div_ceil(MOST_IMAGES).max(1);
        let images = || train.indices.iter().step_by(every).map(|&index| train.images.image(index as usize));
        let borders: Vec<Border> = images().map(|image| Border::of(image, shape)).collect();
        let background: Vec<u8> = (0..shape.channels)
            .map(|channel| median(borders.iter().map(|border| border.colour[channel]).collect()))
            .collect();
        let plain = borders.iter().filter(|border| border.share_near(&background) >= SHARE_OF_BORDER).count();

        let opposite = borders.iter().filter(|border| border.is_opposite(&background)).count();

        let objects = images().zip(&borders).filter_map(|(image, border)| Object::find(image, shape, border));
        let (mut extents, mut rows, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for object in objects {
            let (height, width) = (shape.height as f32, shape.width as f32);
            let (tall, wide) = ((object.bottom - object.top) as f32, (object.right - object.left) as f32);
            extents.push((tall / height).max(wide / width));
            rows.push((object.top + object.bottom) as f32 / 2.0 / height);
            columns.push((object.left + object.right) as f32 / 2.0 / width);
        }
        if extents.is_empty() {
            return None;
        }
        for values in [&mut extents, &mut rows, &mut columns] {
            values.sort_by(f32::total_cmp);
        }
        let at = |sorted: &[f32], share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        Some(Self {
            opposite: opposite as f32 / borders.len() as f32,
            background,
            plain: plain as f32 / borders.len() as f32,
            extent: Extent { short: at(&extents, 0.05), usual: at(&extents, 0.5), long: at(&extents, 0.95) },
            centre: [at(&rows, 0.5), at(&columns, 0.5)],
        })
    }

    /// Whether a picture of the opposite background is the wrong way round: no such images are in the set.
    pub fn has_one_way_round(&self) -> bool {
        has_opposite(&self.background) && self.opposite <= OPPOSITE_IMAGES
    }

    /// Whether the images lie on a background of one colour. Where they do not, nothing follows for other pictures.
    pub fn is_plain(&self) -> bool {
        self.plain >= SHARE_OF_IMAGES
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::Images;
    use crate::shape::ImageShape;

    const SHAPE: ImageShape = ImageShape { height: 20, width: 10, channels: 1 };

    fn appearance(images: &[Vec<u8>]) -> Option<Appearance> {
        let images = Arc::new(Images::new(SHAPE, images.concat(), vec![0; images.len()], 1).unwrap());
        let all: Vec<u32> = (0..images.len() as u32).collect();
        Appearance::of(&Subset::new(&images, all))
    }

    /// A bright rectangle on `background`.
    fn rectangle(background: u8, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Vec<u8> {
        let is_inside = |at: usize| rows.contains(&(at / 10)) && columns.contains(&(at % 10));
        (0..SHAPE.len()).map(|at| if is_inside(at) { 200 } else { background }).collect()
    }

    #[test]
    fn background_length_and_middle_are_those_of_most_images() {
        let mut images = vec![rectangle(3, 4..14, 2..8); 9];
        images.push(rectangle(90, 0..20, 4..6));
        let found = appearance(&images).unwrap();
        assert!(found.is_plain() && found.background == [3] && found.plain == 0.9, "{found:?}");
        assert_eq!((found.extent.usual, found.extent.long, found.centre), (0.6, 1.0, [0.45, 0.5]));
    }

    #[test]
    fn images_without_a_background_are_told() {
        let noisy = |seed: usize| (0..SHAPE.len()).map(|at| ((at + seed) * 7919 % 251) as u8).collect();
        let found = appearance(&(0..10).map(noisy).collect::<Vec<_>>());
        assert!(found.is_none_or(|found| !found.is_plain()));
        let backgrounds = [0, 60, 120, 180, 240].map(|background| rectangle(background, 5..15, 3..7));
        assert!(!appearance(&backgrounds).unwrap().is_plain());
        assert!(appearance(&[]).is_none() && appearance(&[vec![7; SHAPE.len()]]).is_none());
    }

    #[test]
    fn specks_and_noise_are_no_object() {
        let mut image: Vec<u8> = (0..SHAPE.len()).map(|at| (at * 7919 % 17) as u8).collect();
        image[23] = 255;
        let find = |image: &[u8]| Object::find(image, SHAPE, &Border::of(image, SHAPE));
        assert_eq!(find(&image), None);
        let mut image = rectangle(8, 5..15, 3..7);
        image.splice(20..22, [0, 17]);
        let object = find(&image).unwrap();
        assert_eq!((object.top, object.bottom, object.left, object.right), (5, 15, 3, 7));
        assert_eq!((object.brighter, object.edge_covers()), (192.0, [1.0; 4]));
    }
}
