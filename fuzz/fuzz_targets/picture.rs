//! A picture, and the image that becomes of it as its first three bytes say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modiste_data::{Background, Fit, Preparation};
use modiste_sources::prepare_picture;

fuzz_target!(|bytes: &[u8]| {
    let [height, width, how, picture @ ..] = bytes else { return };
    let preparation = Preparation {
        height: usize::from(height % 65).max(1),
        width: usize::from(width % 65).max(1),
        channels: if how & 1 == 0 { 1 } else { 3 },
        fit: [Fit::Pad, Fit::Crop, Fit::Stretch][usize::from(how >> 1) % 3],
        background: if how & 128 == 0 { Background::White } else { Background::Black },
    };
    if let Ok(image) = prepare_picture(picture, &preparation) {
        assert_eq!(image.len(), preparation.height * preparation.width * preparation.channels);
    }
});
