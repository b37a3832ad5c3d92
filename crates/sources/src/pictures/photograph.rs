//! A picture from elsewhere, brought to how the images of a set look: the right way round, in the middle, on their background.

use modiste_data::{Appearance, Preparation};

use super::decode::decode;
use super::fit::{Plane, Target, fit_plane, flatten, resize_window};
use super::picture::Picture;
use super::preparation::{check_channels, target};
use super::prepared::Prepared;
use super::scene::{Found, Frame, Scene, inverted, look};
use super::transparency::shown;

/// Sheets that may lie on one another.
const SHEETS: usize = 1;
/// Differences from the background this far beyond noise are wholly of what is shown; smaller ones are partly so.
const RAMP: f32 = 16.0;

/// Makes an image, `[height, width, channels]`, of the bytes of a picture as [`prepare_picture`](super::preparation::prepare_picture)
/// does. By the appearance of the set it finds out first whether the picture has to be inverted, or cropped to what it shows, and says
/// what it did. Without one it takes the picture as it is.
///
/// # Errors
/// As `prepare_picture`.
pub fn prepare_photograph(
    bytes: &[u8],
    preparation: &Preparation,
    appearance: Option<&Appearance>,
) -> Result<(Vec<u8>, Prepared), String> {
    check_channels(preparation)?;
    Ok(prepare(&decode(bytes)?, preparation, appearance))
}

/// The same of a picture that is decoded. `channels` has to be 1 or 3.
fn prepare(picture: &Picture, preparation: &Preparation, appearance: Option<&Appearance>) -> (Vec<u8>, Prepared) {
    let mut target = target(preparation);
    let mut prepared = Prepared { grey: !picture.is_grey && target.channels == 1, ..Prepared::default() };
    let appearance = appearance.filter(|appearance| appearance.background.len() == target.channels);
    let (picture, behind) = match appearance {
        Some(_) => shown(picture, target.background, target.channels == 1),
        None => (std::borrow::Cow::Borrowed(picture), target.background),
    };
    prepared.behind = picture.has_alpha.then_some(behind);
    target.background = behind;
    let flat = flatten(&picture, target.channels, behind);
    let plane = Plane { pixels: &flat, height: picture.height, width: picture.width, channels: target.channels };
    let image = match appearance.filter(|appearance| appearance.is_plain()) {
        Some(appearance) => adapt(plane, target, appearance, SHEETS, &mut prepared),
        None => fit_plane(plane, target),
    };
    (image, prepared)
}

/// Makes a plane look like the images of the set.
fn adapt(plane: Plane<'_>, target: Target, appearance: &Appearance, sheets: usize, prepared: &mut Prepared) -> Vec<u8> {
    let is_exact = (plane.height, plane.width) == (target.height, target.width);
    let scene = match look(plane, is_exact, appearance) {
        Ok(scene) => scene,
        Err(why) => {
            prepared.not_found = Some(why);
            return fit_plane(plane, target);
        }
    };
    if let Some(image) = on_sheet(plane, &scene, target, appearance, sheets, prepared) {
        return image;
    }
    prepared.inverted = scene.inverted;
    prepared.cropped |= !is_exact && scene.found.as_ref().is_some_and(|found| !found.is_in_place(plane, appearance));
    let mut image = match &scene.found {
        Some(found) if !is_exact && !found.is_in_place(plane, appearance) => {
            let window = found.window(target.height, target.width, appearance);
            resize_window(plane, window, [target.height, target.width], &found.background)
        }
        _ => fit_plane(plane, target),
    };
    if scene.inverted {
        image = inverted(&image);
    }
    if let Some(found) = &scene.found {
        prepared.background = even(&mut image, found, appearance, prepared);
    }
    image
}

/// Where what was found is a sheet on which something is shown: the image of that.
fn on_sheet(
    plane: Plane<'_>,
    scene: &Scene,
    target: Target,
    appearance: &Appearance,
    sheets: usize,
    prepared: &mut Prepared,
) -> Option<Vec<u8>> {
    let found = scene.found.as_ref().filter(|found| found.is_sheet && sheets > 0)?;
    let (pixels, height, width) = cut(plane, found.object)?;
    let sheet = Plane { pixels: &pixels, height, width, channels: plane.channels };
    let on_it = look(sheet, false, appearance).ok()?;
    if on_it.found.as_ref().is_some_and(|found| !found.fills(sheet, appearance)) {
        return None;
    }
    prepared.cropped = true;
    Some(adapt(sheet, target, appearance, sheets - 1, prepared))
}

/// The inside of a frame that lies on whole pixels: pixels, height and width.
fn cut(plane: Plane<'_>, frame: Frame) -> Option<(Vec<u8>, usize, usize)> {
    let side = |start: f64, length: f64, most: usize| (start as usize, ((start + length) as usize).min(most));
    let (top, bottom) = side(frame.top, frame.height, plane.height);
    let (left, right) = side(frame.left, frame.width, plane.width);
    if top >= bottom || left >= right {
        return None;
    }
    let channels = plane.channels;
    let row = |row: usize| &plane.pixels[(row * plane.width + left) * channels..(row * plane.width + right) * channels];
    Some(((top..bottom).flat_map(row).copied().collect(), bottom - top, right - left))
}

/// Gives the background of an image the colour that it has in the set, unless it is near enough and nothing else was done. What
/// stands out keeps its values.
fn even(image: &mut [u8], found: &Found, appearance: &Appearance, prepared: &Prepared) -> bool {
    let usual = &appearance.background;
    let background = if prepared.inverted { inverted(&found.background) } else { found.background.clone() };
    let distance = |one: &[u8], other: &[u8]| one.iter().zip(other).map(|(&a, &b)| a.abs_diff(b)).max().unwrap_or(0);
    let is_even = found.noise == 0 && background == *usual;
    if is_even || !(prepared.inverted || prepared.cropped || distance(&background, usual) > 24) {
        return false;
    }
    let noise = 2.0 * f32::from(found.noise);
    for pixel in image.chunks_exact_mut(usual.len()) {
        let difference = f32::from(distance(pixel, &background));
        let share = ((difference - noise) / RAMP).clamp(0.0, 1.0);
        for (value, &usual) in pixel.iter_mut().zip(usual) {
            let usual = f32::from(usual);
            *value = (usual + share * (f32::from(*value) - usual)).round() as u8;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use modiste_data::{Background, ImageShape, Images, Subset};
    use proptest::prelude::*;

    use super::super::prepared::NotFound;
    use super::*;

    const SIDE: usize = 28;

    fn preparation() -> Preparation {
        Preparation::of(ImageShape { height: SIDE, width: SIDE, channels: 1 })
    }

    fn grey(width: usize, pixels: Vec<u8>) -> Picture {
        Picture { width, height: pixels.len() / width, is_grey: true, has_alpha: false, pixels }
    }

    /// A T with a stripe, bright on black, as large as a square of `side` allows, but for a margin of two of its 28 parts.
    fn letter(side: usize) -> Vec<u8> {
        let value = |at: usize| {
            let (row, column) = (at / side * SIDE / side, at % side * SIDE / side);
            let is_bar = (2..9).contains(&row) && (4..24).contains(&column);
            let is_stem = (9..26).contains(&row) && (10..18).contains(&column);
            if is_bar || is_stem { if row == 16 { 120 } else { 220 } } else { 0 }
        };
        (0..side * side).map(value).collect()
    }

    fn negative(pixels: &[u8]) -> Vec<u8> {
        inverted(pixels)
    }

    fn appearance() -> Appearance {
        let pixels: Vec<u8> = letter(SIDE).repeat(5);
        let shape = ImageShape { height: SIDE, width: SIDE, channels: 1 };
        let images = Arc::new(Images::new(shape, pixels, vec![0; 5], 1).unwrap());
        Appearance::of(&Subset::new(&images, vec![0, 1, 2, 3, 4])).unwrap()
    }

    fn prepared(picture: &Picture) -> (Vec<u8>, Prepared) {
        prepare(picture, &preparation(), Some(&appearance()))
    }

    /// Pixels laid into a canvas.
    fn pasted(canvas: &Picture, pixels: &[u8], side: usize, top: usize, left: usize) -> Picture {
        let mut whole = canvas.clone();
        for (row, values) in pixels.chunks_exact(side).enumerate() {
            whole.pixels[(top + row) * canvas.width + left..][..side].copy_from_slice(values);
        }
        whole
    }

    /// Grey of up to eight more or less.
    fn noise(width: usize, height: usize, middle: u8) -> Picture {
        let mut state = 1_u32;
        let mut value = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            middle - 8 + ((state >> 16) % 17) as u8
        };
        grey(width, (0..width * height).map(|_| value()).collect())
    }

    /// The mean difference of an image's values from those of the letter.
    fn difference(image: &[u8]) -> u32 {
        assert_eq!(image.len(), SIDE * SIDE);
        let differences = image.iter().zip(letter(SIDE)).map(|(&one, other)| u32::from(one.abs_diff(other)));
        differences.sum::<u32>() / (SIDE * SIDE) as u32
    }

    fn is_like_the_letter(image: &[u8]) -> bool {
        difference(image) < 8
    }

    #[test]
    fn images_of_the_set_are_left_as_they_are() {
        let (image, done) = prepared(&grey(SIDE, letter(SIDE)));
        assert_eq!((image, done.to_string().as_str()), (letter(SIDE), "as it is"));
        let (image, done) = prepared(&grey(280, letter(280)));
        assert!(is_like_the_letter(&image) && done == Prepared::default(), "{done}");
    }

    #[test]
    fn a_negative_is_inverted() {
        let (image, done) = prepared(&grey(SIDE, negative(&letter(SIDE))));
        assert_eq!((image, done.to_string().as_str()), (letter(SIDE), "inverted"));
    }

    #[test]
    fn what_lies_in_a_corner_is_cropped_and_centred() {
        for (top, left) in [(0, 0), (0, 280), (120, 0), (120, 280), (60, 140)] {
            let canvas = grey(560, vec![255; 560 * 400]);
            let (image, done) = prepared(&pasted(&canvas, &negative(&letter(280)), 280, top, left));
            assert!(is_like_the_letter(&image), "{top} {left}");
            assert_eq!(done.to_string(), "inverted, cropped to the object and centred");
            let (image, done) = prepared(&pasted(&grey(560, vec![0; 560 * 400]), &letter(280), 280, top, left));
            assert!(is_like_the_letter(&image) && done.cropped && !done.inverted, "{done}");
        }
    }

    #[test]
    fn a_sheet_on_a_noisy_table_is_looked_at_by_itself() {
        for middle in [128, 190, 247] {
            let (image, done) = prepared(&pasted(&noise(560, 400, middle), &negative(&letter(280)), 280, 120, 0));
            assert!(is_like_the_letter(&image) && done.inverted && done.cropped, "{middle}: {done}");
        }
        let (image, done) = prepared(&pasted(&noise(560, 400, 128), &letter(280), 280, 0, 280));
        assert!(is_like_the_letter(&image) && !done.inverted && done.cropped, "{done}");
    }

    #[test]
    fn a_sheet_is_found_to_the_pixel() {
        for (top, left) in [(0, 0), (120, 280), (61, 143)] {
            let (image, _) = prepared(&pasted(&noise(560, 400, 128), &negative(&letter(280)), 280, top, left));
            assert_eq!(image, letter(SIDE), "{top} {left}");
        }
    }

    #[test]
    fn a_dark_thing_on_a_noisy_table_gets_the_background_of_the_set() {
        let mut picture = noise(560, 400, 128);
        for (at, value) in letter(280).into_iter().enumerate().filter(|(_, value)| *value > 0) {
            picture.pixels[(at / 280 + 120) * 560 + at % 280] = 255 - value;
        }
        let (image, done) = prepared(&picture);
        // It may lie half a pixel beside its place.
        assert!(difference(&image) < 20, "{done}");
        assert!(image[..SIDE].iter().all(|&value| value == 0), "the background is even");
        assert_eq!(done.to_string(), "inverted, cropped to the object and centred, background evened");
    }

    #[test]
    fn a_drawing_in_alpha_alone_is_laid_on_what_shows_it() {
        for colour in [[0; 3], [255; 3], [128; 3], [250, 10, 10]] {
            let pixels = letter(SIDE).into_iter().flat_map(|alpha| [colour[0], colour[1], colour[2], alpha]).collect();
            let picture = Picture { width: SIDE, height: SIDE, is_grey: false, has_alpha: true, pixels };
            let (image, done) = prepared(&picture);
            assert_eq!(image, letter(SIDE), "{colour:?}: {done}");
            assert_eq!(done.inverted, done.behind == Some(Background::White));
        }
    }

    #[test]
    fn what_is_not_there_is_not_guessed() {
        for (picture, why) in [
            (grey(300, vec![255; 300 * 200]), NotFound::OneColour),
            (grey(SIDE, vec![0; SIDE * SIDE]), NotFound::OneColour),
            (noise(560, 400, 128), NotFound::NothingStandsOut),
            (noise(SIDE, SIDE, 90), NotFound::NothingStandsOut),
        ] {
            let (image, done) = prepared(&picture);
            assert_eq!(done, Prepared { not_found: Some(why), ..Prepared::default() });
            assert_eq!(image, prepare(&picture, &preparation(), None).0);
            assert!(done.to_string().starts_with("as it is: nothing to be found"), "{done}");
        }
    }

    #[test]
    fn without_a_plain_background_in_the_set_a_picture_is_only_brought_to_size() {
        let picture = grey(280, negative(&letter(280)));
        let textured = Appearance { plain: 0.1, opposite: 0.0, ..appearance() };
        for appearance in [None, Some(&textured)] {
            let (image, done) = prepare(&picture, &preparation(), appearance);
            assert!(is_like_the_letter(&negative(&image)) && done.to_string() == "as it is", "{done}");
        }
    }

    #[test]
    fn colours_are_kept_by_networks_that_see_them() {
        let colour = |value: u8| if value > 0 { [200, 30, 60] } else { [0; 3] };
        let bright: Vec<u8> = letter(SIDE).into_iter().flat_map(colour).collect();
        let picture = |pixels| Picture { width: SIDE, height: SIDE, is_grey: false, has_alpha: false, pixels };
        let appearance = Appearance { background: vec![0; 3], ..appearance() };
        let preparation = Preparation { channels: 3, ..preparation() };
        let (image, done) = prepare(&picture(bright.clone()), &preparation, Some(&appearance));
        assert!(image == bright && done == Prepared::default(), "{done}");
        let (image, done) = prepare(&picture(negative(&bright)), &preparation, Some(&appearance));
        assert!(image == bright && done.to_string() == "inverted", "{done}");
        let (_, done) = prepared(&picture(bright));
        assert_eq!(done.to_string(), "made grey");
    }

    proptest! {
        #[test]
        fn pictures_of_any_size_become_images(
            width in prop::sample::select(vec![1_usize, 2, 3, 27, 28, 57, 600]),
            height in prop::sample::select(vec![1_usize, 2, 5, 28, 29, 300]),
            colours in prop::collection::vec(any::<[u8; 4]>(), 1..5),
            stride in 1..40_usize,
        ) {
            let pixels = (0..width * height).flat_map(|at| colours[at / stride % colours.len()]).collect();
            let picture = Picture { width, height, is_grey: false, has_alpha: true, pixels };
            let (image, _) = prepared(&picture);
            prop_assert_eq!(image.len(), SIDE * SIDE);
        }

        #[test]
        fn an_image_with_the_border_of_the_set_is_never_changed(
            inside in prop::collection::vec(any::<u8>(), 24 * 24),
            border in 0..20_u8,
        ) {
            let canvas = grey(SIDE, vec![border; SIDE * SIDE]);
            let picture = pasted(&canvas, &inside, 24, 2, 2);
            prop_assert_eq!(prepared(&picture), (picture.pixels.clone(), Prepared::default()));
        }
    }
}
