//! Small images, and what moving them means, as plainly as it can be said.

use std::sync::Arc;

use modiste_data::{Augmentation, Fill, ImageShape, Images, Loader, Scaling};

/// Leaves bytes what they are.
pub const RAW: Scaling = Scaling { divide: 1.0, subtract: 0.0, multiply: 1.0 };

pub fn shape(height: usize, width: usize, channels: usize) -> ImageShape {
    ImageShape { height, width, channels }
}

/// A set of images with classes in turn.
pub fn images(shape: ImageShape, pixels: Vec<u8>) -> Arc<Images> {
    let labels = (0..pixels.len() / shape.len()).map(|index| (index % 7) as u8).collect();
    Arc::new(Images::new(shape, pixels, labels, 7).unwrap())
}

/// `count` images of noise, with classes in turn.
pub fn noise(shape: ImageShape, count: usize) -> Arc<Images> {
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let pixels = (0..count * shape.len()).map(|_| byte()).collect();
    let labels = (0..count).map(|index| (index % 7) as u8).collect();
    Arc::new(Images::new(shape, pixels, labels, 7).unwrap())
}

/// The images that `order` lists as an epoch shows them, in bytes.
pub fn augmented(images: &Arc<Images>, augmentation: Augmentation, epoch: u64, order: &[u32]) -> Vec<Vec<u8>> {
    let loader = Loader::new(Arc::clone(images), RAW, 10).augmented(augmentation, 7);
    let mut seen = Vec::new();
    for batch in loader.augmented_batches(order.into(), epoch, 0) {
        let bytes: Vec<u8> = batch.images().iter().map(|&value| value as u8).collect();
        seen.extend(bytes.chunks(images.shape().len()).map(<[u8]>::to_vec));
    }
    seen
}

/// An image mirrored or not, then moved down and right, value by value.
pub fn moved(image: &[u8], shape: ImageShape, mirrored: bool, by: (i64, i64), fill: Fill) -> Vec<u8> {
    let ImageShape { height, width, channels } = shape;
    let seen = |mut position: i64, length: usize| {
        let last = length as i64 - 1;
        while fill == Fill::Reflect && !(0..=last).contains(&position) {
            position = if position < 0 { -position } else { 2 * last - position };
        }
        (0..=last).contains(&position).then_some(position as usize)
    };
    let mut result = Vec::new();
    for (y, x) in (0..height as i64).flat_map(|y| (0..width as i64).map(move |x| (y, x))) {
        for channel in 0..channels {
            result.push(match (seen(y - by.0, height), seen(x - by.1, width)) {
                (Some(y), Some(x)) => {
                    image[(y * width + if mirrored { width - 1 - x } else { x }) * channels + channel]
                }
                _ => 0,
            });
        }
    }
    result
}
