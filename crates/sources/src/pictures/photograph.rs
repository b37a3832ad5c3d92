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

/// The inside of a frame, a hundredth off each side, which may be blurred: pixels, height and width.
fn cut(plane: Plane<'_>, frame: Frame) -> Option<(Vec<u8>, usize, usize)> {
    let side = |start: f64, length: f64, most: usize| {
        let trim = 1.0_f64.max(length / 100.0);
        ((start + trim).ceil() as usize, ((start + length - trim) as usize).min(most))
    };
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
