//! Images that come as arrays, all of one shape already: brought to another one where that is wanted.

use modiste_data::{Background, ImageShape, Images, Preparation};
use rayon::prelude::*;

use super::picture::Picture;
use super::preparation::image;
use super::prepare::usual_size;
use crate::options::LoadOptions;
use crate::parts::Parts;

/// The images at the size and in the channels that the options ask for, by default their own up to 64 × 64; and how pictures
/// would become images like them.
pub(crate) fn prepare(parts: Parts<Images>, options: &LoadOptions) -> (Parts<Images>, Preparation) {
    let ImageShape { height, width, channels: own } = parts.train.shape();
    let (to_height, to_width) = options.size.unwrap_or_else(|| usual_size(height, width));
    let preparation = Preparation {
        height: to_height,
        width: to_width,
        channels: options.channels.unwrap_or(own),
        fit: options.fit,
        background: options.background.unwrap_or(Background::White),
    };
    let shape = ImageShape { height: to_height, width: to_width, channels: preparation.channels };
    if shape == parts.train.shape() {
        return (parts, preparation);
    }
    let classes = parts.class_names.len();
    let brought = |images: &Images| {
        let pictures = images.pixels().par_chunks_exact(images.shape().len().max(1));
        let pixels: Vec<u8> =
            pictures.flat_map_iter(|pixels| image(&picture(pixels, images.shape()), &preparation)).collect();
        Images::new(shape, pixels, images.labels().to_vec(), classes)
            .expect("labels were below the number of classes, and each image has become one of the shape")
    };
    let parts = Parts {
        train: brought(&parts.train),
        validation: parts.validation.as_ref().map(brought),
        test: parts.test.as_ref().map(brought),
        ..parts
    };
    (parts, preparation)
}

fn picture(pixels: &[u8], shape: ImageShape) -> Picture {
    let ImageShape { height, width, channels } = shape;
    Picture { width, height, is_grey: channels == 1, has_alpha: false, pixels: pixels.to_vec() }
}
