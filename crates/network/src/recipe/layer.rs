//! Layers as a recipe names them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One layer as a recipe names it; sizes that follow from the layer before are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerRecipe {
    /// Two-dimensional convolution.
    Conv {
        /// Number of output channels.
        filters: usize,
        /// Rows and columns of the kernel; odd.
        kernel: usize,
        /// Step between outputs, in both directions.
        #[serde(default = "one")]
        stride: usize,
        /// What happens at the border.
        #[serde(default)]
        padding: Padding,
        /// Whether a bias is added; batch normalisation behind it makes one useless.
        #[serde(default = "yes")]
        bias: bool,
        /// Applied to the output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation: Option<Activation>,
    },
    /// A kernel for each channel, which mixes pixels but no channels (Keras's `DepthwiseConv2D`).
    DepthwiseConv {
        /// Rows and columns of the kernel; odd.
        kernel: usize,
        /// Step between outputs, in both directions.
        #[serde(default = "one")]
        stride: usize,
        /// What happens at the border.
        #[serde(default)]
        padding: Padding,
        /// Whether a bias is added.
        #[serde(default = "yes")]
        bias: bool,
        /// Applied to the output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation: Option<Activation>,
    },
    /// A depthwise convolution without bias, and one of kernel 1 behind it (Chollet, 2017).
    SeparableConv {
        /// Number of output channels.
        filters: usize,
        /// Rows and columns of the depthwise kernel; odd.
        kernel: usize,
        /// Step between outputs, in both directions.
        #[serde(default = "one")]
        stride: usize,
        /// What happens at the border.
        #[serde(default)]
        padding: Padding,
        /// Whether a bias is added at the end.
        #[serde(default = "yes")]
        bias: bool,
        /// Applied to the output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation: Option<Activation>,
    },
    /// Each channel brought to mean `beta` and standard deviation `gamma` over the batch (Ioffe and Szegedy, 2015);
    /// outside training over what the running means say.
    BatchNorm {
        /// How much of a running mean stays with each step.
        #[serde(default = "running_momentum")]
        momentum: f32,
        /// Added to the variance.
        #[serde(default = "variance_epsilon")]
        epsilon: f32,
    },
    /// Largest value of each window.
    MaxPool {
        /// Rows and columns of the window.
        size: usize,
        /// Step between windows; as large as the window if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<usize>,
    },
    /// Mean of each window.
    AveragePool {
        /// Rows and columns of the window.
        size: usize,
        /// Step between windows; as large as the window if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<usize>,
    },
    /// Largest value of each channel, as one row.
    GlobalMaxPool {},
    /// Mean of each channel, as one row.
    GlobalAveragePool {},
    /// Fully connected.
    Dense {
        /// Number of outputs. A layer with softmax may leave it out: then there is one for each class of the data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        units: Option<usize>,
        /// Whether a bias is added.
        #[serde(default = "yes")]
        bias: bool,
        /// Applied to the output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation: Option<Activation>,
    },
    /// max(x, 0)
    Relu {},
    /// x where positive, else slope times x.
    LeakyRelu {
        /// Factor of negative values.
        #[serde(default = "leaky_slope")]
        slope: f32,
    },
    /// x where positive, else a · x with a slope a that each channel learns (He et al., 2015); slopes begin at 0.25.
    Prelu {},
    /// x · Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel, 2016).
    Gelu {},
    /// x / (1 + e⁻ˣ) (Elfwing, Uchibe and Doya, 2018).
    Silu {},
    /// Inverted dropout: in training each value is zeroed with this probability, else scaled by 1 / (1 - rate).
    Dropout {
        /// Share of values dropped, in [0, 1).
        rate: f32,
    },
    /// An image [h, w, c] as one row, in that order.
    Flatten {},
    /// What `layers` make of the input, plus what `shortcut` makes of it: the input itself if there are none (He et al.,
    /// 2016).
    Residual {
        /// The way through.
        layers: Vec<LayerRecipe>,
        /// The way around.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        shortcut: Vec<LayerRecipe>,
    },
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

/// Keras's default slope of LeakyReLU.
fn leaky_slope() -> f32 {
    0.3
}

/// PyTorch's default, counted as Keras does.
fn running_momentum() -> f32 {
    0.9
}

/// PyTorch's default.
fn variance_epsilon() -> f32 {
    1e-5
}

/// What a convolution reads beyond the border, as Keras defines it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Nothing: windows lie wholly inside.
    #[default]
    Valid,
    /// Zeros, such that the output has ceil(input / stride) rows; the odd one goes below and to the right.
    Same,
}

/// An activation named inside a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// As [`LayerRecipe::Gelu`].
    Gelu,
    /// As [`LayerRecipe::Silu`].
    Silu,
    /// Class probabilities; only at the end, where it is joined with the cross-entropy loss.
    Softmax,
}

impl fmt::Display for Activation {
    /// As recipes name it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Activation::Relu => "relu",
            Activation::Gelu => "gelu",
            Activation::Silu => "silu",
            Activation::Softmax => "softmax",
        })
    }
}
