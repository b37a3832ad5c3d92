//! What is inside a network: the weights of its first layer, and what its layers give for some images.

use modiste_data::Subset;
use modiste_network::{Executor, Layer, Model, Network, Operation, ReferenceExecutor, Role, Shape, State, Value};
use modiste_report::run::{Answer, Filters, Stage, Stages};
use rayon::prelude::*;

/// Images that are shown on their way through the network.
const IMAGES: usize = 5;
/// Layers that are shown.
const LAYERS: usize = 8;
/// Multiply-adds of all images: the plain executor takes a fraction of a second for them.
const WORK: u64 = 300_000_000;

/// The weights of the first layer that has any, if that sees the images themselves.
pub fn filters(model: &Model) -> Option<Filters> {
    let Model { network, parameters, .. } = model;
    let of_images = |layer: &&Layer| !network.parameters[layer.parameters.clone()].is_empty();
    let layer = network.layers.iter().find(of_images)?;
    let weight =
        network.parameters[layer.parameters.clone()].iter().find(|parameter| parameter.role == Role::Weight)?;
    let values = &parameters[weight.range.clone()];
    let (shape, weights) = match layer.operation {
        Operation::Conv(window) if layer.from == Value::Images => {
            let (size, channels) = (window.size, window.input.channels);
            // From `[out, in, kernel, kernel]`: colours of a pixel lie together in images.
            let pixels = size * size;
            let weights = values
                .chunks_exact(channels * pixels)
                .flat_map(|filter| {
                    (0..pixels)
                        .flat_map(move |pixel| (0..channels).map(move |channel| filter[channel * pixels + pixel]))
                })
                .collect();
            ([size, size, channels], weights)
        }
        Operation::Dense { inputs, .. } if inputs == network.input.len() => {
            let input = network.input;
            ([input.height, input.width, input.channels], values.to_vec())
        }
        _ => return None,
    };
    Some(Filters { layer: layer.name.clone(), shape, weights })
}

/// What some layers give for some images, of different classes and answered rightly where there are such; computed plainly, in f64.
/// `None` where that would take long.
pub fn stages(model: &Model, images: &Subset, answers: &[Answer]) -> Option<Stages> {
    let network = &model.network;
    let count = (WORK / network.multiply_adds().max(1)).min(IMAGES as u64) as usize;
    let places = examples(answers, network.classes, count);
    if places.is_empty() {
        return None;
    }
    let mut executor = ReferenceExecutor::new(network, 1, 0);
    executor.set_state(&State::fresh(model.parameters.clone()));
    let scaling = model.card.recipe.data.scaling;
    let outputs: Vec<Vec<Vec<f64>>> = places
        .par_iter()
        .map(|&place| {
            let image = images.images.image(images.indices[place] as usize);
            let pixels: Vec<f32> = image.iter().map(|&pixel| scaling.scaled(pixel)).collect();
            executor.outputs(&pixels)
        })
        .collect();
    let stage = |(layer, name): (usize, String)| {
        let shape = match network.layers[layer].output {
            Shape::Image(shape) => [shape.height, shape.width, shape.channels],
            Shape::Flat(units) => [1, 1, units],
        };
        let values = outputs.iter().flat_map(|layers| layers[layer].iter().copied()).collect();
        Stage { layer: name, shape, values }
    };
    Some(Stages { stages: shown(network).into_iter().map(stage).collect(), images: places })
}

/// The first image of each of some classes that is answered rightly, or else the first ones.
fn examples(answers: &[Answer], classes: usize, count: usize) -> Vec<usize> {
    let right = |class: usize| {
        answers.iter().position(|answer| usize::from(answer.truth) == class && answer.predicted == answer.truth)
    };
    let found: Vec<usize> = (0..classes).filter_map(right).take(count).collect();
    if found.is_empty() { (0..answers.len().min(count)).collect() } else { found }
}

/// The layers whose output is shown, spread over the network, each with the name of what computes it: the last of those that change
/// value by value what a convolution, a dense layer, a pooling or a sum gives.
fn shown(network: &Network) -> Vec<(usize, String)> {
    let begins = |layer: &Layer| {
        matches!(
            layer.operation,
            Operation::Conv(_)
                | Operation::DepthwiseConv(_)
                | Operation::Dense { .. }
                | Operation::MaxPool(_)
                | Operation::AveragePool(_)
                | Operation::Add(_)
        )
    };
    let changes = |layer: &Layer| !matches!(layer.operation, Operation::Flatten | Operation::Dropout { .. });
    let mut found: Vec<(usize, String)> = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        if begins(layer) {
            found.push((index, layer.name.clone()));
        } else if let Some(last) = found.last_mut().filter(|last| last.0 + 1 == index && changes(layer)) {
            last.0 = index;
        }
    }
    let (count, kept) = (found.len(), found.len().min(LAYERS));
    let places: Vec<usize> = (0..kept).map(|place| place * (count - 1) / (kept - 1).max(1)).collect();
    places.into_iter().map(|place| found[place].clone()).collect()
}
