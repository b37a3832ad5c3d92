//! From a recipe's layers to a network: every shape inferred, every value checked.

use std::collections::BTreeMap;

use modiste_data::ImageShape;

use super::{
    LARGEST_SIDE, Layer, MOST_CHANNELS, MOST_CLASSES, MOST_LAYERS, Network, NetworkError, Operation, Parameter,
    Pooling, Role, Shape, Value, Window,
};
use crate::recipe::{Activation, LayerRecipe, Padding};

/// More values than this in one layer's output or parameters are refused: no small image needs them.
const LARGEST: usize = 1 << 28;

/// Pixels of a window of max-pooling at most: executors keep which one was the largest in a byte.
const MOST_TAPS: usize = 256;

impl Network {
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
        let network = Builder::new(input, classes).build(recipes)?;
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
}

/// A network that grows layer by layer.
struct Builder {
    network: Network,
    /// Layers of each kind so far.
    counts: BTreeMap<&'static str, usize>,
    /// Layer of the recipe's outermost list that is being added, from 1.
    position: usize,
}

impl Builder {
    /// Begins with images of shape `input`.
    pub(super) fn new(input: ImageShape, classes: usize) -> Self {
        let network = Network { input, classes, layers: Vec::new(), parameters: Vec::new(), frozen: 0 };
        Self { network, counts: BTreeMap::new(), position: 0 }
    }

    /// Adds all layers, one behind the other.
    pub(super) fn build(mut self, recipes: &[LayerRecipe]) -> Result<Network, NetworkError> {
        let mut value = Value::Images;
        for (index, recipe) in recipes.iter().enumerate() {
            self.position = index + 1;
            value = self.layer(recipe, value)?;
            if index + 1 < recipes.len() && self.network.ends_in_softmax() {
                let name = self.network.layers.last().map_or_else(String::new, |layer| layer.name.clone());
                return Err(self.wrong(name, "has activation \"softmax\", which only the last layer may have"));
            }
        }
        Ok(self.network)
    }

    fn wrong(&self, name: String, problem: impl Into<String>) -> NetworkError {
        NetworkError::Layer { position: self.position, name, problem: problem.into() }
    }

    /// The next name of a kind of layers.
    fn name(&mut self, recipe: &LayerRecipe) -> String {
        let kind = kind_name(recipe);
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        format!("{kind}{count}")
    }

    /// Adds what a recipe's layer stands for behind a value; gives the value that comes out.
    fn layer(&mut self, recipe: &LayerRecipe, from: Value) -> Result<Value, NetworkError> {
        let name = self.name(recipe);
        match recipe {
            LayerRecipe::Residual { layers, shortcut } => {
                let through = self.branch(&name, layers, from)?;
                let around = self.branch(&name, shortcut, from)?;
                let (out, other) = (self.network.shape(through), self.network.shape(around));
                if out != other {
                    let by = match out {
                        Shape::Image(_) => "a convolution of kernel 1",
                        Shape::Flat(_) => "a dense layer",
                    };
                    let hint = format!("make both alike, for example by {by} in the shortcut");
                    return Err(self.wrong(name, format!("adds {other} to {out}: {hint}")));
                }
                self.push(name, Operation::Add(around), None, false, through)
            }
            LayerRecipe::SeparableConv { filters, kernel, stride, padding, bias, activation } => {
                let [depthwise, pointwise] = [
                    LayerRecipe::DepthwiseConv {
                        kernel: *kernel,
                        stride: *stride,
                        padding: *padding,
                        bias: false,
                        activation: None,
                    },
                    LayerRecipe::Conv {
                        filters: *filters,
                        kernel: 1,
                        stride: 1,
                        padding: Padding::Valid,
                        bias: *bias,
                        activation: *activation,
                    },
                ];
                let value = self.single(&depthwise, format!("{name}.depthwise"), from)?;
                self.single(&pointwise, format!("{name}.pointwise"), value)
            }
            single => self.single(single, name, from),
        }
    }

    /// Adds the layers of one way of a residual block.
    fn branch(&mut self, name: &str, layers: &[LayerRecipe], from: Value) -> Result<Value, NetworkError> {
        let mut value = from;
        for layer in layers {
            value = self.layer(layer, value)?;
            if self.network.ends_in_softmax() {
                let problem = "has activation \"softmax\" inside, which only the last layer may have";
                return Err(self.wrong(name.to_owned(), problem));
            }
        }
        Ok(value)
    }

    /// Adds a layer that is one operation.
    fn single(&mut self, recipe: &LayerRecipe, name: String, from: Value) -> Result<Value, NetworkError> {
        let (activation, bias) = match *recipe {
            LayerRecipe::Conv { activation, bias, .. }
            | LayerRecipe::DepthwiseConv { activation, bias, .. }
            | LayerRecipe::Dense { activation, bias, .. } => (activation, bias),
            _ => (None, false),
        };
        let operation = operation(recipe, self.network.shape(from), self.network.classes)
            .map_err(|problem| self.wrong(name.clone(), problem))?;
        self.push(name, operation, activation, bias, from)
    }

    /// Appends one layer.
    fn push(
        &mut self,
        name: String,
        operation: Operation,
        activation: Option<Activation>,
        bias: bool,
        from: Value,
    ) -> Result<Value, NetworkError> {
        let input = self.network.shape(from);
        let output = output(operation, input);
        if output.len() > LARGEST {
            return Err(self.wrong(name, format!("would give {} values per image: make it smaller", output.len())));
        }
        if self.network.layers.len() == MOST_LAYERS {
            return Err(NetworkError::TooDeep);
        }
        let first = self.network.parameters.len();
        self.add_parameters(&name, operation, input, bias).map_err(|problem| self.wrong(name.clone(), problem))?;
        let parameters = first..self.network.parameters.len();
        let position = self.position;
        self.network.layers.push(Layer { name, position, operation, activation, from, input, output, parameters });
        Ok(Value::Layer(self.network.layers.len() - 1))
    }

    /// Appends the tensors of a layer.
    fn add_parameters(&mut self, layer: &str, operation: Operation, input: Shape, bias: bool) -> Result<(), String> {
        let mut add = |kind: &str, role, shape: Vec<usize>, fans| self.add_parameter(layer, kind, role, shape, fans);
        let outputs = match operation {
            Operation::Conv(Window { input, output, size, .. }) => {
                let fans = (input.channels * size * size, output.channels * size * size);
                add("weight", Role::Weight, vec![output.channels, input.channels, size, size], Some(fans))?;
                output.channels
            }
            Operation::DepthwiseConv(Window { output, size, .. }) => {
                let shape = vec![output.channels, 1, size, size];
                add("weight", Role::DepthwiseWeight, shape, Some((size * size, size * size)))?;
                output.channels
            }
            Operation::Dense { inputs, outputs } => {
                add("weight", Role::Weight, vec![outputs, inputs], Some((inputs, outputs)))?;
                outputs
            }
            Operation::BatchNorm { .. } => {
                let channels = channels(input);
                add("gamma", Role::Gamma, vec![channels], None)?;
                add("beta", Role::Beta, vec![channels], None)?;
                add("running_mean", Role::RunningMean, vec![channels], None)?;
                add("running_variance", Role::RunningVariance, vec![channels], None)?;
                channels
            }
            Operation::Prelu => {
                let channels = channels(input);
                add("slope", Role::Slope, vec![channels], None)?;
                channels
            }
            _ => 0,
        };
        if bias { add("bias", Role::Bias, vec![outputs], None) } else { Ok(()) }
    }

    fn add_parameter(
        &mut self,
        layer: &str,
        kind: &str,
        role: Role,
        shape: Vec<usize>,
        fans: Option<(usize, usize)>,
    ) -> Result<(), String> {
        let count = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        let count = count.filter(|&count| count <= LARGEST).ok_or("would have too many parameters: make it smaller")?;
        let start = self.network.parameter_count();
        let (name, range) = (format!("{layer}.{kind}"), start..start + count);
        self.network.parameters.push(Parameter { name, role, shape, range, fans });
        Ok(())
    }
}

/// Channels of an image, or units of a row.
fn channels(shape: Shape) -> usize {
    match shape {
        Shape::Image(image) => image.channels,
        Shape::Flat(units) => units,
    }
}

/// What an operation makes of a shape.
fn output(operation: Operation, input: Shape) -> Shape {
    match operation {
        Operation::Conv(window) | Operation::DepthwiseConv(window) => Shape::Image(window.output),
        Operation::MaxPool(pooling) | Operation::AveragePool(pooling) if pooling.global => {
            Shape::Flat(pooling.output.channels)
        }
        Operation::MaxPool(pooling) | Operation::AveragePool(pooling) => Shape::Image(pooling.output),
        Operation::Dense { outputs, .. } => Shape::Flat(outputs),
        Operation::Flatten => Shape::Flat(input.len()),
        Operation::BatchNorm { .. }
        | Operation::Relu
        | Operation::LeakyRelu { .. }
        | Operation::Prelu
        | Operation::Gelu
        | Operation::Silu
        | Operation::Dropout { .. }
        | Operation::Add(_) => input,
    }
}

/// What layers of this kind are called, before their number.
fn kind_name(recipe: &LayerRecipe) -> &'static str {
    match recipe {
        LayerRecipe::Conv { .. } => "conv",
        LayerRecipe::DepthwiseConv { .. } => "depthwise_conv",
        LayerRecipe::SeparableConv { .. } => "separable_conv",
        LayerRecipe::BatchNorm { .. } => "batch_norm",
        LayerRecipe::MaxPool { .. } => "max_pool",
        LayerRecipe::AveragePool { .. } => "average_pool",
        LayerRecipe::GlobalMaxPool {} => "global_max_pool",
        LayerRecipe::GlobalAveragePool {} => "global_average_pool",
        LayerRecipe::Dense { .. } => "dense",
        LayerRecipe::Relu {} => "relu",
        LayerRecipe::LeakyRelu { .. } => "leaky_relu",
        LayerRecipe::Prelu {} => "prelu",
        LayerRecipe::Gelu {} => "gelu",
        LayerRecipe::Silu {} => "silu",
        LayerRecipe::Dropout { .. } => "dropout",
        LayerRecipe::Flatten {} => "flatten",
        LayerRecipe::Residual { .. } => "residual",
    }
}

fn in_range(what: &str, value: usize, largest: usize) -> Result<(), String> {
    if (1..=largest).contains(&value) {
        Ok(())
    } else {
        Err(format!("has {what} {value}, which must be between 1 and {largest}"))
    }
}

/// Refuses softmax as a convolution's activation.
fn not_softmax(activation: Option<Activation>) -> Result<(), String> {
    if activation == Some(Activation::Softmax) {
        return Err("has activation \"softmax\", which only the last dense layer may have".to_owned());
    }
    Ok(())
}

/// The windows of a convolution.
fn convolution(
    input: ImageShape,
    kernel: usize,
    stride: usize,
    padding: Padding,
    channels: usize,
) -> Result<Window, String> {
    in_range("kernel", kernel, 255)?;
    in_range("stride", stride, 255)?;
    if kernel.is_multiple_of(2) {
        return Err(format!("has kernel {kernel}, which must be odd"));
    }
    Window::new(input, kernel, stride, padding, channels).ok_or_else(|| {
        let input = Shape::Image(input);
        format!("has kernel {kernel}, larger than its input {input}: use padding \"same\" or fewer layers")
    })
}

/// The windows of pooling.
fn pooling(input: ImageShape, size: usize, stride: Option<usize>) -> Result<Pooling, String> {
    in_range("size", size, 15)?;
    let stride = stride.unwrap_or(size);
    in_range("stride", stride, 255)?;
    Pooling::new(input, size, stride)
        .ok_or_else(|| format!("has size {size}, larger than its input {}", Shape::Image(input)))
}

/// Checks a layer's own values against what it is given.
fn operation(recipe: &LayerRecipe, input: Shape, classes: usize) -> Result<Operation, String> {
    let image = || match input {
        Shape::Image(shape) => Ok(shape),
        Shape::Flat(_) => {
            Err("needs an image, but what comes before it is flat: put it before the layer that makes it so".to_owned())
        }
    };
    match *recipe {
        LayerRecipe::Conv { filters, kernel, stride, padding, activation, .. } => {
            in_range("filters", filters, 65_536)?;
            not_softmax(activation)?;
            convolution(image()?, kernel, stride, padding, filters).map(Operation::Conv)
        }
        LayerRecipe::DepthwiseConv { kernel, stride, padding, activation, .. } => {
            not_softmax(activation)?;
            convolution(image()?, kernel, stride, padding, image()?.channels).map(Operation::DepthwiseConv)
        }
        LayerRecipe::BatchNorm { momentum, epsilon } => {
            if !(0.0..1.0).contains(&momentum) {
                return Err(format!("has momentum {momentum}, which must lie in [0, 1)"));
            }
            if !(epsilon.is_normal() && epsilon > 0.0) {
                return Err(format!("has epsilon {epsilon}, which must be a positive number"));
            }
            Ok(Operation::BatchNorm { momentum, epsilon })
        }
        LayerRecipe::MaxPool { size, stride } => pooling(image()?, size, stride).map(Operation::MaxPool),
        LayerRecipe::AveragePool { size, stride } => pooling(image()?, size, stride).map(Operation::AveragePool),
        LayerRecipe::GlobalMaxPool {} => {
            let pooling = Pooling::global(image()?);
            if pooling.taps() > MOST_TAPS {
                return Err(format!("takes {input}, more than {MOST_TAPS} pixels: pool by windows before it"));
            }
            Ok(Operation::MaxPool(pooling))
        }
        LayerRecipe::GlobalAveragePool {} => Ok(Operation::AveragePool(Pooling::global(image()?))),
        LayerRecipe::Dense { units, activation, .. } => {
            let classes = (activation == Some(Activation::Softmax)).then_some(classes);
            let units = units.or(classes).ok_or(
                "needs units: only the last layer, with activation \"softmax\", may leave them to the data's classes",
            )?;
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
        LayerRecipe::Prelu {} => Ok(Operation::Prelu),
        LayerRecipe::Gelu {} => Ok(Operation::Gelu),
        LayerRecipe::Silu {} => Ok(Operation::Silu),
        LayerRecipe::Dropout { rate } => {
            if (0.0..1.0).contains(&rate) {
                Ok(Operation::Dropout { rate })
            } else {
                Err(format!("has rate {rate}, which must lie in [0, 1)"))
            }
        }
        LayerRecipe::Flatten {} => Ok(Operation::Flatten),
        LayerRecipe::SeparableConv { .. } | LayerRecipe::Residual { .. } => {
            unreachable!("layers of several operations are taken apart before")
        }
    }
}
