//! From a list of layers to stages: a linear operation and all that follows it value by value.
//!
//! A stage reads its input once and writes its output once; what lies between (activation, pooling, dropout) happens
//! while an image is in cache. Any order of layers has a plan: what does not fit behind a linear operation starts a
//! stage of its own.

use std::ops::Range;

use modiste_data::ImageShape;

use super::memory::padded;
use crate::network::{Network, Operation, Shape, Window};
use crate::recipe::Activation;

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

    /// Values of an image without the padding.
    pub fn logical_len(&self) -> usize {
        self.pixels() * self.channels
    }
}

/// What a stage computes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Linear {
    /// Convolution; the weight's index into [`Network::parameters`].
    Conv(Window, usize),
    /// Fully connected; units, and the weight's index.
    Dense(usize, usize),
    /// Nothing.
    Identity,
}

/// A dropout layer: its index in the network, from which its masks follow, and its rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Index in [`Network::layers`].
    pub layer: usize,
    /// Share of values dropped.
    pub rate: f32,
}

/// A linear operation and what follows it, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Index in [`Network::layers`] of its first layer.
    pub layer: usize,
    /// What it reads.
    pub input: Layout,
    /// What it computes first.
    pub linear: Linear,
    /// What that gives.
    pub linear_output: Layout,
    /// Slope of negative values: 0 is ReLU.
    pub slope: Option<f32>,
    /// Max-pooling.
    pub pool: Option<Window>,
    /// Dropout.
    pub dropout: Option<Dropout>,
    /// What it writes.
    pub output: Layout,
}

impl Stage {
    fn new(layer: usize, input: Layout, linear: Linear, linear_output: Layout) -> Self {
        Self { layer, input, linear, linear_output, slope: None, pool: None, dropout: None, output: linear_output }
    }

    fn identity(layer: usize, input: Layout) -> Self {
        Self::new(layer, input, Linear::Identity, Layout { pitch: padded(input.channels), ..input })
    }
}

/// The stages of a network.
pub fn stages(network: &Network) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let input = |stages: &[Stage]| stages.last().map_or(Layout::packed(network.input), |stage| stage.output);
    for (index, layer) in network.layers.iter().enumerate() {
        let before = match (layer.input, input(&stages)) {
            // Flattened, values without padding are one row: padding each for itself would be waste.
            (Shape::Flat(units), layout) if layout.pitch == layout.channels => {
                Layout { height: 1, width: 1, channels: units, pitch: units }
            }
            (_, layout) => layout,
        };
        let linear = match (layer.operation, layer.weight) {
            (Operation::Conv(window), Some(weight)) => Some(Linear::Conv(window, weight)),
            (Operation::Dense { outputs, .. }, Some(weight)) => Some(Linear::Dense(outputs, weight)),
            _ => None,
        };
        if let Some(linear) = linear {
            let output = match layer.output {
                Shape::Image(shape) => Layout::padded(shape),
                Shape::Flat(units) => Layout::flat(units),
            };
            stages.push(Stage::new(index, before, linear, output));
        }
        // What the open stage can still take: each of its parts once, and none before one it already has.
        let open = stages.last().copied();
        let start_unless = |stages: &mut Vec<Stage>, fits: fn(&Stage) -> bool| {
            if !open.as_ref().is_some_and(fits) {
                stages.push(Stage::identity(index, before));
            }
            stages.len() - 1
        };
        let slope = match (layer.operation, layer.activation) {
            (Operation::Relu, _) | (_, Some(Activation::Relu)) => Some(0.0),
            (Operation::LeakyRelu { slope }, _) => Some(slope),
            _ => None,
        };
        if slope.is_some() {
            let stage = start_unless(&mut stages, |stage| {
                stage.slope.is_none() && stage.pool.is_none() && stage.dropout.is_none()
            });
            stages[stage].slope = slope;
        }
        match layer.operation {
            Operation::MaxPool(window) => {
                let stage = start_unless(&mut stages, |stage| stage.pool.is_none() && stage.dropout.is_none());
                stages[stage].pool = Some(window);
                stages[stage].output = Layout::padded(window.output);
            }
            Operation::Dropout { rate } if rate > 0.0 => {
                let stage = start_unless(&mut stages, |stage| stage.dropout.is_none());
                stages[stage].dropout = Some(Dropout { layer: index, rate });
            }
            _ => {}
        }
    }
    stages
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
