//! The executor for processors against naive f64 loops, on networks and batches of awkward sizes; and those loops against
//! finite differences.

use modiste_data::ImageShape;
use modiste_executors::{CpuExecutor, CpuOptions};
use modiste_network::{
    Activation, Batch, Executor, Freeze, LayerRecipe, Optimiser, Padding, Parameter, ReferenceExecutor, State,
    StepOptions,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::cases::{Case, any_case, batch_norm, case, conv};

/// A step of a training that has begun.
fn step_options(step: u64) -> StepOptions {
    StepOptions::new(step, Optimiser::default())
}

const STEP: u64 = 3;

impl Case {
    fn batch(&self) -> Batch<'_> {
        Batch { class_weights: self.class_weights.as_deref(), ..Batch::new(&self.images, &self.labels) }
    }

    fn reference(&self) -> ReferenceExecutor {
        let mut executor = ReferenceExecutor::new(&self.network, self.labels.len(), 5);
        executor.set_state(&State::fresh(self.parameters.clone()));
        executor
    }

    fn cpu(&self, options: CpuOptions) -> CpuExecutor {
        let mut executor = CpuExecutor::new(&self.network, self.labels.len(), options, 5);
        executor.set_state(&State::fresh(self.parameters.clone()));
        executor
    }
}

fn fastest(threads: usize) -> CpuOptions {
    CpuOptions::available(threads)[0]
}

/// Largest difference, as a share of the root mean square of `want`; not a number if any value is none.
fn relative(got: &[f32], want: &[f32]) -> f64 {
    let square: f64 = want.iter().map(|&value| f64::from(value).powi(2)).sum();
    let size = (square / want.len() as f64).sqrt() + 1e-9;
    let differences = got.iter().zip(want).map(|(&got, &want)| (f64::from(got) - f64::from(want)).abs() / size);
    // `f64::max` would pass over what is not a number.
    differences.max_by(f64::total_cmp).unwrap_or(0.0)
}

fn check_against_reference(case: &Case) -> Result<(), TestCaseError> {
    let mut reference = case.reference();
    let mut want_logits = vec![0.0; case.labels.len() * case.network.classes];
    let mut want_features = vec![0.0; case.labels.len() * case.network.feature_count()];
    reference.infer(&case.images, &mut want_logits);
    reference.features(&case.images, &mut want_features);
    let want = reference.backward(case.batch(), &step_options(STEP));
    let want_gradient = reference.gradient().to_vec();
    reference.update(&step_options(STEP));
    for options in CpuOptions::available(2) {
        let mut cpu = case.cpu(options);
        let mut logits = vec![f32::NAN; want_logits.len()];
        let mut features = vec![f32::NAN; want_features.len()];
        cpu.infer(&case.images, &mut logits);
        cpu.features(&case.images, &mut features);
        prop_assert!(relative(&logits, &want_logits) < 1e-4, "{options}: logits");
        prop_assert!(relative(&features, &want_features) < 1e-4, "{options}: features");
        let (mut both, mut with) = (vec![f32::NAN; logits.len()], vec![f32::NAN; features.len()]);
        cpu.infer_and_features(&case.images, &mut both, &mut with);
        prop_assert!(both == logits && with == features, "{options}: logits and features at once");
        let got = cpu.backward(case.batch(), &step_options(STEP));
        prop_assert!((got.loss - want.loss).abs() < 1e-4 * want.loss, "{options}: loss {} not {}", got.loss, want.loss);
        let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
        let whole = norm(&mut want_gradient[case.network.frozen..].iter().map(|&value| f64::from(value)));
        for parameter in case.network.parameters.iter().filter(|parameter| case.network.is_trained(parameter)) {
            let (got, want) = (&cpu.gradient()[parameter.range.clone()], &want_gradient[parameter.range.clone()]);
            let error = norm(&mut got.iter().zip(want).map(|(&got, &want)| f64::from(got) - f64::from(want)));
            let size = norm(&mut want.iter().map(|&value| f64::from(value)));
            let name = &parameter.name;
            prop_assert!(
                error <= 1e-3 * size + 1e-5 * whole,
                "{options}: gradient of {name}: {error:.1e} of {size:.1e}"
            );
        }
        // The same gradient must give the same update.
        cpu.gradient().copy_from_slice(&want_gradient);
        cpu.update(&step_options(STEP));
        let (got, want) = (cpu.state(), reference.state());
        for Parameter { name, role, range, .. } in &case.network.parameters {
            // Running means come of a forward pass, with its own rounding.
            let bound = if role.is_trained() { 1e-5 } else { 1e-4 };
            let error = relative(&got.parameters[range.clone()], &want.parameters[range.clone()]);
            prop_assert!(error < bound, "{options}: update of {name}: {error:.1e}");
        }
        let frozen = ..case.network.frozen;
        for state in [&got, &want] {
            prop_assert_eq!(&state.parameters[frozen], &case.parameters[frozen], "{}: frozen", options);
        }
        prop_assert!(relative(&got.second_moment, &want.second_moment) < 1e-4, "{options}: second moment");
    }
    Ok(())
}

proptest! {
    // A fixed seed: a value within rounding of a kink may fall on either side of it, and its gradient with it.
    #![proptest_config(ProptestConfig {
        cases: 384,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2017),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_instruction_set_agrees_with_naive_loops(case in any_case()) {
        check_against_reference(&case)?;
    }

    #[test]
    fn frozen_layers_stay_as_they_are_and_the_others_train(mut case in any_case(), share in 0.0..1.0) {
        let last = case.network.layers.last().map_or(1, |layer| layer.position);
        let layers = 1 + (share * (last - 1) as f64) as usize;
        case.network = case.network.freezing(Some(Freeze::Layers(layers.min(last - 1).max(1)))).unwrap();
        check_against_reference(&case)?;
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits(case in any_case()) {
        let train = |options: CpuOptions| {
            let mut executor = case.cpu(options);
            for step in 0..2 {
                executor.train_step(case.batch(), &step_options(step));
            }
            executor.state().parameters.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        };
        for options in CpuOptions::available(1) {
            // Three leave a remainder of nearly everything that is divided.
            prop_assert_eq!(train(options), train(CpuOptions { threads: 3, ..options }), "{}", options);
        }
    }

    #[test]
    fn room_for_more_images_changes_no_bit(case in any_case(), more in 1usize..300) {
        let train = |batch: usize| {
            let mut executor = CpuExecutor::new(&case.network, batch, fastest(2), 5);
            executor.set_state(&State::fresh(case.parameters.clone()));
            executor.train_step(case.batch(), &step_options(STEP));
            let mut logits = vec![0.0; case.labels.len() * case.network.classes];
            executor.infer(&case.images, &mut logits);
            let state = executor.state();
            state.parameters.iter().chain(&logits).map(|value| value.to_bits()).collect::<Vec<_>>()
        };
        prop_assert_eq!(train(case.labels.len()), train(case.labels.len() + more));
    }

    #[test]
    fn a_pass_leaves_nothing_behind_for_the_next(case in any_case()) {
        let mut executor = case.cpu(fastest(2));
        let mut before = vec![0.0; case.labels.len() * case.network.classes];
        executor.infer(&case.images, &mut before);
        let first = executor.backward(case.batch(), &step_options(STEP));
        let gradient = executor.gradient().to_vec();
        // What batch normalisation has learned of the batch is meant to stay.
        executor.set_state(&State::fresh(case.parameters.clone()));
        let mut after = vec![f32::NAN; before.len()];
        executor.infer(&case.images, &mut after);
        prop_assert_eq!(&before, &after);
        prop_assert_eq!(first, executor.backward(case.batch(), &step_options(STEP)));
        prop_assert_eq!(&gradient[..], &executor.gradient()[..]);
    }
}

/// The sizes of real training: several blocks of images in each part of the batch, several tasks of rows.
#[test]
fn large_batches_agree_with_naive_loops() {
    let conv = |filters, padding, activation| LayerRecipe::Conv {
        filters,
        kernel: 3,
        stride: 1,
        padding,
        bias: true,
        activation,
    };
    let relu = Some(Activation::Relu);
    for (side, channels, batch) in [(4, 1, 200), (6, 17, 150), (11, 3, 100)] {
        let input = ImageShape { height: side, width: side + 1, channels };
        let layers = vec![
            LayerRecipe::Conv {
                filters: 17,
                kernel: 3,
                stride: 2,
                padding: Padding::Same,
                bias: true,
                activation: relu,
            },
            conv(20, Padding::Same, None),
            LayerRecipe::MaxPool { size: 2, stride: Some(1) },
            LayerRecipe::Dropout { rate: 0.2 },
            LayerRecipe::Conv {
                filters: 9,
                kernel: 1,
                stride: 1,
                padding: Padding::Valid,
                bias: true,
                activation: relu,
            },
        ];
        check_against_reference(&case(input, 7, batch, layers, 33).unwrap()).unwrap();
    }
    for (side, batch) in [(5, 300), (14, 300), (28, 130)] {
        let input = ImageShape { height: side, width: side, channels: 1 };
        let layers = vec![
            conv(3, Padding::Same, relu),
            conv(18, Padding::Same, relu),
            LayerRecipe::MaxPool { size: 2, stride: None },
            LayerRecipe::Dropout { rate: 0.5 },
            conv(5, Padding::Same, relu),
        ];
        let case = case(input, 10, batch, layers, 21).unwrap();
        check_against_reference(&case).unwrap();
    }
}

#[test]
fn images_beyond_the_batch_are_inferred_in_parts() {
    let input = ImageShape { height: 9, width: 7, channels: 3 };
    let conv =
        LayerRecipe::Conv { filters: 5, kernel: 3, stride: 1, padding: Padding::Same, bias: true, activation: None };
    let case = case(input, 4, 23, vec![conv.clone(), conv], 11).unwrap();
    let mut whole = vec![0.0; 23 * 4];
    case.cpu(fastest(2)).infer(&case.images, &mut whole);
    let mut small = CpuExecutor::new(&case.network, 5, fastest(2), 5);
    small.set_state(&State::fresh(case.parameters.clone()));
    let mut parts = vec![0.0; 23 * 4];
    small.infer(&case.images, &mut parts);
    assert!(relative(&parts, &whole) < 1e-6);
}

#[test]
fn a_smaller_batch_than_compiled_for_trains_alike() {
    let input = ImageShape { height: 8, width: 8, channels: 1 };
    let conv =
        LayerRecipe::Conv { filters: 20, kernel: 3, stride: 1, padding: Padding::Same, bias: true, activation: None };
    let case = case(input, 3, 6, vec![conv.clone(), conv, LayerRecipe::MaxPool { size: 2, stride: None }], 3).unwrap();
    let mut large = CpuExecutor::new(&case.network, 50, fastest(2), 5);
    large.set_state(&State::fresh(case.parameters.clone()));
    let mut exact = case.cpu(fastest(2));
    assert_eq!(large.backward(case.batch(), &step_options(0)), exact.backward(case.batch(), &step_options(0)));
    assert_eq!(large.gradient(), exact.gradient());
}

/// Normalised by itself it would teach a variance of 0.
#[test]
fn a_single_image_moves_no_running_means_of_flat_layers() {
    let input = ImageShape { height: 2, width: 3, channels: 1 };
    let dense = LayerRecipe::Dense { units: Some(5), bias: true, activation: None };
    let case = case(input, 3, 1, vec![LayerRecipe::Flatten {}, dense, batch_norm()], 4).unwrap();
    check_against_reference(&case).unwrap();
    let mut executor = case.cpu(fastest(2));
    executor.train_step(case.batch(), &step_options(STEP));
    let state = executor.state();
    let running = case.network.parameters.iter().filter(|parameter| !parameter.role.is_trained());
    assert_eq!(running.clone().count(), 2);
    for Parameter { name, range, .. } in running {
        assert_eq!(state.parameters[range.clone()], case.parameters[range.clone()], "{name}");
    }
}

#[test]
fn naive_gradients_are_the_slopes_of_the_loss() {
    let input = ImageShape { height: 9, width: 8, channels: 2 };
    let layers = vec![
        LayerRecipe::Conv {
            filters: 3,
            kernel: 3,
            stride: 2,
            padding: Padding::Same,
            bias: true,
            activation: Some(Activation::Relu),
        },
        LayerRecipe::Dropout { rate: 0.3 },
        LayerRecipe::Conv { filters: 4, kernel: 3, stride: 1, padding: Padding::Valid, bias: true, activation: None },
        LayerRecipe::LeakyRelu { slope: 0.3 },
        LayerRecipe::MaxPool { size: 2, stride: None },
    ];
    check_slopes(&case(input, 3, 4, layers, 3).unwrap());
    let layers = vec![
        LayerRecipe::SeparableConv {
            filters: 3,
            kernel: 3,
            stride: 1,
            padding: Padding::Same,
            bias: true,
            activation: Some(Activation::Silu),
        },
        batch_norm(),
        LayerRecipe::Residual {
            layers: vec![conv(4, 3, 2, false), batch_norm(), LayerRecipe::Gelu {}],
            shortcut: vec![LayerRecipe::AveragePool { size: 3, stride: Some(2) }, conv(4, 1, 1, true)],
        },
    ];
    let input = ImageShape { height: 8, width: 8, channels: 2 };
    assert!(case(input, 3, 4, layers.clone(), 1).is_none(), "pooling leaves out a row");
    let input = ImageShape { height: 9, width: 9, channels: 2 };
    let mut layers = layers;
    if let LayerRecipe::Residual { layers, .. } = &mut layers[2] {
        layers[0] = LayerRecipe::Conv {
            filters: 4,
            kernel: 3,
            stride: 2,
            padding: Padding::Valid,
            bias: false,
            activation: None,
        };
    }
    for seed in [0, 1, 2] {
        check_slopes(&case(input, 3, 4, layers.clone(), seed).unwrap());
    }
}

/// Holds the naive gradient of each parameter against the slope of the loss, to a thousandth of the largest of its tensor; a
/// bias before batch normalisation has no gradient but rounding.
fn check_slopes(case: &Case) {
    let mut executor = case.reference();
    executor.backward(case.batch(), &step_options(STEP));
    let gradient: Vec<f64> = executor.gradient().iter().map(|&value| value.into()).collect();
    let size = |values: &[f64]| values.iter().fold(0f64, |largest, value| largest.max(value.abs()));
    for parameter in case.network.parameters.iter().filter(|parameter| parameter.role.is_trained()) {
        let tolerance = 1e-3 * size(&gradient[parameter.range.clone()]) + 1e-6 * size(&gradient);
        for index in parameter.range.clone() {
            let shifted = |by: f32| {
                let mut parameters = case.parameters.clone();
                parameters[index] += by;
                let at = parameters[index];
                let mut executor = case.reference();
                executor.set_state(&State::fresh(parameters));
                (executor.backward(case.batch(), &step_options(STEP)).loss, f64::from(at))
            };
            let ((above, high), (below, low)) = (shifted(1e-4), shifted(-1e-4));
            let slope = (above - below) / (high - low);
            let (name, got) = (&parameter.name, gradient[index]);
            assert!((slope - got).abs() < tolerance, "{name}: slope {slope}, gradient {got}");
        }
    }
}
