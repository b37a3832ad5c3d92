//! A checked list of layers with inferred shapes: what a recipe's layers mean for images of one shape.

mod build;
mod window;

use std::fmt;
use std::ops::Range;

use modiste_data::ImageShape;

pub use self::window::{Pooling, Window};
use crate::recipe::{Activation, Freeze, NamedFreeze};

/// Images with larger sides, more channels or more classes are refused: labels are bytes, and no small image is larger.
const LARGEST_SIDE: usize = 4096;
const MOST_CHANNELS: usize = 1024;
const MOST_CLASSES: usize = 256;

/// More layers than this are refused.
const MOST_LAYERS: usize = 1000;

/// Shape of what flows between layers, per image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[height, width, channels]`
    Image(ImageShape),
    /// `[units]`
    Flat(usize),
}

impl Shape {
    /// Values per image.
    pub fn len(&self) -> usize {
        match self {
            Shape::Image(shape) => shape.len(),
            Shape::Flat(units) => *units,
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sizes in order, without the batch.
    pub fn dimensions(&self) -> Vec<usize> {
        match self {
            Shape::Image(shape) => vec![shape.height, shape.width, shape.channels],
            Shape::Flat(units) => vec![*units],
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Image(ImageShape { height, width, channels }) => {
                write!(formatter, "(None, {height}, {width}, {channels})")
            }
            Shape::Flat(units) => write!(formatter, "(None, {units})"),
        }
    }
}

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// Convolution; weights `[out, in, kernel, kernel]`, and a bias if there is one.
    Conv(Window),
    /// Convolution of each channel by itself; weights `[channels, 1, kernel, kernel]`, and a bias if there is one.
    DepthwiseConv(Window),
    /// Batch normalisation over images and pixels; gamma, beta, running mean, running variance.
    BatchNorm {
        /// How much of a running mean stays with each step.
        momentum: f32,
        /// Added to the variance.
        epsilon: f32,
    },
    /// Largest value of each window.
    MaxPool(Pooling),
    /// Mean of each window.
    AveragePool(Pooling),
    /// Fully connected; weights `[out, in]`, and a bias if there is one.
    Dense {
        /// Fan-in.
        inputs: usize,
        /// Fan-out.
        outputs: usize,
    },
    /// max(x, 0)
    Relu,
    /// x where positive, else slope · x.
    LeakyRelu {
        /// Factor of negative values.
        slope: f32,
    },
    /// x where positive, else a learned slope of its channel times x; slopes.
    Prelu,
    /// x · Φ(x)
    Gelu,
    /// x / (1 + e⁻ˣ)
    Silu,
    /// Inverted dropout.
    Dropout {
        /// Share of values dropped.
        rate: f32,
    },
    /// An image as one row.
    Flatten,
    /// The sum of what the layer takes and another value, of the same shape.
    Add(Value),
}

/// What flows through a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// The images.
    Images,
    /// What the layer of this index gives.
    Layer(usize),
}

/// What a tensor of parameters is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Weights of a convolution `[out, in, kernel, kernel]` or of a dense layer `[out, in]`.
    Weight,
    /// Weights of a depthwise convolution, `[channels, 1, kernel, kernel]`.
    DepthwiseWeight,
    /// Bias `[out]`.
    Bias,
    /// Slope of a PReLU's negative values, `[channels]`.
    Slope,
    /// Standard deviation after batch normalisation, `[channels]`.
    Gamma,
    /// Mean after batch normalisation, `[channels]`.
    Beta,
    /// Running mean before batch normalisation, `[channels]`: not trained, but followed.
    RunningMean,
    /// Running variance before batch normalisation, `[channels]`: not trained, but followed.
    RunningVariance,
}

impl Role {
    /// Whether gradients change it.
    pub fn is_trained(self) -> bool {
        !matches!(self, Role::RunningMean | Role::RunningVariance)
    }

    /// Whether weight decay concerns it.
    pub fn decays(self) -> bool {
        matches!(self, Role::Weight | Role::DepthwiseWeight)
    }
}

/// A named tensor of parameters and where it lies in the contiguous slice of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `LAYER.weight`, `LAYER.bias`, `LAYER.slope`, `LAYER.gamma`, `LAYER.beta`, `LAYER.running_mean` or
    /// `LAYER.running_variance`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// As said at its role.
    pub shape: Vec<usize>,
    /// Position in the slice of all parameters.
    pub range: Range<usize>,
    /// Inputs and outputs that a weight connects, for initialisation; `None` for all else.
    pub fans: Option<(usize, usize)>,
}

/// One layer with its shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Kind and number within the kind: `conv1`, `dense2`, …
    pub name: String,
    /// Which of the recipe's outermost list it comes from, counted from 1.
    pub position: usize,
    /// What it computes.
    pub operation: Operation,
    /// Activation named inside the layer, computed after the operation.
    pub activation: Option<Activation>,
    /// Which value it takes.
    pub from: Value,
    /// Shape of what it takes, per image.
    pub input: Shape,
    /// Shape of what it gives, per image.
    pub output: Shape,
    /// Its own tensors in [`Network::parameters`], in the order that its operation names.
    pub parameters: Range<usize>,
}

impl Layer {
    /// The layer's class in Keras, as `summary` prints it.
    pub fn keras_class(&self) -> &'static str {
        match self.operation {
            Operation::Conv(_) => "Conv2D",
            Operation::DepthwiseConv(_) => "DepthwiseConv2D",
            Operation::BatchNorm { .. } => "BatchNormalization",
            Operation::MaxPool(pooling) => pooling.keras_class(["MaxPooling2D", "GlobalMaxPooling2D"]),
            Operation::AveragePool(pooling) => pooling.keras_class(["AveragePooling2D", "GlobalAveragePooling2D"]),
            Operation::Dense { .. } => "Dense",
            Operation::Relu => "ReLU",
            Operation::LeakyRelu { .. } => "LeakyReLU",
            Operation::Prelu => "PReLU",
            Operation::Dropout { .. } => "Dropout",
            Operation::Gelu => "GELU",
            Operation::Silu => "SiLU",
            Operation::Flatten => "Flatten",
            Operation::Add(_) => "Add",
        }
    }

    /// Multiply-adds of the forward pass, per image, computed directly.
    pub fn multiply_adds(&self) -> u64 {
        match self.operation {
            Operation::Conv(Window { input, output, size, .. }) => (output.len() * size * size * input.channels) as u64,
            Operation::DepthwiseConv(Window { output, size, .. }) => (output.len() * size * size) as u64,
            Operation::Dense { inputs, outputs } => (inputs * outputs) as u64,
            _ => 0,
        }
    }
}

/// A checked list of layers: shapes fit, sizes are bounded, the end is a softmax over the classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Shape of the images it takes.
    pub input: ImageShape,
    /// Number of classes it tells apart.
    pub classes: usize,
    /// From the images to the probabilities.
    pub layers: Vec<Layer>,
    /// Every parameter tensor, in the order of the layers.
    pub parameters: Vec<Parameter>,
    /// How many values, from the first, training leaves as they are. Batch normalisation with such values works as outside
    /// training, and no gradient goes back to where there is nothing else.
    pub frozen: usize,
}

/// Why layers do not make a network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NetworkError {
    /// A layer does not fit what comes before it.
    #[error("layer {position} ({name}) {problem}")]
    Layer {
        /// Counted from 1.
        position: usize,
        /// The layer's name.
        name: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Nothing could be learned from such images.
    #[error(
        "images of {height}×{width}×{channels} are not between 1×1×1 and {LARGEST_SIDE}×{LARGEST_SIDE}×{MOST_CHANNELS}"
    )]
    Images {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Values per pixel.
        channels: usize,
    },
    /// There are no classes, or too many.
    #[error("{0} classes are not between 1 and {MOST_CLASSES}")]
    Classes(usize),
    /// The list is too long.
    #[error("there are more than the {MOST_LAYERS} layers that a network may have: leave some out")]
    TooDeep,
    /// Nothing would be left to train.
    #[error("{frozen} layers cannot be frozen, since the network has {layers}: freeze fewer")]
    AllFrozen {
        /// How many were to be frozen.
        frozen: usize,
        /// Layers of the recipe's list.
        layers: usize,
    },
    /// The list does not end in class probabilities.
    #[error(
        "the last layer must be a dense layer of {classes} units with activation \"softmax\", \
         one unit for each class of the data, but it is {found}"
    )]
    End {
        /// Classes of the data.
        classes: usize,
        /// What the last layer is.
        found: String,
    },
}

impl Network {
    /// Shape after the last layer.
    pub fn output(&self) -> Shape {
        self.layers.last().map_or(Shape::Image(self.input), |layer| layer.output)
    }

    /// Values in all parameter tensors together.
    pub fn parameter_count(&self) -> usize {
        self.parameters.last().map_or(0, |parameter| parameter.range.end)
    }

    /// The same with the layers of `freeze` left as they are by training.
    ///
    /// # Errors
    /// When no layer would be left to train.
    pub fn freezing(mut self, freeze: Option<Freeze>) -> Result<Self, NetworkError> {
        let last = self.layers.len().saturating_sub(1);
        let first_trained = match freeze {
            None => 0,
            Some(Freeze::Named(NamedFreeze::AllButLast)) => last,
            Some(Freeze::Layers(frozen)) => {
                let layers = self.layers.last().map_or(0, |layer| layer.position);
                let trained = self.layers.iter().position(|layer| layer.position > frozen);
                trained.ok_or(NetworkError::AllFrozen { frozen, layers })?
            }
        };
        let parameter = self.layers.get(first_trained).and_then(|layer| self.parameters.get(layer.parameters.start));
        self.frozen = parameter.map_or(0, |parameter| parameter.range.start);
        Ok(self)
    }

    /// Whether training leaves a tensor as it is.
    pub fn is_frozen(&self, parameter: &Parameter) -> bool {
        parameter.range.start < self.frozen
    }

    /// Whether gradients change a tensor.
    pub fn is_trained(&self, parameter: &Parameter) -> bool {
        parameter.role.is_trained() && !self.is_frozen(parameter)
    }

    /// Values in the parameter tensors that gradients change.
    pub fn trained_count(&self) -> usize {
        let trained = self.parameters.iter().filter(|parameter| self.is_trained(parameter));
        trained.map(|parameter| parameter.range.len()).sum()
    }

    /// Multiply-adds of the forward pass, per image, computed directly.
    pub fn multiply_adds(&self) -> u64 {
        self.layers.iter().map(Layer::multiply_adds).fold(0, u64::saturating_add)
    }

    /// Shape of a value.
    pub fn shape(&self, value: Value) -> Shape {
        match value {
            Value::Images => Shape::Image(self.input),
            Value::Layer(layer) => self.layers[layer].output,
        }
    }

    /// Values of the features: what the last layer, the classifier, takes.
    pub fn feature_count(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.input.len())
    }

    fn ends_in_softmax(&self) -> bool {
        self.layers.last().is_some_and(|layer| layer.activation == Some(Activation::Softmax))
    }
}
