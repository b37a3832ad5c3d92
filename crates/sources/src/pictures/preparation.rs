//! What was done to the pictures of a set, done to a picture of later.

use modiste_data::Preparation;

use super::decode::{declared_size, decode};
use super::fit::{Target, fit};
use super::picture::Picture;

/// Makes an image, `[height, width, channels]`, of the bytes of a PNG, JPEG, WebP, BMP, GIF, TIFF or PNM file.
///
/// # Errors
/// What is wrong with the picture, or with the preparation itself, as part of a sentence.
pub fn prepare_picture(bytes: &[u8], preparation: &Preparation) -> Result<Vec<u8>, String> {
    check_channels(preparation)?;
    decode(bytes).map(|picture| image(&picture, preparation))
}

/// The same of a picture that is decoded. `channels` has to be 1 or 3.
pub(super) fn image(picture: &Picture, preparation: &Preparation) -> Vec<u8> {
    fit(picture, target(preparation))
}

/// Width and height, in pixels, that the bytes of a picture's file declare. Nothing is decoded, so this takes no memory, however
/// large they are.
///
/// # Errors
/// What is wrong with the picture, as part of a sentence.
pub fn picture_size(bytes: &[u8]) -> Result<(u32, u32), String> {
    declared_size(bytes)
}

/// Refuses what pixels cannot be brought to.
pub(super) fn check_channels(preparation: &Preparation) -> Result<(), String> {
    if matches!(preparation.channels, 1 | 3) {
        return Ok(());
    }
    Err(format!("it should get {} channels, where 1 (grey) or 3 (colour) can be had", preparation.channels))
}

/// What images have to be by a preparation.
pub(super) fn target(preparation: &Preparation) -> Target {
    let &Preparation { height, width, channels, fit, background } = preparation;
    Target { height, width, channels, fit, background }
}
