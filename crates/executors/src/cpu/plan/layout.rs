//! How an image's values lie in a buffer.
//!
//! For example an image of 28 × 28 grey pixels is `packed` with a pitch of 1: 784 values, all of which count. The output of
//! 20 filters is `padded` to a pitch of 32: 784 pixels of 32 values, of which 20 count, `image_len` 25,088 and
//! `logical_len` 15,680.

use std::ops::Range;

use modiste_data::ImageShape;
use modiste_network::Shape;

use crate::cpu::runtime::memory::padded;

/// How an image's values lie in a buffer: `[height, width, pitch]`, of which the first `channels` of each pixel count and
/// the rest are zero, as long as all values are finite. A flat row of units is one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Values from one pixel to the next.
    pub pitch: usize,
}

impl Layout {
    /// As the loader gives images: nothing between the pixels.
    pub(crate) fn packed(shape: ImageShape) -> Self {
        let ImageShape { height, width, channels } = shape;
        Self { height, width, channels, pitch: channels }
    }

    /// As stages keep images: each pixel padded to whole registers.
    pub(crate) fn padded(shape: ImageShape) -> Self {
        Self { pitch: padded(shape.channels), ..Self::packed(shape) }
    }

    /// As stages keep values of this shape.
    pub(crate) fn of(shape: Shape) -> Self {
        match shape {
            Shape::Image(image) => Self::padded(image),
            Shape::Flat(units) => Self::flat(units),
        }
    }

    /// As stages keep a row of units.
    pub(crate) fn flat(units: usize) -> Self {
        Self::padded(ImageShape { height: 1, width: 1, channels: units })
    }

    /// Pixels of an image.
    pub(crate) fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Values from one image to the next.
    pub(crate) fn image_len(&self) -> usize {
        self.pixels() * self.pitch
    }

    /// The values that count among those that lie at `places`, in contiguous segments: place, position among all that
    /// count, length.
    pub(crate) fn segments(&self, places: Range<usize>) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let Self { channels, pitch, .. } = *self;
        // Without padding the whole image is one segment.
        let (step, length) = if pitch == channels { (self.image_len(), self.image_len()) } else { (pitch, channels) };
        (places.start / step..places.end.div_ceil(step)).filter_map(move |segment| {
            let start = places.start.max(segment * step);
            let end = places.end.min(segment * step + length);
            (start < end).then(|| (start, segment * length + start - segment * step, end - start))
        })
    }

    /// Whether an image's values lie in the same places.
    pub(crate) fn lies_like(&self, other: Layout) -> bool {
        self.pixels() == other.pixels() && self.pitch == other.pitch
    }

    /// Values of an image without the padding.
    pub(crate) fn logical_len(&self) -> usize {
        self.pixels() * self.channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_the_values_between_the_padding() {
        let shape = ImageShape { height: 1, width: 3, channels: 5 };
        let padded: Vec<_> = Layout::padded(shape).segments(3..40).collect();
        assert_eq!(padded, [(3, 3, 2), (16, 5, 5), (32, 10, 5)]);
        let packed: Vec<_> = Layout::packed(shape).segments(3..12).collect();
        assert_eq!(packed, [(3, 3, 9)]);
        assert_eq!(Layout::padded(shape).segments(6..16).count(), 0);
    }
}
