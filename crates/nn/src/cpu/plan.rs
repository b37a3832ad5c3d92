//! What a network becomes: stages, each a linear operation and all that follows it value by value, and the edges between
//! them.
//!
//! A stage reads its input once and writes its output once; what lies between (addition, activation, pooling, dropout)
//! happens while an image is in cache. What needs more than a value at a time, or more than the sign of what it gave, to find
//! its way back (batch normalisation, smooth activations) belongs to the edge behind: whoever reads the stage's output does
//! it on the way, image by image, and nothing but the output itself is ever kept.

use std::ops::Range;

use modiste_data::ImageShape;

use super::curve::Curve;
use super::memory::padded;
use crate::network::{Pooling, Shape, Window};

/// How an image's values lie in a buffer: `[height, width, pitch]`, of which the first `channels` of each pixel count and
/// the rest are zero, as long as all values are finite. A flat row of units is one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
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
    pub fn packed(shape: ImageShape) -> Self {
        let ImageShape { height, width, channels } = shape;
        Self { height, width, channels, pitch: channels }
    }

    /// As stages keep images: each pixel padded to whole registers.
    pub fn padded(shape: ImageShape) -> Self {
        Self { pitch: padded(shape.channels), ..Self::packed(shape) }
    }

    /// As stages keep values of this shape.
    pub fn of(shape: Shape) -> Self {
        match shape {
            Shape::Image(image) => Self::padded(image),
            Shape::Flat(units) => Self::flat(units),
        }
    }

    /// As stages keep a row of units.
    pub fn flat(units: usize) -> Self {
        Self::padded(ImageShape { height: 1, width: 1, channels: units })
    }

    /// Pixels of an image.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Values from one image to the next.
    pub fn image_len(&self) -> usize {
        self.pixels() * self.pitch
    }

    /// The values that count among those that lie at `places`, in contiguous pieces: place, position among all that count,
    /// length.
    pub fn part(&self, places: Range<usize>) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let Self { channels, pitch, .. } = *self;
        // Without padding the whole image is one piece.
        let (step, length) = if pitch == channels { (self.image_len(), self.image_len()) } else { (pitch, channels) };
        (places.start / step..places.end.div_ceil(step)).filter_map(move |piece| {
            let start = places.start.max(piece * step);
            let end = places.end.min(piece * step + length);
            (start < end).then(|| (start, piece * length + start - piece * step, end - start))
        })
    }

    /// Whether an image's values lie in the same places.
    pub fn lies_like(&self, other: Layout) -> bool {
        self.pixels() == other.pixels() && self.pitch == other.pitch
    }

    /// Values of an image without the padding.
    pub fn logical_len(&self) -> usize {
        self.pixels() * self.channels
    }
}

/// What a stage computes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Linear {
    /// Convolution.
    Conv(Window),
    /// Convolution of each channel by itself.
    Depthwise(Window),
    /// Fully connected; units.
    Dense(usize),
    /// Nothing.
    Identity,
}

/// Pooling by windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pool {
    /// The largest value of each.
    Max(Pooling),
    /// The mean of each.
    Average(Pooling),
}

impl Pool {
    /// Its windows.
    pub fn windows(&self) -> &Pooling {
        match self {
            Pool::Max(pooling) | Pool::Average(pooling) => pooling,
        }
    }
}

/// A dropout layer: its index in the network, from which its masks follow, and its rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Index in [`Network::layers`](crate::network::Network::layers).
    pub layer: usize,
    /// Share of values dropped.
    pub rate: f32,
}

/// A linear operation and what follows it, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Index in [`Network::layers`](crate::network::Network::layers) of its first layer, which has its weights.
    pub layer: usize,
    /// What it reads.
    pub input: Layout,
    /// What it computes first.
    pub linear: Linear,
    /// What that gives.
    pub linear_output: Layout,
    /// Slope of negative values: 0 is ReLU.
    pub slope: Option<f32>,
    /// Pooling.
    pub pool: Option<Pool>,
    /// Dropout.
    pub dropout: Option<Dropout>,
    /// What it writes.
    pub output: Layout,
}

impl Stage {
    /// A linear operation that nothing follows.
    pub fn new(layer: usize, input: Layout, linear: Linear, linear_output: Layout) -> Self {
        Self { layer, input, linear, linear_output, slope: None, pool: None, dropout: None, output: linear_output }
    }

    /// The stage's max-pooling, which has to remember what it chose.
    pub fn chooses(&self) -> bool {
        matches!(self.pool, Some(Pool::Max(_)))
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The images.
    Images,
    /// The output of the stage of this index.
    Stage(usize),
}

/// What is done to a stage's output on the way to who reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Index of a normalisation of that output.
    pub norm: Option<usize>,
    /// Activation, behind it.
    pub curve: Curve,
}

impl View {
    /// Nothing.
    pub const PLAIN: Self = Self { norm: None, curve: Curve::Line };

    /// Whether nothing is done.
    pub fn is_plain(&self) -> bool {
        *self == Self::PLAIN
    }
}

/// A value, as who reads it sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Where it lies.
    pub source: Source,
    /// What is done to it on the way.
    pub view: View,
}

impl Edge {
    /// The value as it lies there.
    pub fn plain(source: Source) -> Self {
        Self { source, view: View::PLAIN }
    }
}

/// A stage in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub stage: Stage,
    /// What it reads.
    pub from: Edge,
    /// What it adds to its linear output, of the same layout.
    pub skip: Option<Edge>,
}

impl Node {
    /// All that it takes.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        [Some(self.from), self.skip].into_iter().flatten()
    }
}

/// Batch normalisation of a stage's output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Index in [`Network::layers`](crate::network::Network::layers).
    pub layer: usize,
    /// Whose output.
    pub node: usize,
    /// How much of a running mean stays with each step.
    pub momentum: f32,
    /// Added to the variance.
    pub epsilon: f32,
}

/// A network as stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// In an order in which each comes behind all that it takes. The last one's output is the logits.
    pub nodes: Vec<Node>,
    /// Their normalisations, at most one of each stage's output.
    pub norms: Vec<Norm>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_values_between_the_padding() {
        let shape = ImageShape { height: 1, width: 3, channels: 5 };
        let padded: Vec<_> = Layout::padded(shape).part(3..40).collect();
        assert_eq!(padded, [(3, 3, 2), (16, 5, 5), (32, 10, 5)]);
        let packed: Vec<_> = Layout::packed(shape).part(3..12).collect();
        assert_eq!(packed, [(3, 3, 9)]);
        assert_eq!(Layout::padded(shape).part(6..16).count(), 0);
    }
}
