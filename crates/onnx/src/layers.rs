//! The layers of a network as nodes, images in the order channel, height, width.

use modiste_data::ImageShape;
use modiste_network::{Activation, Layer, Model, Operation, Pooling, Role, Shape, Value, Window};

use super::graph::{Graph, float, integer, integers};
use super::normalisation::{Affine, foldable, without_dropout};

/// Writes the network of a model, once for each view of an image. Constants are shared.
pub(crate) struct Layers<'a> {
    model: &'a Model,
    /// For each layer the batch normalisation that is part of its weights.
    folded: Vec<Option<usize>>,
}

impl<'a> Layers<'a> {
    /// Of this model.
    pub(crate) fn new(model: &'a Model) -> Self {
        Self { model, folded: foldable(&model.network) }
    }

    /// Adds all layers behind the scaled images `[batch, channels, height, width]`, with `prefix` before the names of their
    /// values; the last value is called `logits`.
    pub(crate) fn write(&self, graph: &mut Graph, images: &str, prefix: &str, logits: &str) {
        let network = &self.model.network;
        let mut values: Vec<String> = Vec::with_capacity(network.layers.len());
        for (index, layer) in network.layers.iter().enumerate() {
            let of = |value| match without_dropout(network, value) {
                Value::Images => images.to_owned(),
                Value::Layer(layer) => values[layer].clone(),
            };
            let is_last = index + 1 == network.layers.len();
            let name = if is_last { logits.to_owned() } else { format!("{prefix}{}", layer.name) };
            let input = of(layer.from);
            let other = if let Operation::Add(other) = layer.operation { of(other) } else { String::new() };
            values.push(self.layer(graph, index, name, &input, &other));
        }
    }

    /// Adds a layer that gives a value called `name`; `other` is what it adds to its input, if it adds. Gives the name of what
    /// the layer gives.
    fn layer(&self, graph: &mut Graph, index: usize, name: String, input: &str, other: &str) -> String {
        let layer = &self.model.network.layers[index];
        let inner = match layer.activation {
            Some(Activation::Relu | Activation::Gelu | Activation::Silu) => format!("{name}/linear"),
            Some(Activation::Softmax) | None => name.clone(),
        };
        let value = match layer.operation {
            Operation::Conv(window) => self.convolution(graph, index, &window, 1, inner, input),
            Operation::DepthwiseConv(window) => {
                self.convolution(graph, index, &window, window.output.channels, inner, input)
            }
            Operation::Dense { inputs, outputs } => {
                let (weight, bias) = self.weights(graph, index, &[outputs, inputs]);
                let operands: Vec<&str> = [Some(input), Some(&weight), bias.as_deref()].into_iter().flatten().collect();
                graph.node("Gemm", inner, &operands, vec![integer("transB", 1)])
            }
            Operation::BatchNorm { .. } if self.folded.contains(&Some(index)) => input.to_owned(),
            Operation::BatchNorm { .. } => {
                let Affine { scale, shift } = self.normalisation(index);
                let shape = channel_shape(layer.input);
                let scale = graph.floats(format!("{}.scale", layer.name), &shape, &scale);
                let shift = graph.floats(format!("{}.shift", layer.name), &shape, &shift);
                let scaled = graph.node("Mul", format!("{inner}/scaled"), &[input, &scale], Vec::new());
                graph.node("Add", inner, &[&scaled, &shift], Vec::new())
            }
            Operation::MaxPool(pooling) => pool(graph, ["MaxPool", "GlobalMaxPool"], &pooling, inner, input),
            Operation::AveragePool(pooling) => {
                pool(graph, ["AveragePool", "GlobalAveragePool"], &pooling, inner, input)
            }
            Operation::Relu => graph.node("Relu", inner, &[input], Vec::new()),
            Operation::LeakyRelu { slope } => graph.node("LeakyRelu", inner, &[input], vec![float("alpha", slope)]),
            Operation::Prelu => {
                let slopes = self.tensor(layer, Role::Slope).unwrap_or_default();
                let slope = graph.floats(format!("{}.slope", layer.name), &channel_shape(layer.input), slopes);
                graph.node("PRelu", inner, &[input, &slope], Vec::new())
            }
            Operation::Gelu => gelu(graph, inner, input),
            Operation::Silu => silu(graph, inner, input),
            Operation::Dropout { .. } => input.to_owned(),
            Operation::Flatten => flatten(graph, layer.input, inner, input),
            Operation::Add(_) => graph.node("Add", inner, &[input, other], Vec::new()),
        };
        match layer.activation {
            Some(Activation::Relu) => graph.node("Relu", name, &[&value], Vec::new()),
            Some(Activation::Gelu) => gelu(graph, name, &value),
            Some(Activation::Silu) => silu(graph, name, &value),
            // The end of the graph does that, once for all views.
            Some(Activation::Softmax) | None => value,
        }
    }

    fn convolution(
        &self,
        graph: &mut Graph,
        index: usize,
        window: &Window,
        groups: usize,
        name: String,
        input: &str,
    ) -> String {
        let Window { input: from, output, size, stride, pad_top, pad_left } = *window;
        let (weight, bias) = self.weights(graph, index, &[output.channels, from.channels / groups, size, size]);
        let operands: Vec<&str> = [Some(input), Some(&weight), bias.as_deref()].into_iter().flatten().collect();
        // Zeros behind the last row or column that a window still reaches.
        let behind = |side: usize, positions: usize, before: usize| {
            ((positions - 1) * stride + size).saturating_sub(side + before)
        };
        let pads = [
            pad_top,
            pad_left,
            behind(from.height, output.height, pad_top),
            behind(from.width, output.width, pad_left),
        ];
        let attributes = vec![
            integers("kernel_shape", &[size, size]),
            integers("strides", &[stride, stride]),
            integers("pads", &pads),
            integer("group", groups as i64),
        ];
        graph.node("Conv", name, &operands, attributes)
    }

    /// The weights and the bias, if there is one, of a convolution or dense layer, with the batch normalisation behind it.
    fn weights(&self, graph: &mut Graph, index: usize, shape: &[usize]) -> (String, Option<String>) {
        let layer = &self.model.network.layers[index];
        let own = |role| self.tensor(layer, role).map(<[f32]>::to_vec);
        let mut weights = own(Role::Weight).or_else(|| own(Role::DepthwiseWeight)).unwrap_or_default();
        let mut bias = own(Role::Bias);
        if let Some(norm) = self.folded[index] {
            let bias = bias.get_or_insert_with(|| vec![0.0; shape[0]]);
            self.normalisation(norm).fold(&mut weights, bias);
        }
        let weight = graph.floats(format!("{}.weight", layer.name), shape, &weights);
        let bias = bias.map(|bias| graph.floats(format!("{}.bias", layer.name), &shape[..1], &bias));
        (weight, bias)
    }

    /// What the batch normalisation of this index does to each channel.
    fn normalisation(&self, index: usize) -> Affine {
        let layer = &self.model.network.layers[index];
        let Operation::BatchNorm { epsilon, .. } = layer.operation else {
            unreachable!("callers have found a batch normalisation at this index")
        };
        let roles = [Role::Gamma, Role::Beta, Role::RunningMean, Role::RunningVariance];
        Affine::of(roles.map(|role| self.tensor(layer, role).unwrap_or_default()), epsilon)
    }

    /// A layer's own tensor of this role.
    fn tensor(&self, layer: &Layer, role: Role) -> Option<&[f32]> {
        let Model { network, parameters, .. } = self.model;
        let mut own = network.parameters[layer.parameters.clone()].iter();
        own.find(|parameter| parameter.role == role).map(|parameter| &parameters[parameter.range.clone()])
    }
}

/// The shape of a constant with a value for each channel, as it spreads over images or rows.
fn channel_shape(shape: Shape) -> Vec<usize> {
    match shape {
        Shape::Image(ImageShape { channels, .. }) => vec![channels, 1, 1],
        Shape::Flat(units) => vec![units],
    }
}

/// Pooling by windows, or over the whole image.
fn pool(graph: &mut Graph, [windows, global]: [&str; 2], pooling: &Pooling, name: String, input: &str) -> String {
    if pooling.global {
        let pooled = graph.node(global, format!("{name}/pooled"), &[input], Vec::new());
        return graph.node("Flatten", name, &[&pooled], Vec::new());
    }
    let sizes = integers("kernel_shape", &[pooling.rows, pooling.columns]);
    graph.node(windows, name, &[input], vec![sizes, integers("strides", &[pooling.stride, pooling.stride])])
}

/// An image as one row in our order: height, width, channel.
fn flatten(graph: &mut Graph, shape: Shape, name: String, input: &str) -> String {
    let is_in_order = match shape {
        Shape::Image(ImageShape { height, width, channels }) => channels == 1 || height * width == 1,
        Shape::Flat(_) => return input.to_owned(),
    };
    if is_in_order {
        return graph.node("Flatten", name, &[input], Vec::new());
    }
    let order = integers("perm", &[0, 2, 3, 1]);
    let ordered = graph.node("Transpose", format!("{name}/ordered"), &[input], vec![order]);
    graph.node("Flatten", name, &[&ordered], Vec::new())
}

/// x · Φ(x) = x · (1 + erf(x / √2)) / 2
fn gelu(graph: &mut Graph, name: String, input: &str) -> String {
    let root = graph.number("gelu.root", std::f32::consts::SQRT_2);
    let [one, half] = [("gelu.one", 1.0), ("gelu.half", 0.5)].map(|(name, value)| graph.number(name, value));
    let divided = graph.node("Div", format!("{name}/divided"), &[input, &root], Vec::new());
    let error = graph.node("Erf", format!("{name}/erf"), &[&divided], Vec::new());
    let sum = graph.node("Add", format!("{name}/sum"), &[&error, &one], Vec::new());
    let product = graph.node("Mul", format!("{name}/product"), &[input, &sum], Vec::new());
    graph.node("Mul", name, &[&product, &half], Vec::new())
}

/// x / (1 + e⁻ˣ)
fn silu(graph: &mut Graph, name: String, input: &str) -> String {
    let sigmoid = graph.node("Sigmoid", format!("{name}/sigmoid"), &[input], Vec::new());
    graph.node("Mul", name, &[input, &sigmoid], Vec::new())
}
