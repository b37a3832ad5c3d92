//! Images mirrored and moved by whole pixels: copies of rows.

use super::Fill;
use super::placement::Placement;
use crate::shape::ImageShape;

/// Paints `image` on `canvas`, both of `shape`, mirrored and moved as `placement` says, whose angle and scale are left alone.
pub(super) fn shift(image: &[u8], shape: ImageShape, placement: &Placement, fill: Fill, canvas: &mut [u8]) {
    let length = shape.width * shape.channels;
    for (y, target) in canvas.chunks_exact_mut(length).enumerate() {
        match fill.seen_at(y as i64 - placement.down, shape.height) {
            Some(y) => shift_row(&image[y * length..][..length], shape, placement, fill, target),
            None => target.fill(0),
        }
    }
}

fn shift_row(row: &[u8], shape: ImageShape, placement: &Placement, fill: Fill, target: &mut [u8]) {
    let ImageShape { width, channels, .. } = shape;
    let Placement { mirrored, right, .. } = *placement;
    // What of the row is still to be seen: on the target from `begin` on, and in the row, mirrored if it is to be, from `start`.
    let seen = width.saturating_sub(right.unsigned_abs() as usize);
    let (begin, start) = if right > 0 { (width - seen, 0) } else { (0, width - seen) };
    let kept = &mut target[begin * channels..][..seen * channels];
    if mirrored {
        // What is left out before `start` is at the other end of the row, where the target leaves out `begin` columns.
        copy_mirrored(&row[begin * channels..][..seen * channels], channels, kept);
    } else {
        kept.copy_from_slice(&row[start * channels..][..seen * channels]);
    }
    for x in (0..begin).chain(begin + seen..width) {
        let target = &mut target[x * channels..][..channels];
        match fill.seen_at(x as i64 - right, width) {
            Some(x) => {
                let x = if mirrored { width - 1 - x } else { x };
                target.copy_from_slice(&row[x * channels..][..channels]);
            }
            None => target.fill(0),
        }
    }
}

/// Pixels in reverse, the channels of each as they were.
fn copy_mirrored(row: &[u8], channels: usize, target: &mut [u8]) {
    for (target, &value) in target.iter_mut().zip(row.iter().rev()) {
        *target = value;
    }
    if channels > 1 {
        target.chunks_exact_mut(channels).for_each(<[u8]>::reverse);
    }
}
