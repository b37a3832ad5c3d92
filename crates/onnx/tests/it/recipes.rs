//! The recipes that come with the program.

use modiste_data::ImageShape;
use modiste_network::executor::initialisation::glorot_uniform;
use modiste_network::{Network, Recipe, Role};
use modiste_onnx::Options;

use crate::cases::{Case, noise};
use crate::engine::{check, model};

const INPUT: ImageShape = ImageShape { height: 28, width: 28, channels: 1 };
const IMAGES: usize = 2;

/// Glorot's weights, and normalisation with anything near what it begins with.
fn parameters(network: &Network) -> Vec<f32> {
    let mut parameters = glorot_uniform(network, 7);
    let noise = noise(parameters.len(), 3);
    for parameter in &network.parameters {
        if parameter.role != Role::Weight && parameter.role != Role::DepthwiseWeight {
            for place in parameter.range.clone() {
                parameters[place] += 0.3 * noise[place];
            }
        }
    }
    parameters
}

#[test]
fn every_built_in_recipe_has_the_same_logits_in_another_engine() {
    for name in Recipe::built_in_names() {
        let recipe = Recipe::find(name).unwrap();
        let network = Network::new(&recipe.layers, INPUT, 10).unwrap();
        let parameters = parameters(&network);
        let case = Case {
            layers: recipe.layers.clone(),
            network,
            parameters,
            images: vec![],
            labels: vec![],
            class_weights: None,
        };
        let pixels: Vec<u8> =
            noise(IMAGES * INPUT.len(), 5).iter().map(|value| (value * 127.0 + 128.0) as u8).collect();
        check(&model(&case, recipe), &Options::default(), &pixels).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
