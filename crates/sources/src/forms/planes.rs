//! Images whose channels lie apart, as planes behind one another.

use modiste_data::ImageShape;

/// Turns pixels `[n, channels, height, width]` into `[n, height, width, channels]`.
pub(super) fn interleave(pixels: &mut [u8], shape: ImageShape) {
    if shape.channels == 1 || shape.is_empty() {
        return;
    }
    let mut planes = vec![0; shape.len()];
    let plane = shape.height * shape.width;
    for image in pixels.chunks_exact_mut(shape.len()) {
        planes.copy_from_slice(image);
        for (at, value) in image.iter_mut().enumerate() {
            *value = planes[at % shape.channels * plane + at / shape.channels];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pixel_gets_the_values_of_all_planes() {
        let shape = ImageShape { height: 1, width: 2, channels: 3 };
        let mut pixels = [1, 2, 11, 12, 21, 22, 3, 4, 13, 14, 23, 24];
        interleave(&mut pixels, shape);
        assert_eq!(pixels, [1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24]);
    }
}
