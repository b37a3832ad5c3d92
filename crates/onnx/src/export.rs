//! From a model to an ONNX file.

use modiste_data::Scaling;
use modiste_network::{Model, OutOfSight, View};
use prost::Message;

use super::graph::{Graph, integer, integers};
use super::layers::Layers;
use super::proto::{FLOAT, ModelProto, OperatorSetIdProto, StringStringEntryProto, UINT8};
use super::views;

/// The version of the operators: new enough for all that is used, and old enough for every engine that is kept up.
const OPERATORS: i64 = 17;
/// The version of the file's form that belongs to it.
const FORM: i64 = 8;
/// In bytes. What reads protobuf takes no larger messages.
const LARGEST_FILE: usize = i32::MAX as usize;

/// The order of an image's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// `[n, channels, height, width]`
    #[default]
    ChannelsFirst,
    /// `[n, height, width, channels]`
    ChannelsLast,
}

/// What a pixel is given as. Its values are from 0 to 255 either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pixels {
    /// A float.
    #[default]
    Floats,
    /// A byte.
    Bytes,
}

/// How a model is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The order of the input.
    pub layout: Layout,
    /// The type of the input.
    pub pixels: Pixels,
    /// Whether the graph has all views of the recipe's `[evaluation]`, instead of the image as it is.
    pub views: bool,
}

/// Why a model cannot be written as ONNX.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A view shows nothing of the image.
    #[error("its views cannot be part of the graph: {0}")]
    Views(#[from] OutOfSight),
    /// The file would be too large to be read.
    #[error(
        "it would be an ONNX file of {0} bytes, and none may have more than {LARGEST_FILE}: make the network smaller"
    )]
    TooLarge(usize),
}

/// An ONNX file of a model: input `images`, outputs `logits` and `probabilities`, `[n, classes]`, with any number n of images.
/// `notes` are added to what its metadata says.
///
/// # Errors
/// When the views cannot be shown, or the file would be too large.
pub fn export(model: &Model, options: &Options, notes: &[(&str, String)]) -> Result<Vec<u8>, ExportError> {
    let card = &model.card;
    let views = if options.views { View::of(&card.recipe.evaluation) } else { vec![View::PLAIN] };
    if options.views {
        card.recipe.check_shifts(card.image_shape)?;
    }
    let mut graph = Graph::new(&card.recipe.name);
    let images = input(&mut graph, model, options);
    let layers = Layers::new(model);
    if let [_] = &views[..] {
        layers.write(&mut graph, &images, "", "logits");
    } else {
        mean(&mut graph, model, &layers, &images, &views);
    }
    let temperature = card.temperature as f32;
    let mut tempered = "logits".to_owned();
    if temperature != 1.0 {
        let temperature = graph.number("temperature", temperature);
        tempered = graph.node("Div", "tempered", &["logits", &temperature], Vec::new());
    }
    graph.node("Softmax", "probabilities", &[&tempered], vec![integer("axis", 1)]);
    let classes = model.network.classes;
    graph.output("probabilities", &[classes]);
    graph.output("logits", &[classes]);
    let file = ModelProto {
        ir_version: FORM,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPERATORS }],
        producer_name: "modiste".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: String::new(),
        graph: Some(graph.finish()),
        metadata_props: metadata(model, notes),
    };
    match file.encoded_len() {
        length if length > LARGEST_FILE => Err(ExportError::TooLarge(length)),
        _ => Ok(file.encode_to_vec()),
    }
}

/// Adds the input and its scaling. Gives the scaled images `[batch, channels, height, width]`.
fn input(graph: &mut Graph, model: &Model, options: &Options) -> String {
    let shape = model.card.image_shape;
    let sizes = match options.layout {
        Layout::ChannelsFirst => [shape.channels, shape.height, shape.width],
        Layout::ChannelsLast => [shape.height, shape.width, shape.channels],
    };
    let mut images = "images".to_owned();
    match options.pixels {
        Pixels::Floats => graph.input(&images, FLOAT, &sizes),
        Pixels::Bytes => {
            graph.input(&images, UINT8, &sizes);
            images = graph.node("Cast", "images/floats", &[&images], vec![integer("to", FLOAT.into())]);
        }
    }
    if options.layout == Layout::ChannelsLast {
        images = graph.node("Transpose", "images/ordered", &[&images], vec![integers("perm", &[0, 3, 1, 2])]);
    }
    let Scaling { divide, subtract, multiply } = model.card.recipe.data.scaling;
    // The steps that change nothing are left out.
    for (operator, name, value, nothing) in
        [("Div", "divide", divide, 1.0), ("Sub", "subtract", subtract, 0.0), ("Mul", "multiply", multiply, 1.0)]
    {
        if value != nothing {
            let constant = graph.number(&format!("scaling.{name}"), value);
            images = graph.node(operator, format!("images/{name}"), &[&images, &constant], Vec::new());
        }
    }
    images
}

/// Adds the network once for each view, and the weighted sum of their logits.
fn mean(graph: &mut Graph, model: &Model, layers: &Layers<'_>, images: &str, views: &[View]) {
    let card = &model.card;
    let black = card.recipe.data.scaling.scaled(0);
    let mut sum = String::new();
    for (index, view) in views.iter().enumerate() {
        let prefix = format!("view{}/", index + 1);
        let shown = views::show(graph, images, view, card.image_shape, black, &prefix);
        let logits = format!("{prefix}logits");
        layers.write(graph, &shown, &prefix, &logits);
        let weight = graph.number(&format!("{prefix}weight"), view.weight);
        let part = graph.node("Mul", format!("{prefix}weighted"), &[&logits, &weight], Vec::new());
        sum = match index {
            0 => part,
            _ => {
                let name = if index + 1 == views.len() { "logits".to_owned() } else { format!("{prefix}sum") };
                graph.node("Add", name, &[&sum, &part], Vec::new())
            }
        };
    }
}

/// What the file says of the model, as texts.
fn metadata(model: &Model, notes: &[(&str, String)]) -> Vec<StringStringEntryProto> {
    // Texts and numbers can always be written as JSON.
    let texts = model.card.texts().unwrap_or_default();
    let entry = |(key, value): (&str, String)| StringStringEntryProto { key: key.to_owned(), value };
    texts.into_iter().chain(notes.iter().cloned()).map(entry).collect()
}
