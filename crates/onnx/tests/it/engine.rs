//! Random networks, as another engine runs them.

use modiste_data::{ImageShape, Scaling};
use modiste_network::{DataReference, Executor, Model, ModelCard, Recipe, ReferenceExecutor, State, View};
use modiste_onnx::{Layout, Options, Pixels, export};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rten::{RunError, Value};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use crate::cases::{Case, any_case};
use crate::written::keep;

/// How far logits may be apart, as a share of their size, and at least of 1.
const TOLERANCE: f32 = 1e-4;

/// A network with these values as a model, whose images are bytes.
pub fn model(case: &Case, recipe: Recipe) -> Model {
    let card = ModelCard {
        recipe,
        class_names: (0..case.network.classes).map(|class| format!("class {class}")).collect(),
        image_shape: case.network.input,
        data: DataReference::default(),
        appearance: None,
        epochs: 1,
        temperature: 0.625,
    };
    Model { card, network: case.network.clone(), parameters: case.parameters.clone(), familiarity: None }
}

/// An image `[height, width, channels]` that is moved up and left, or down and right, and then perhaps mirrored.
fn shown(view: &View, image: &[f32], shape: ImageShape, black: f32) -> Vec<f32> {
    let pixel = |y: usize, x: usize, channel: usize| {
        let x = if view.mirrored { shape.width - 1 - x } else { x };
        let from = |at: usize, size: usize| at.checked_add_signed(-view.shift).filter(|&at| at < size);
        match (from(y, shape.height), from(x, shape.width)) {
            (Some(y), Some(x)) => image[(y * shape.width + x) * shape.channels + channel],
            _ => black,
        }
    };
    let places = (0..shape.height).flat_map(|y| (0..shape.width).map(move |x| (y, x)));
    places
        .flat_map(|(y, x)| (0..shape.channels).map(move |channel| (y, x, channel)))
        .map(|(y, x, c)| pixel(y, x, c))
        .collect()
}

/// Logits by plain arithmetic, of pixels `[n, height, width, channels]`.
pub fn logits(model: &Model, pixels: &[u8], views: &[View]) -> Vec<f32> {
    let scaling = model.card.recipe.data.scaling;
    let images: Vec<f32> = pixels.iter().map(|&pixel| scaling.scaled(pixel)).collect();
    let count = pixels.len() / model.network.input.len();
    let mut executor = ReferenceExecutor::new(&model.network, count, 0);
    executor.set_state(&State::fresh(model.parameters.clone()));
    let mut sum = vec![0.0; count * model.network.classes];
    for view in views {
        let shape = model.network.input;
        let seen: Vec<f32> =
            images.chunks_exact(shape.len()).flat_map(|image| shown(view, image, shape, scaling.scaled(0))).collect();
        let mut logits = vec![0.0; sum.len()];
        executor.infer(&seen, &mut logits);
        sum.iter_mut().zip(logits).for_each(|(sum, logit)| *sum += view.weight * logit);
    }
    sum
}

/// Logits and probabilities of pixels `[n, height, width, channels]`, by the other engine.
fn run(file: Vec<u8>, options: &Options, shape: ImageShape, pixels: &[u8]) -> Result<[Vec<f32>; 2], RunError> {
    let engine = rten::Model::load(file).expect("the other engine reads the file");
    let ImageShape { height, width, channels } = shape;
    let images = Tensor::from_data(&[pixels.len() / shape.len(), height, width, channels], pixels.to_vec());
    let images = match options.layout {
        Layout::ChannelsFirst => images.permuted(&[0, 3, 1, 2]).to_tensor(),
        Layout::ChannelsLast => images,
    };
    let input: Value = match options.pixels {
        Pixels::Bytes => images.into(),
        Pixels::Floats => images.map(|&pixel| f32::from(pixel)).into(),
    };
    let node = |name: &str| engine.node_id(name).expect("a value of this name");
    let outputs = engine.run(vec![(node("images"), input.into())], &[node("logits"), node("probabilities")], None)?;
    let [logits, probabilities] = outputs.try_into().expect("two outputs");
    let values = |value: Value| {
        let rows: NdTensor<f32, 2> = value.try_into().expect("rows of floats");
        rows.to_vec()
    };
    Ok([values(logits), values(probabilities)])
}

/// Holds what another engine makes of a model against plain arithmetic.
pub fn check(model: &Model, options: &Options, pixels: &[u8]) -> Result<(), TestCaseError> {
    let file = export(model, options, &[]).unwrap();
    let views = if options.views { View::of(&model.card.recipe.evaluation) } else { vec![View::PLAIN] };
    let wanted = logits(model, pixels, &views);
    keep(model, options, &file, pixels, &wanted);
    let [logits, probabilities] = run(file, options, model.network.input, pixels).unwrap();
    prop_assert_eq!(logits.len(), wanted.len());
    let size = wanted.iter().fold(1.0_f32, |size, logit| size.max(logit.abs()));
    for (found, wanted) in logits.iter().zip(&wanted) {
        prop_assert!((found - wanted).abs() <= TOLERANCE * size, "{found} instead of {wanted}");
    }
    for (row, logits) in
        probabilities.chunks_exact(model.network.classes).zip(logits.chunks_exact(model.network.classes))
    {
        let mut expected = logits.to_vec();
        let temperature = model.card.temperature;
        expected.iter_mut().for_each(|logit| *logit = (f64::from(*logit) / temperature) as f32);
        let largest = expected.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = expected.iter().map(|logit| (logit - largest).exp()).sum();
        for (found, logit) in row.iter().zip(&expected) {
            let wanted = (logit - largest).exp() / sum;
            prop_assert!((found - wanted).abs() <= 1e-4, "probability {found} instead of {wanted}");
        }
    }
    Ok(())
}

/// What changes from one random network to the next beside the network.
fn options(number: usize) -> Options {
    Options {
        layout: if number.is_multiple_of(2) { Layout::ChannelsFirst } else { Layout::ChannelsLast },
        pixels: if number.is_multiple_of(3) { Pixels::Bytes } else { Pixels::Floats },
        views: number.is_multiple_of(4),
    }
}

proptest! {
    // A fixed seed: a value within rounding of a kink may fall on either side of it.
    #![proptest_config(ProptestConfig {
        cases: 192,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2017),
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_networks_have_the_same_logits_in_another_engine(case in any_case(), number in 0usize..12) {
        let mut recipe = Recipe::find("speedrun-94").unwrap();
        recipe.layers.clone_from(&case.layers);
        recipe.evaluation.shift = usize::from(case.network.input.height.min(case.network.input.width) > 1);
        recipe.augmentation.shift = 0;
        recipe.data.scaling = if number % 5 == 1 {
            Scaling { divide: 128.0, subtract: 0.0, multiply: 1.0 }
        } else {
            Scaling::SYMMETRIC
        };
        let pixels: Vec<u8> = case.images.iter().map(|value| (value * 127.0 + 128.0) as u8).collect();
        check(&model(&case, recipe), &options(number), &pixels)?;
    }
}
