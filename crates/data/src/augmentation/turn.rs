//! Images turned and enlarged, resampled once: where each pixel comes from is computed back, and the four pixels around that
//! point are interpolated bilinearly. In fixed point, whose arithmetic is cheap and the same everywhere.

use super::Fill;
use super::placement::Placement;
use crate::shape::ImageShape;

/// Bits behind the point of positions.
const FRACTION: u32 = 16;
/// Bits of a weight between two pixels.
const WEIGHT: u32 = 8;

/// Paints `image` on `canvas`, both of `shape`, as `placement` says.
pub(super) fn turn(image: &[u8], shape: ImageShape, placement: &Placement, fill: Fill, canvas: &mut [u8]) {
    let ImageShape { width, channels, .. } = shape;
    let inverse = InverseTransform::new(shape, placement);
    for (y, row) in canvas.chunks_exact_mut(width * channels).enumerate() {
        let (mut source_y, mut source_x) = inverse.row_start(y as i64);
        for pixel in row.chunks_exact_mut(channels) {
            let corners = corners(source_y >> FRACTION, source_x >> FRACTION, shape, fill);
            for (channel, value) in pixel.iter_mut().enumerate() {
                let [upper_left, upper_right, lower_left, lower_right] =
                    corners.map(|corner| image.get(corner + channel).map_or(0, |&value| u32::from(value)));
                let upper = between(upper_left, upper_right, weight(source_x));
                let lower = between(lower_left, lower_right, weight(source_x));
                let twice_weighted = between(upper, lower, weight(source_y));
                // Rounded to the nearest.
                *value = ((twice_weighted + (1 << (2 * WEIGHT - 1))) >> (2 * WEIGHT)) as u8;
            }
            source_y += inverse.along.0;
            source_x += inverse.across.0;
        }
    }
}

/// Where in memory no image has a pixel: that is black. An offset of a channel can still be added.
const BLACK: usize = usize::MAX / 2;

/// Offsets of the four pixels of which the upper left one is at a row and column that may be any.
#[inline]
fn corners(row: i64, column: i64, shape: ImageShape, fill: Fill) -> [usize; 4] {
    let ImageShape { height, width, channels } = shape;
    let inside = |first: i64, length: usize| first >= 0 && first + 1 < length as i64;
    if inside(row, height) && inside(column, width) {
        let first = (row as usize * width + column as usize) * channels;
        let below = first + width * channels;
        return [first, first + channels, below, below + channels];
    }
    [(row, column), (row, column + 1), (row + 1, column), (row + 1, column + 1)].map(|(row, column)| {
        match (fill.seen_at(row, height), fill.seen_at(column, width)) {
            (Some(row), Some(column)) => (row * width + column) * channels,
            _ => BLACK,
        }
    })
}

/// How much the second of two neighbours weighs at a position between them, in parts of 2⁸.
fn weight(position: i64) -> u32 {
    (position >> (FRACTION - WEIGHT)) as u32 & ((1 << WEIGHT) - 1)
}

/// Two neighbours' mean, times 2⁸.
fn between(first: u32, second: u32, weight: u32) -> u32 {
    first * ((1 << WEIGHT) - weight) + second * weight
}

/// From a pixel of the result back to a point of the image.
struct InverseTransform {
    /// Last row and column, which are twice the centre.
    last: (i64, i64),
    down: i64,
    right: i64,
    /// By how many of the image's columns one goes on with a column and with a row of the result.
    across: (i64, i64),
    /// By how many of the image's rows.
    along: (i64, i64),
}

impl InverseTransform {
    fn new(shape: ImageShape, placement: &Placement) -> Self {
        let fixed = |value: f64| (value / placement.scale * f64::from(1 << FRACTION)).round() as i64;
        let (sine, cosine) = (fixed(placement.angle.sin()), fixed(placement.angle.cos()));
        let side = if placement.mirrored { -1 } else { 1 };
        Self {
            last: (shape.height as i64 - 1, shape.width as i64 - 1),
            down: placement.down,
            right: placement.right,
            across: (side * cosine, side * sine),
            along: (-sine, cosine),
        }
    }

    /// Row and column, in fixed point, from which the first pixel of row `y` comes.
    fn row_start(&self, y: i64) -> (i64, i64) {
        // Twice the distance from the centre, which lies between two pixels where the last one's number is odd.
        let v = 2 * (y - self.down) - self.last.0;
        let u = -2 * self.right - self.last.1;
        let half = |doubled: i64| doubled >> 1;
        (
            half(self.along.0 * u + self.along.1 * v + (self.last.0 << FRACTION)),
            half(self.across.0 * u + self.across.1 * v + (self.last.1 << FRACTION)),
        )
    }
}
