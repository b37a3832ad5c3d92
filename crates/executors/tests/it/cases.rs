//! Random networks with parameters and images, for whatever runs or writes networks.

use modiste_data::ImageShape;
use modiste_network::{Activation, LayerRecipe, Network, Padding, Role};
use proptest::prelude::*;

/// A network, and random parameters and images for it.
#[derive(Clone)]
pub struct Case {
    pub network: Network,
    pub layers: Vec<LayerRecipe>,
    pub parameters: Vec<f32>,
    pub images: Vec<f32>,
    pub labels: Vec<u8>,
    pub class_weights: Option<Vec<f64>>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}, batch {}: {:?}", self.network.input, self.labels.len(), self.layers)
    }
}

/// Numbers in [-1, 1) that follow from their position.
pub fn noise(length: usize, seed: u64) -> Vec<f32> {
    (0..length as u64)
        .map(|position| {
            let mut mixed = (position ^ seed << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

pub fn case(input: ImageShape, classes: usize, batch: usize, mut layers: Vec<LayerRecipe>, seed: u64) -> Option<Case> {
    layers.push(match seed % 5 {
        0 => LayerRecipe::GlobalMaxPool {},
        1 => LayerRecipe::GlobalAveragePool {},
        _ => LayerRecipe::Flatten {},
    });
    if seed.is_multiple_of(7) {
        layers.push(batch_norm());
    }
    if seed.is_multiple_of(3) {
        layers.push(LayerRecipe::Dropout { rate: 0.1 });
    }
    layers.push(LayerRecipe::Dense {
        units: Some(1 + seed as usize % 40),
        bias: seed.is_multiple_of(2),
        activation: None,
    });
    match seed % 4 {
        0 => layers.push(LayerRecipe::LeakyRelu { slope: 0.3 }),
        1 => layers.extend([batch_norm(), LayerRecipe::Silu {}]),
        2 => layers.push(LayerRecipe::Residual { layers: vec![LayerRecipe::Gelu {}], shortcut: Vec::new() }),
        _ => layers.extend([LayerRecipe::Relu {}, LayerRecipe::Dropout { rate: 0.25 }]),
    }
    let bias = !seed.is_multiple_of(5);
    layers.push(LayerRecipe::Dense { units: None, bias, activation: Some(Activation::Softmax) });
    let network = Network::new(&layers, input, classes).ok()?;
    let mut parameters = noise(network.parameter_count(), seed);
    for parameter in &network.parameters {
        let (scale, middle) = match parameter.role {
            Role::Gamma | Role::RunningVariance => (0.5, 1.0),
            _ => (parameter.fans.map_or(0.1, |(fan_in, _)| (3.0 / fan_in as f32).sqrt()), 0.0),
        };
        parameters[parameter.range.clone()].iter_mut().for_each(|value| *value = *value * scale + middle);
    }
    let images = noise(batch * input.len(), seed + 1);
    let labels = (0..batch).map(|image| (image * 7 % classes) as u8).collect();
    let weight = |value: f32| 1.0 + 0.9 * f64::from(value);
    let class_weights = (seed % 3 == 1).then(|| noise(classes, seed + 2).into_iter().map(weight).collect());
    Some(Case { network, layers, parameters, images, labels, class_weights })
}

/// With an epsilon that a single value per channel bears, whose variance is zero.
pub fn batch_norm() -> LayerRecipe {
    LayerRecipe::BatchNorm { momentum: 0.8, epsilon: 0.1 }
}

pub fn conv(filters: usize, kernel: usize, stride: usize, bias: bool) -> LayerRecipe {
    LayerRecipe::Conv { filters, kernel, stride, padding: Padding::Same, bias, activation: None }
}

/// What changes no shape.
fn any_shapeless_layer() -> impl Strategy<Value = LayerRecipe> {
    prop_oneof![
        1 => Just(LayerRecipe::Relu {}),
        1 => Just(LayerRecipe::LeakyRelu { slope: 0.2 }),
        1 => Just(LayerRecipe::Prelu {}),
        1 => Just(LayerRecipe::Gelu {}),
        1 => Just(LayerRecipe::Silu {}),
        1 => (0f32..0.6).prop_map(|rate| LayerRecipe::Dropout { rate }),
        3 => Just(batch_norm()),
        1 => (1usize..3, any::<bool>()).prop_map(|(half, bias)| LayerRecipe::DepthwiseConv {
            kernel: 2 * half + 1,
            stride: 1,
            padding: Padding::Same,
            bias,
            activation: None,
        }),
    ]
}

fn any_simple_layer() -> impl Strategy<Value = LayerRecipe> {
    let padding = || prop_oneof![Just(Padding::Same), Just(Padding::Valid)];
    let activation = || {
        prop_oneof![
            3 => Just(None),
            3 => Just(Some(Activation::Relu)),
            1 => Just(Some(Activation::Gelu)),
            1 => Just(Some(Activation::Silu)),
        ]
    };
    let kernel = || prop_oneof![Just(1usize), Just(3), Just(3), Just(3), Just(5), Just(7)];
    let window = || (1usize..4, proptest::option::of(1usize..4));
    prop_oneof![
        4 => (1usize..40, kernel(), 1usize..3, padding(), any::<bool>(), activation()).prop_map(
            |(filters, kernel, stride, padding, bias, activation)| {
                LayerRecipe::Conv { filters, kernel, stride, padding, bias, activation }
            },
        ),
        1 => (kernel(), 1usize..4, padding(), any::<bool>(), activation()).prop_map(
            |(kernel, stride, padding, bias, activation)| {
                LayerRecipe::DepthwiseConv { kernel, stride, padding, bias, activation }
            },
        ),
        1 => (1usize..40, kernel(), 1usize..3, padding(), any::<bool>(), activation()).prop_map(
            |(filters, kernel, stride, padding, bias, activation)| {
                LayerRecipe::SeparableConv { filters, kernel, stride, padding, bias, activation }
            },
        ),
        2 => window().prop_map(|(size, stride)| LayerRecipe::MaxPool { size, stride }),
        1 => window().prop_map(|(size, stride)| LayerRecipe::AveragePool { size, stride }),
        4 => any_shapeless_layer(),
    ]
}

/// Blocks before and behind whose sums things happen, with what goes around as it is or made to fit, and one inside another.
fn any_residual() -> impl Strategy<Value = LayerRecipe> {
    let around = proptest::collection::vec(any_shapeless_layer(), 0..3)
        .prop_map(|layers| LayerRecipe::Residual { layers, shortcut: Vec::new() });
    let changing = || {
        (1usize..40, 1usize..3, any::<bool>(), any::<bool>(), any_shapeless_layer()).prop_map(
            |(filters, stride, normal, bias, between)| {
                let norms = if normal { vec![batch_norm()] } else { Vec::new() };
                let behind = |conv| [vec![conv], norms.clone()].concat();
                let layers = [behind(conv(filters, 3, stride, bias)), vec![between], behind(conv(filters, 3, 1, bias))];
                LayerRecipe::Residual { layers: layers.concat(), shortcut: behind(conv(filters, 1, stride, !bias)) }
            },
        )
    };
    let nested = (changing(), any_shapeless_layer(), any::<bool>()).prop_map(|(inner, layer, first)| {
        let layers = if first { vec![inner.clone(), layer] } else { vec![layer, inner.clone()] };
        let inner = LayerRecipe::Residual { layers: vec![layers[1].clone()], shortcut: Vec::new() };
        LayerRecipe::Residual { layers: vec![inner, batch_norm()], shortcut: vec![LayerRecipe::Gelu {}] }
    });
    let inside =
        changing().prop_map(|inner| LayerRecipe::Residual { layers: vec![inner.clone()], shortcut: vec![inner] });
    prop_oneof![2 => around, 3 => changing(), 1 => nested, 1 => inside]
}

fn any_layer() -> impl Strategy<Value = LayerRecipe> {
    prop_oneof![4 => any_simple_layer(), 1 => any_residual()]
}

pub fn any_case() -> impl Strategy<Value = Case> {
    // As pictures have; and as layers have, in whole lines, not so, and one more.
    let channels = prop_oneof![4 => 1usize..4, 1 => 15usize..18];
    let shape = (1usize..15, 1usize..15, channels);
    (shape, 2usize..12, 1usize..21, proptest::collection::vec(any_layer(), 0..4), 0u64..1000).prop_filter_map(
        "layers must fit",
        |((height, width, channels), classes, batch, layers, seed)| {
            case(ImageShape { height, width, channels }, classes, batch, layers, seed)
        },
    )
}
