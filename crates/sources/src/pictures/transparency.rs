//! What to lay behind transparent pixels, so that the drawing is seen.

use std::borrow::Cow;

use modiste_data::Background;

use super::picture::Picture;

/// Colours that differ by no more than this are one.
const ONE_COLOUR: u8 = 8;

/// A picture and what to lay behind it: what is usual, unless the drawing shows less than half as well on that. A drawing that lies
/// in alpha alone, and of which only `grey` is wanted, becomes black on white or white on black.
pub(super) fn shown(picture: &Picture, usual: Background, grey: bool) -> (Cow<'_, Picture>, Background) {
    if !picture.has_alpha {
        return (Cow::Borrowed(picture), usual);
    }
    let colours = picture.channels() - 1;
    let (mut on_black, mut on_white) = (0_u64, 0_u64);
    let (mut least, mut most) = ([u8::MAX; 3], [0; 3]);
    for pixel in picture.each_pixel().filter(|pixel| pixel[colours] > 0) {
        let alpha = u64::from(pixel[colours]);
        for (channel, &value) in pixel[..colours].iter().enumerate() {
            on_black += alpha * u64::from(value);
            on_white += alpha * u64::from(u8::MAX - value);
            least[channel] = least[channel].min(value);
            most[channel] = most[channel].max(value);
        }
    }
    let background = match usual {
        Background::Black if 2 * on_black < on_white => Background::White,
        Background::White if 2 * on_white < on_black => Background::Black,
        usual => usual,
    };
    let is_one_colour = least.iter().zip(&most).all(|(&least, &most)| most.saturating_sub(least) <= ONE_COLOUR);
    if !(grey && is_one_colour) {
        return (Cow::Borrowed(picture), background);
    }
    let value = match background {
        Background::Black => u8::MAX,
        Background::White => 0,
    };
    let pixels = picture.each_pixel().flat_map(|pixel| [value, pixel[colours]]).collect();
    (Cow::Owned(Picture { is_grey: true, pixels, ..*picture }), background)
}
