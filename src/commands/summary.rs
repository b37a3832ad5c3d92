//! `summary`: a network as Keras prints it.

use std::fmt::Write;

use anyhow::{Result, bail};
use modiste_network::{Activation, Layer, Network, Recipe};
use modiste_report::numbers::grouped;
use modiste_training::experiment::network;
use modiste_training::{AUTOMATIC, Automatic};
use serde::Serialize;

use super::setup::{Outcome, USUAL_CLASSES, USUAL_INPUT, find_recipe};
use crate::cli::SummaryArgs;
use crate::output::{self, download_display};

/// `--json`
#[derive(Serialize)]
struct Summary {
    recipe: String,
    /// The data set that gave the shapes, if one was named.
    data: Option<String>,
    /// `[height, width, channels]`
    input_shape: Vec<usize>,
    classes: usize,
    layers: Vec<Row>,
    total_params: usize,
    trainable_params: usize,
    /// Of the forward pass, per image.
    multiply_adds: u64,
}

#[derive(Serialize)]
struct Row {
    name: String,
    r#type: &'static str,
    activation: Option<Activation>,
    /// Per image.
    output_shape: Vec<usize>,
    params: usize,
    multiply_adds: u64,
}

/// Prints the network of a recipe.
pub fn run(arguments: &SummaryArgs) -> Result<Outcome> {
    let data = match arguments.data.data {
        Some(_) => {
            Some(download_display::load(&arguments.data.source()?, arguments.data.place(), arguments.output.quiet)?)
        }
        None => None,
    };
    let recipe = match (&data, arguments.recipe.as_str()) {
        (Some(data), AUTOMATIC) => Automatic::for_images(data, None, 0)?.recipe,
        (None, AUTOMATIC) => bail!("the recipe {AUTOMATIC} is chosen for images: name a data set by --data"),
        (_, name) => find_recipe(name)?,
    };
    let (input, classes) = match &data {
        Some(data) => (data.train.shape(), data.class_names.len()),
        None => (USUAL_INPUT, USUAL_CLASSES),
    };
    let network = network(&recipe, input, classes)?;
    if arguments.output.json {
        output::print_json(&Summary::new(&recipe, &network, data.map(|data| data.name)))?;
    } else {
        output::print(&table(&recipe.name, &network))?;
    }
    Ok(Outcome::Done)
}

impl Summary {
    fn new(recipe: &Recipe, network: &Network, data: Option<String>) -> Self {
        let row = |layer: &Layer| Row {
            name: layer.name.clone(),
            r#type: layer.keras_class(),
            activation: layer.activation,
            output_shape: layer.output.dimensions(),
            params: params(network, layer),
            multiply_adds: layer.multiply_adds(),
        };
        Self {
            recipe: recipe.name.clone(),
            data,
            input_shape: vec![network.input.height, network.input.width, network.input.channels],
            classes: network.classes,
            layers: network.layers.iter().map(row).collect(),
            total_params: network.parameter_count(),
            trainable_params: network.trained_count(),
            multiply_adds: network.multiply_adds(),
        }
    }
}

/// Values in a layer's own tensors.
fn params(network: &Network, layer: &Layer) -> usize {
    network.parameters[layer.parameters.clone()].iter().map(|tensor| tensor.range.len()).sum()
}

/// The table, without a line end after its last line.
fn table(name: &str, network: &Network) -> String {
    const WIDTH: usize = 101;
    let mut text = String::new();
    let mut line = |columns: [&str; 5]| {
        let [layer, shape, params, multiply_adds, activation] = columns;
        let line = format!("{layer:<38}  {shape:<22}{params:>10}  {multiply_adds:>14}   {activation}");
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    };
    line([&format!("Model: \"{name}\""), "", "", "", ""]);
    line([&"_".repeat(WIDTH), "", "", "", ""]);
    line(["Layer (type)", "Output Shape", "Param #", "Multiply-adds", "Activation"]);
    line([&"=".repeat(WIDTH), "", "", "", ""]);
    for layer in &network.layers {
        line([
            &format!("{} ({})", layer.name, layer.keras_class()),
            &layer.output.to_string(),
            &grouped(params(network, layer) as u64),
            &grouped(layer.multiply_adds()),
            &layer.activation.map_or_else(String::new, |activation| activation.to_string()),
        ]);
    }
    line([&"=".repeat(WIDTH), "", "", "", ""]);
    let (total, trained) = (network.parameter_count() as u64, network.trained_count() as u64);
    for (kind, count) in [("Total", total), ("Trainable", trained), ("Non-trainable", total - trained)] {
        line([&format!("{kind} params: {}", grouped(count)), "", "", "", ""]);
    }
    line([&format!("Multiply-adds per image: {}", grouped(network.multiply_adds())), "", "", "", ""]);
    text.push_str(&"_".repeat(WIDTH));
    text
}
