//! All images of a set of points on one picture, side by side without gaps, for programs that cut it up again.

use modiste_data::ImageShape;

use crate::picture::{PAPER, Picture};
use crate::thumbnail;

/// Columns and rows of the picture of so many images.
pub fn size(shape: ImageShape, count: usize) -> (usize, usize) {
    let columns = columns(count);
    (columns * shape.width, count.div_ceil(columns) * shape.height)
}

/// Draws images row by row, as many in a row as there are rows, or one more.
pub fn draw(shape: ImageShape, images: &[&[u8]]) -> Picture {
    let (width, height) = size(shape, images.len());
    let columns = columns(images.len());
    let mut picture = Picture::new(width, height, PAPER);
    for (place, image) in images.iter().enumerate() {
        let corner = (place % columns * shape.width, place / columns * shape.height);
        picture.paste(corner, shape.width, thumbnail::scaled(shape, image, (shape.width, shape.height)));
    }
    picture
}

fn columns(count: usize) -> usize {
    (1..).find(|side| side * side >= count).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_is_in_its_place() {
        let shape = ImageShape { height: 2, width: 3, channels: 1 };
        let images: Vec<[u8; 6]> = (0..7).map(|image| [image; 6]).collect();
        let images: Vec<&[u8]> = images.iter().map(|image| &image[..]).collect();
        let picture = draw(shape, &images);
        assert_eq!((picture.width(), picture.height()), (9, 6));
        for place in 0..7 {
            assert_eq!(picture.get(place % 3 * 3 + 2, place / 3 * 2 + 1), Some([place as u8; 3]));
        }
        assert_eq!(size(shape, 0), (3, 0));
    }
}
