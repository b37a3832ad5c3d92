//! A checked list of layers with inferred shapes: what a recipe's layers mean for images of one shape.

use std::fmt;
use std::ops::Range;

use modiste_data::ImageShape;

use crate::recipe::{Activation, LayerRecipe, Padding};

/// More values than this in one layer's output or parameters are refused: no small image needs them.
const LARGEST: usize = 1 << 28;

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

/// Geometry of a sliding window: convolution or pooling over an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// What the window slides over.
    pub input: ImageShape,
    /// What comes out.
    pub output: ImageShape,
    /// Rows and columns of the window.
    pub size: usize,
    /// Step between windows.
    pub stride: usize,
    /// Rows of zeros above the input.
    pub pad_top: usize,
    /// Columns of zeros left of the input.
    pub pad_left: usize,
}

impl Window {
    /// Infers the output of windows of `size` every `stride`, as Keras does. `None` if no window fits.
    pub fn new(input: ImageShape, size: usize, stride: usize, padding: Padding, channels: usize) -> Option<Self> {
        let (height, pad_top) = Self::slide(input.height, size, stride, padding)?;
        let (width, pad_left) = Self::slide(input.width, size, stride, padding)?;
        Some(Self { input, output: ImageShape { height, width, channels }, size, stride, pad_top, pad_left })
    }

    /// Number of positions along one side, and how much padding precedes the first.
    fn slide(side: usize, size: usize, stride: usize, padding: Padding) -> Option<(usize, usize)> {
        match padding {
            Padding::Valid => Some(((side.checked_sub(size)?) / stride + 1, 0)),
            Padding::Same => {
                let positions = side.div_ceil(stride);
                let covered = (positions.checked_sub(1)?) * stride + size;
                Some((positions, covered.saturating_sub(side) / 2))
            }
        }
    }
}

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// Convolution with bias; weights `[out, in, kernel, kernel]`.
    Conv(Window),
    /// Largest value of each window.
    MaxPool(Window),
    /// Fully connected with bias; weights `[out, in]`.
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
    /// Inverted dropout.
    Dropout {
        /// Share of values dropped.
        rate: f32,
    },
    /// An image as one row.
    Flatten,
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
    /// `LAYER.weight`, `LAYER.bias`, `LAYER.gamma`, `LAYER.beta`, `LAYER.running_mean` or `LAYER.running_variance`.
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
    /// What it computes.
    pub operation: Operation,
    /// Activation named inside the layer, computed after the operation.
    pub activation: Option<Activation>,
    /// What it takes, per image.
    pub input: Shape,
    /// What it gives, per image.
    pub output: Shape,
    /// Index into [`Network::parameters`] of the weight; the bias follows it.
    pub weight: Option<usize>,
}

impl Layer {
    /// The layer's class in Keras, as `summary` prints it.
    pub fn keras_class(&self) -> &'static str {
        match self.operation {
            Operation::Conv(_) => "Conv2D",
            Operation::MaxPool(_) => "MaxPooling2D",
            Operation::Dense { .. } => "Dense",
            Operation::Relu => "ReLU",
            Operation::LeakyRelu { .. } => "LeakyReLU",
            Operation::Dropout { .. } => "Dropout",
            Operation::Flatten => "Flatten",
        }
    }

    /// Multiply-adds of the forward pass, per image, computed directly.
    pub fn multiply_adds(&self) -> u64 {
        match self.operation {
            Operation::Conv(Window { input, output, size, .. }) => (output.len() * size * size * input.channels) as u64,
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
    #[error("{0} layers are more than the {MOST_LAYERS} that a network may have")]
    TooDeep(usize),
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
    /// Multiply-adds of the forward pass, per image, computed directly.
    pub fn multiply_adds(&self) -> u64 {
        self.layers.iter().map(Layer::multiply_adds).fold(0, u64::saturating_add)
    }

    /// Infers every shape for images of shape `input` and `classes` classes.
    ///
    /// # Errors
    /// When a layer does not fit the one before, has a value out of range, the end is not a softmax over the classes, or
    /// there are too many layers.
    pub fn new(recipes: &[LayerRecipe], input: ImageShape, classes: usize) -> Result<Self, NetworkError> {
        let ImageShape { height, width, channels } = input;
        let side = 1..=LARGEST_SIDE;
        if !(side.contains(&height) && side.contains(&width) && (1..=MOST_CHANNELS).contains(&channels)) {
            return Err(NetworkError::Images { height, width, channels });
        }
        if !(1..=MOST_CLASSES).contains(&classes) {
            return Err(NetworkError::Classes(classes));
        }
        if recipes.len() > MOST_LAYERS {
            return Err(NetworkError::TooDeep(recipes.len()));
        }
        let mut network = Self { input, classes, layers: Vec::new(), parameters: Vec::new() };
        for (index, recipe) in recipes.iter().enumerate() {
            let shape = network.output();
            let stem = stem(recipe);
            let number = recipes[..=index].iter().filter(|other| self::stem(other) == stem).count();
            let name = format!("{stem}{number}");
            network
                .push(recipe, name.clone(), shape)
                .and_then(|()| match recipe {
                    _ if index + 1 < recipes.len() && network.ends_in_softmax() => {
                        Err("has activation \"softmax\", which only the last layer may have".to_owned())
                    }
                    _ => Ok(()),
                })
                .map_err(|problem| NetworkError::Layer { position: index + 1, name, problem })?;
        }
        if network.ends_in_softmax() && network.output() == Shape::Flat(classes) {
            Ok(network)
        } else {
            let found = match network.layers.last() {
                None => "missing".to_owned(),
                Some(Layer { operation: Operation::Dense { outputs, .. }, activation, .. }) => {
                    let softmax = if *activation == Some(Activation::Softmax) { "" } else { " without softmax" };
                    format!("a dense layer of {outputs} units{softmax}")
                }
                Some(layer) => layer.name.clone(),
            };
            Err(NetworkError::End { classes, found })
        }
    }

    /// Shape after the last layer.
    pub fn output(&self) -> Shape {
        self.layers.last().map_or(Shape::Image(self.input), |layer| layer.output)
    }

    /// Values in all parameter tensors together.
    pub fn parameter_count(&self) -> usize {
        self.parameters.last().map_or(0, |parameter| parameter.range.end)
    }

    /// Values of the features: what the last layer, the classifier, takes.
    pub fn feature_count(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.input.len())
    }

    fn ends_in_softmax(&self) -> bool {
        self.layers.last().is_some_and(|layer| layer.activation == Some(Activation::Softmax))
    }

    /// Appends one layer, or says what is wrong with it.
    fn push(&mut self, recipe: &LayerRecipe, name: String, input: Shape) -> Result<(), String> {
        let activation = match *recipe {
            LayerRecipe::Conv { activation, .. } | LayerRecipe::Dense { activation, .. } => activation,
            _ => None,
        };
        let operation = operation(recipe, input)?;
        let output = match operation {
            Operation::Conv(window) | Operation::MaxPool(window) => Shape::Image(window.output),
            Operation::Dense { outputs, .. } => Shape::Flat(outputs),
            Operation::Flatten => Shape::Flat(input.len()),
            Operation::Relu | Operation::LeakyRelu { .. } | Operation::Dropout { .. } => input,
        };
        if output.len() > LARGEST {
            return Err(format!("would give {} values per image: make it smaller", output.len()));
        }
        let weight = match operation {
            Operation::Conv(Window { input, output, size, .. }) => {
                let fans = (input.channels * size * size, output.channels * size * size);
                Some(self.add_parameters(&name, vec![output.channels, input.channels, size, size], fans)?)
            }
            Operation::Dense { inputs, outputs } => {
                Some(self.add_parameters(&name, vec![outputs, inputs], (inputs, outputs))?)
            }
            _ => None,
        };
        self.layers.push(Layer { name, operation, activation, input, output, weight });
        Ok(())
    }

    /// Appends a weight and its bias; gives the weight's index.
    fn add_parameters(&mut self, layer: &str, shape: Vec<usize>, fans: (usize, usize)) -> Result<usize, String> {
        let count = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        let count = count.filter(|&count| count <= LARGEST).ok_or("would have too many parameters: make it smaller")?;
        let start = self.parameter_count();
        let outputs = shape[0];
        let index = self.parameters.len();
        let (weight, bias) = (start..start + count, start + count..start + count + outputs);
        self.parameters.push(Parameter {
            name: format!("{layer}.weight"),
            role: Role::Weight,
            shape,
            range: weight,
            fans: Some(fans),
        });
        self.parameters.push(Parameter {
            name: format!("{layer}.bias"),
            role: Role::Bias,
            shape: vec![outputs],
            range: bias,
            fans: None,
        });
        Ok(index)
    }
}

/// What layers of this kind are called, before their number.
fn stem(recipe: &LayerRecipe) -> &'static str {
    match recipe {
        LayerRecipe::Conv { .. } => "conv",
        LayerRecipe::MaxPool { .. } => "max_pool",
        LayerRecipe::Dense { .. } => "dense",
        LayerRecipe::Relu {} => "relu",
        LayerRecipe::LeakyRelu { .. } => "leaky_relu",
        LayerRecipe::Dropout { .. } => "dropout",
        LayerRecipe::Flatten {} => "flatten",
        _ => "layer",
    }
}

/// Checks a layer's own values against what it is given.
fn operation(recipe: &LayerRecipe, input: Shape) -> Result<Operation, String> {
    let image = || match input {
        Shape::Image(shape) => Ok(shape),
        Shape::Flat(_) => Err("needs an image, but what comes before it is flat: put it before the flatten layer"),
    };
    let in_range = |what: &str, value: usize, largest: usize| {
        if (1..=largest).contains(&value) {
            Ok(())
        } else {
            Err(format!("has {what} {value}, which must be between 1 and {largest}"))
        }
    };
    match *recipe {
        LayerRecipe::Conv { filters, kernel, stride, padding, activation, .. } => {
            in_range("filters", filters, 65_536)?;
            in_range("kernel", kernel, 255)?;
            in_range("stride", stride, 255)?;
            if kernel % 2 == 0 {
                return Err(format!("has kernel {kernel}, which must be odd"));
            }
            if activation == Some(Activation::Softmax) {
                return Err("has activation \"softmax\", which only the last dense layer may have".to_owned());
            }
            let window = Window::new(image()?, kernel, stride, padding, filters);
            window.map(Operation::Conv).ok_or_else(|| {
                format!("has kernel {kernel}, larger than its input {input}: use padding \"same\" or fewer layers")
            })
        }
        LayerRecipe::MaxPool { size, stride } => {
            in_range("size", size, 15)?;
            let stride = stride.unwrap_or(size);
            in_range("stride", stride, 255)?;
            let window = Window::new(image()?, size, stride, Padding::Valid, image()?.channels);
            window.map(Operation::MaxPool).ok_or_else(|| format!("has size {size}, larger than its input {input}"))
        }
        LayerRecipe::Dense { units, .. } => {
            in_range("units", units, 65_536)?;
            match input {
                Shape::Flat(inputs) => Ok(Operation::Dense { inputs, outputs: units }),
                Shape::Image(_) => Err("needs a flat input: put a flatten layer before it".to_owned()),
            }
        }
        LayerRecipe::Relu {} => Ok(Operation::Relu),
        LayerRecipe::LeakyRelu { slope } => {
            if slope.is_finite() && (0.0..=1.0).contains(&slope) {
                Ok(Operation::LeakyRelu { slope })
            } else {
                Err(format!("has slope {slope}, which must lie in [0, 1]"))
            }
        }
        LayerRecipe::Dropout { rate } => {
            if (0.0..1.0).contains(&rate) {
                Ok(Operation::Dropout { rate })
            } else {
                Err(format!("has rate {rate}, which must lie in [0, 1)"))
            }
        }
        LayerRecipe::Flatten {} => Ok(Operation::Flatten),
        _ => Err("is not there yet".to_owned()),
    }
}
