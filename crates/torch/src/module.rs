//! The Python that builds a network in `torch.nn`.

use std::collections::BTreeMap;

use modiste_data::{ImageShape, Scaling};
use modiste_network::{Activation, Layer, Model, Operation, Pooling, Shape, Value, Window};

use super::names::identifier;

/// A nested expression that is longer than this gets a line of its own.
const LONGEST: usize = 70;

/// A Python module with the class `Model`, a `torch.nn.Module` from raw pixels `[n, channels, height, width]` to logits, and
/// `load`, which gives it the weights that lie beside the module.
pub fn module(model: &Model) -> String {
    let card = &model.card;
    let ImageShape { height, width, channels } = card.image_shape;
    // Names can always be written as JSON, and strings of JSON are strings of Python.
    let names = serde_json::to_string(&card.class_names).unwrap_or_default();
    let lines = |lines: Vec<String>| lines.iter().map(|line| format!("        {line}\n")).collect::<String>();
    format!(
        r#""""The network {name} in PyTorch; its weights lie beside this file, in a .safetensors file of the same name."""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = {names}
TEMPERATURE = {temperature:?}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
{layers}
    def forward(self, images):
        """Logits [n, {classes}] of float images [n, {channels}, {height}, {width}] with values from 0 to 255."""
{forward}
    def probabilities(self, images):
        return (self(images) / TEMPERATURE).softmax(1)


def load(path=Path(__file__).with_suffix(".safetensors")):
    """The network with the weights of this file, ready to classify."""
    data = Path(path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {{}}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + offset for offset in entry["data_offsets"])
            values = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
            tensors[name] = values.reshape(entry["shape"])
    model = Model()
    model.load_state_dict(tensors)
    return model.eval()
"#,
        name = card.recipe.name,
        temperature = card.temperature,
        classes = card.class_names.len(),
        layers = lines(model.network.layers.iter().filter_map(made).collect()),
        forward = lines(forward(model)),
    )
}

/// The line that makes a layer with parameters.
fn made(layer: &Layer) -> Option<String> {
    let has_bias = |own: usize| if layer.parameters.len() > own { "" } else { ", bias=False" };
    let convolution = |window: &Window, groups: &str| {
        let Window { input, output, size, stride, .. } = *window;
        let stride = if stride == 1 { String::new() } else { format!(", stride={stride}") };
        let padding = match padding(window) {
            Padding::None | Padding::Uneven(_) => String::new(),
            Padding::Even([rows, columns]) if rows == columns => format!(", padding={rows}"),
            Padding::Even([rows, columns]) => format!(", padding=({rows}, {columns})"),
        };
        let (from, to, bias) = (input.channels, output.channels, has_bias(1));
        format!("nn.Conv2d({from}, {to}, {size}{stride}{padding}{groups}{bias})")
    };
    let made = match layer.operation {
        Operation::Conv(window) => convolution(&window, ""),
        Operation::DepthwiseConv(window) => convolution(&window, &format!(", groups={}", window.output.channels)),
        Operation::Dense { inputs, outputs } => format!("nn.Linear({inputs}, {outputs}{})", has_bias(1)),
        Operation::BatchNorm { momentum, epsilon } => {
            let (class, channels) = match layer.input {
                Shape::Image(image) => ("BatchNorm2d", image.channels),
                Shape::Flat(units) => ("BatchNorm1d", units),
            };
            // PyTorch counts the share of what is new.
            let momentum = ((1.0 - f64::from(momentum)) * 1e6).round() / 1e6;
            format!("nn.{class}({channels}, eps={epsilon:?}, momentum={momentum:?})")
        }
        Operation::Prelu => {
            let channels = match layer.input {
                Shape::Image(image) => image.channels,
                Shape::Flat(units) => units,
            };
            format!("nn.PReLU({channels})")
        }
        Operation::MaxPool(_)
        | Operation::AveragePool(_)
        | Operation::Relu
        | Operation::LeakyRelu { .. }
        | Operation::Gelu
        | Operation::Silu
        | Operation::Dropout { .. }
        | Operation::Flatten
        | Operation::Add(_) => return None,
    };
    Some(format!("self.{} = {made}", identifier(&layer.name)))
}

/// The zeros around an image.
enum Padding {
    None,
    /// As many rows above as below, and as many columns left as right.
    Even([usize; 2]),
    /// Left, right, above and below.
    Uneven([usize; 4]),
}

fn padding(window: &Window) -> Padding {
    let Window { input, output, size, stride, pad_top, pad_left } = *window;
    let behind =
        |side: usize, positions: usize, before: usize| ((positions - 1) * stride + size).saturating_sub(side + before);
    let bottom = behind(input.height, output.height, pad_top);
    let right = behind(input.width, output.width, pad_left);
    match [pad_left, right, pad_top, bottom] {
        [0, 0, 0, 0] => Padding::None,
        [left, right, top, bottom] if left == right && top == bottom => Padding::Even([top, left]),
        uneven => Padding::Uneven(uneven),
    }
}

/// The lines from raw pixels to logits.
fn forward(model: &Model) -> Vec<String> {
    let network = &model.network;
    let mut readers: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    let place = |value| match value {
        Value::Images => None,
        Value::Layer(index) => Some(index),
    };
    for (index, layer) in network.layers.iter().enumerate() {
        readers.entry(place(layer.from)).or_default().push(index);
        if let Operation::Add(other) = layer.operation {
            readers.entry(place(other)).or_default().push(index);
        }
    }
    // What only the next layer reads needs no name.
    let is_passed_on = |index: usize| readers.get(&Some(index)).is_none_or(|readers| *readers == [index + 1]);
    let Scaling { divide, subtract, multiply } = model.card.recipe.data.scaling;
    let mut lines = vec![format!("images = (images / {divide:?} - {subtract:?}) * {multiply:?}")];
    // What stands for the output of each layer: a name, or an expression that the next one takes in.
    let mut values: Vec<String> = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        let of = |value| place(value).map_or("images".to_owned(), |index| values[index].clone());
        let input = of(layer.from);
        let other = if let Operation::Add(other) = layer.operation { of(other) } else { String::new() };
        let expression = expression(layer, input, &other);
        if index + 1 == network.layers.len() {
            lines.push(format!("return {expression}"));
        } else if is_passed_on(index) && expression.len() <= LONGEST {
            values.push(expression);
            continue;
        } else {
            let name = if is_passed_on(index) { "x".to_owned() } else { identifier(&layer.name) };
            lines.push(format!("{name} = {expression}"));
            values.push(name);
        }
    }
    lines
}

/// What a layer makes of its input, and of `other` where it adds that.
fn expression(layer: &Layer, input: String, other: &str) -> String {
    let own = || format!("self.{}", identifier(&layer.name));
    let pooled = |pooling: &Pooling, [windows, global]: [&str; 2]| {
        let Pooling { rows, columns, stride, .. } = *pooling;
        match (pooling.global, rows == columns) {
            (true, _) => format!("{input}.{global}((2, 3))"),
            (false, true) => format!("F.{windows}({input}, {rows}, {stride})"),
            (false, false) => format!("F.{windows}({input}, ({rows}, {columns}), {stride})"),
        }
    };
    let value = match layer.operation {
        Operation::Conv(window) | Operation::DepthwiseConv(window) => match padding(&window) {
            Padding::Uneven([left, right, top, bottom]) => {
                format!("{}(F.pad({input}, ({left}, {right}, {top}, {bottom})))", own())
            }
            Padding::None | Padding::Even(_) => format!("{}({input})", own()),
        },
        Operation::Dense { .. } | Operation::BatchNorm { .. } | Operation::Prelu => format!("{}({input})", own()),
        Operation::MaxPool(pooling) => pooled(&pooling, ["max_pool2d", "amax"]),
        Operation::AveragePool(pooling) => pooled(&pooling, ["avg_pool2d", "mean"]),
        Operation::Relu => format!("F.relu({input})"),
        Operation::LeakyRelu { slope } => format!("F.leaky_relu({input}, {slope:?})"),
        Operation::Gelu => format!("F.gelu({input})"),
        Operation::Silu => format!("F.silu({input})"),
        Operation::Dropout { rate } => format!("F.dropout({input}, {rate:?}, self.training)"),
        Operation::Flatten => match layer.input {
            Shape::Image(image) if image.channels > 1 => format!("{input}.permute(0, 2, 3, 1).flatten(1)"),
            Shape::Image(_) => format!("{input}.flatten(1)"),
            Shape::Flat(_) => input,
        },
        Operation::Add(_) => format!("({input} + {other})"),
    };
    match layer.activation {
        Some(Activation::Relu) => format!("F.relu({value})"),
        Some(Activation::Gelu) => format!("F.gelu({value})"),
        Some(Activation::Silu) => format!("F.silu({value})"),
        Some(Activation::Softmax) | None => value,
    }
}
