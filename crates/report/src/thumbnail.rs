//! One image of a data set as pixels to look at.

use modiste_data::ImageShape;

use crate::picture::{Colour, PAPER};

/// Columns and rows of a thumbnail: a whole multiple of a small image, a part of a very large one, so that its longer side
/// is at least `smallest` and at most `largest`.
pub(crate) fn size(shape: ImageShape, smallest: usize, largest: usize) -> (usize, usize) {
    let longest = shape.height.max(shape.width).max(1);
    let (factor, divisor) = if longest > largest { (largest, longest) } else { (smallest.div_ceil(longest), 1) };
    let side = |pixels: usize| (pixels * factor / divisor).max(1);
    (side(shape.width), side(shape.height))
}

/// The colour of one pixel. Images of one channel are grey, of three or more red, green and blue; pixels of two channels
/// show the first.
pub(crate) fn colour(shape: ImageShape, image: &[u8], x: usize, y: usize) -> Colour {
    match image[(y * shape.width + x) * shape.channels..][..shape.channels] {
        [red, green, blue, ..] => [red, green, blue],
        [grey, ..] => [grey; 3],
        [] => PAPER,
    }
}

/// The pixels of an image scaled to columns and rows, each taking the nearest of the image.
pub(crate) fn scaled(
    shape: ImageShape,
    image: &[u8],
    (width, height): (usize, usize),
) -> impl Iterator<Item = Colour> + '_ {
    (0..height * width).map(move |pixel| {
        let (x, y) = (pixel % width, pixel / width);
        colour(shape, image, x * shape.width / width, y * shape.height / height)
    })
}
