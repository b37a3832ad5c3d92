//! What was done to the pictures of a set, so that it can be done to a picture of later.

use serde::{Deserialize, Serialize};

use super::decode::{Picture, decode};
use super::fit::{Target, fit};
use crate::options::{Background, Fit};

/// How a picture becomes an image that a network reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Values per pixel: 1 is grey, 3 is colour.
    pub channels: usize,
    /// What is done about other proportions.
    pub fit: Fit,
    /// What lies behind transparent pixels.
    pub background: Background,
}

impl Preparation {
    /// Makes an image, `[height, width, channels]`, of the bytes of a PNG, JPEG, WebP, BMP, GIF, TIFF or PNM file.
    ///
    /// # Errors
    /// What is wrong with the picture, or with the preparation itself, as part of a sentence.
    pub fn apply(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        if !matches!(self.channels, 1 | 3) {
            return Err(format!("it should get {} channels, where 1 (grey) or 3 (colour) can be had", self.channels));
        }
        decode(bytes).map(|picture| self.image(&picture))
    }

    /// The same of a picture that is decoded. `channels` has to be 1 or 3.
    pub(super) fn image(&self, picture: &Picture) -> Vec<u8> {
        let Self { height, width, channels, fit: way, background } = *self;
        fit(picture, Target { height, width, channels, fit: way, background })
    }
}
