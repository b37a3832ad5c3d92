//! Where a picture shows something, and on what, as far as a network has to know it.

use modiste_data::{Appearance, Border, ImageShape, Object};

use super::fit::{Part, Plane, resize};
use super::prepared::NotFound;

/// Pictures are looked at in this size, which takes noise off and is fine enough for images.
const LONGEST_SIDE: usize = 256;
/// A background this far from black and from white may lie behind bright things as behind dark ones.
const CLEAR: u8 = 32;
/// The least value of what is bright.
const BRIGHT: u8 = 128;
/// Something that covers so much of three edges of its rectangle is a sheet on which something else may be shown,
const SHEET: f32 = 0.85;
/// if it covers this much of the fourth, where what is shown may reach the edge in the colour of what the sheet lies on.
const SHEET_WITH_GAP: f32 = 0.4;
/// The share of a line of pixels that stands out on a sheet.
const SHEET_LINE: f32 = 0.5;
/// What is shown on a sheet has this part of the length that objects have in the set, at least.
const LEAST_ON_SHEET: f32 = 0.5;
/// Extents and middles that differ by less from those of the set are no reason to crop.
const SLACK: f32 = 0.05;

/// A rectangle of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) top: f64,
    pub(super) left: f64,
    pub(super) height: f64,
    pub(super) width: f64,
}

/// What was found out about a picture.
#[derive(Debug)]
pub(super) struct Scene {
    /// Dark and bright are the other way round than in the set.
    pub(super) inverted: bool,
    /// What is found, if there is a background to find it on.
    pub(super) found: Option<Found>,
}

/// A background, and what lies on it.
#[derive(Debug)]
pub(super) struct Found {
    /// `[channels]`
    pub(super) background: Vec<u8>,
    /// By how much its pixels usually differ from that.
    pub(super) noise: u8,
    /// The rectangle around what stands out.
    pub(super) object: Frame,
    /// That is a sheet: a rectangle all over, on which there may be something.
    pub(super) is_sheet: bool,
}

/// Looks at a plane. `is_exact` says that it has the size of the network's images already.
pub(super) fn look(plane: Plane<'_>, is_exact: bool, appearance: &Appearance) -> Result<Scene, NotFound> {
    let (small, shape) = shrunk(plane);
    let border = Border::of(&small, shape);
    let usual = &appearance.background;
    let opposite = inverted(usual);
    let (tells, one_way) = (border.tells(usual), appearance.has_one_way_round());
    let is_opposite = one_way && border.is_opposite(usual);

    let object = Object::find(&small, shape, &border);
    if small.chunks_exact(shape.channels).all(|pixel| pixel == &small[..shape.channels]) {
        return Err(NotFound::OneColour);
    }
    if is_exact && tells && object.is_some() {
        return Ok(Scene { inverted: is_opposite, found: None });
    }
    if !border.is_plain() {
        return if tells { Ok(Scene { inverted: is_opposite, found: None }) } else { Err(NotFound::NoBackground) };
    }
    let object = object.ok_or(NotFound::NothingStandsOut)?;
    let is_clear = |colour: &[u8]| border.colour.iter().zip(colour).all(|(one, other)| one.abs_diff(*other) <= CLEAR);
    let inverted = one_way
        && if is_clear(usual) || is_clear(&opposite) {
            is_clear(&opposite)
        } else {
            // Things are brighter than what is dark.
            (object.brighter > 0.0) != usual.iter().all(|&value| value < BRIGHT)
        };
    let (down, right) = (plane.height as f64 / shape.height as f64, plane.width as f64 / shape.width as f64);
    let frame = Frame {
        top: object.top as f64 * down,
        left: object.left as f64 * right,
        height: (object.bottom - object.top) as f64 * down,
        width: (object.right - object.left) as f64 * right,
    };
    let is_sheet = !is_exact && looks_like_a_sheet(&object);
    let frame = if is_sheet { frame.to_the_pixel(plane, down.max(right)) } else { frame };
    let found = Found { background: border.colour.clone(), noise: border.spread, object: frame, is_sheet };
    Ok(Scene { inverted, found: Some(found) })
}

/// Whether something fills its rectangle up to the edges.
fn looks_like_a_sheet(object: &Object) -> bool {
    let mut covers = object.edge_covers();
    covers.sort_by(f32::total_cmp);
    covers[0] >= SHEET_WITH_GAP && covers[1] >= SHEET
}

impl Frame {
    /// The frame of a sheet that was found within `scale` pixels or so: its edges are the outermost lines that stand out.
    fn to_the_pixel(self, plane: Plane<'_>, scale: f64) -> Self {
        let Plane { pixels, height, width, channels } = plane;
        // Noise is stronger in single pixels than where it was shrunk.
        let border = Border::of(pixels, ImageShape { height, width, channels });
        let stands_out = |row: usize, column: usize| {
            let at = (row * width + column) * channels;
            border.stands_out(&pixels[at..][..channels])
        };
        let reach = scale.ceil() as usize + 1;
        let span = |start: f64, length: f64, side: usize| {
            let (start, end) = (start.round() as usize, ((start + length).round() as usize).min(side));
            (start.min(end), end)
        };
        let (rows, columns) = (span(self.top, self.height, height), span(self.left, self.width, width));
        let is_line = |count: usize, (start, end): (usize, usize)| count as f32 >= SHEET_LINE * (end - start) as f32;
        let row =
            |row: usize| is_line((columns.0..columns.1).filter(|&column| stands_out(row, column)).count(), columns);
        let column = |column: usize| is_line((rows.0..rows.1).filter(|&row| stands_out(row, column)).count(), rows);
        let edges = |(start, end): (usize, usize), side: usize, is_line: &dyn Fn(usize) -> bool| {
            let mut near_start = start.saturating_sub(reach)..(start + reach + 1).min(side);
            let mut near_end = (end.saturating_sub(reach + 1)..(end + reach).min(side)).rev();
            let first = near_start.find(|&line| is_line(line)).unwrap_or(start);
            let last = near_end.find(|&line| is_line(line)).map_or(end, |line| line + 1);
            (first as f64, last.max(first) as f64)
        };
        let (top, bottom) = edges(rows, height, &row);
        let (left, right) = edges(columns, width, &column);
        Self { top, left, height: bottom - top, width: right - left }
    }
}

impl Found {
    /// Whether it is long enough to be what a sheet of this size was made for.
    pub(super) fn fills(&self, plane: Plane<'_>, appearance: &Appearance) -> bool {
        self.extent(plane) >= LEAST_ON_SHEET * appearance.extent.usual
    }

    /// Whether it lies in the picture as objects lie in the images of the set.
    pub(super) fn is_in_place(&self, plane: Plane<'_>, appearance: &Appearance) -> bool {
        let Frame { top, left, height, width } = self.object;
        let middle = [(top + height / 2.0) / plane.height as f64, (left + width / 2.0) / plane.width as f64];
        let is_centred =
            middle.iter().zip(appearance.centre).all(|(&middle, centre)| (middle as f32 - centre).abs() <= SLACK);
        let extent = self.extent(plane);
        let lengths = appearance.extent.short - SLACK..=appearance.extent.long + SLACK;
        is_centred && lengths.contains(&extent)
    }

    /// Its longer side, as a share of the picture.
    fn extent(&self, plane: Plane<'_>) -> f32 {
        (self.object.height / plane.height as f64).max(self.object.width / plane.width as f64) as f32
    }

    /// The rows and columns that make an image of `height` and `width` in which it has the length and middle that are usual.
    pub(super) fn window(&self, height: usize, width: usize, appearance: &Appearance) -> [Part; 2] {
        let Frame { top, left, height: tall, width: wide } = self.object;
        let (height, width) = (height as f64, width as f64);
        // A model may say anything; nothing of what is found is cut off, or shrunk to a dot.
        let usual = f64::from(appearance.extent.usual.clamp(0.25, 1.0));
        let scale = (tall / height).max(wide / width) / usual;
        let part = |start: f64, length: f64, centre: f32, side: f64| Part {
            start: start + length / 2.0 - f64::from(centre.clamp(0.0, 1.0)) * scale * side,
            length: scale * side,
        };
        [part(top, tall, appearance.centre[0], height), part(left, wide, appearance.centre[1], width)]
    }
}

/// Bright for dark.
pub(super) fn inverted(colour: &[u8]) -> Vec<u8> {
    colour.iter().map(|&value| u8::MAX - value).collect()
}

/// The plane in the size in which it is looked at.
fn shrunk(plane: Plane<'_>) -> (Vec<u8>, ImageShape) {
    let Plane { height, width, channels, .. } = plane;
    let longest = height.max(width);
    if longest <= LONGEST_SIDE {
        return (plane.pixels.to_vec(), ImageShape { height, width, channels });
    }
    let side = |side: usize| (side * LONGEST_SIDE / longest).max(1);
    let (rows, columns) = (side(height), side(width));
    let small = resize(plane, Part::all(height), rows, Part::all(width), columns);
    (small, ImageShape { height: rows, width: columns, channels })
}
