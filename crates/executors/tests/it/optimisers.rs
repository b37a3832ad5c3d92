//! Optimisers, clipping, averages, schedules and losses of both executors against values that PyTorch gave, and Muon's
//! orthogonalisation against what it is for.

use std::path::Path;

use modiste_data::ImageShape;
use modiste_executors::{CpuExecutor, CpuOptions};
use modiste_network::executor::loss::cross_entropy_backward;
use modiste_network::{
    Adamw, Batch, Executor, Mixed, Muon, Network, Optimiser, Recipe, ReferenceExecutor, Schedule, Sgd, State,
    StepOptions, Targets,
};
use serde::Deserialize;

/// What `make_values.py` writes.
#[derive(Deserialize)]
struct Values {
    initial: Vec<f32>,
    gradients: Vec<Vec<f32>>,
    cases: Vec<Case>,
    schedules: Vec<Factors>,
    losses: Vec<Loss>,
}

/// Some steps of an optimiser, and what comes of them.
#[derive(Deserialize)]
struct Case {
    optimiser: Optimiser,
    clip_norm: Option<f64>,
    average: Option<f64>,
    rate_factors: Vec<f64>,
    parameters: Vec<f32>,
    average_after: Option<Vec<f32>>,
}

/// A schedule's factors of each step.
#[derive(Deserialize)]
struct Factors {
    schedule: Schedule,
    factors: Vec<f64>,
}

/// A loss and its gradient.
#[derive(Deserialize)]
struct Loss {
    smoothing: f64,
    labels: Vec<u8>,
    mixed_labels: Option<Vec<u8>>,
    shares: Option<Vec<f32>>,
    logits: Vec<f32>,
    loss: f64,
    gradient: Vec<f32>,
}

fn values() -> Values {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/optimisers/values.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A network of these layers before a classifier, for images of `side` × `side` × 1 and 3 classes.
fn network(layers: &str, side: usize) -> Network {
    let text = format!(
        "name = 'a'\nlayers = [{layers} {{ type = 'dense', units = 3, activation = 'softmax' }}]\n\
         [training]\nepochs = 1\nbatch = 1"
    );
    let recipe = Recipe::parse(&text, "test").unwrap();
    Network::new(&recipe.layers, ImageShape { height: side, width: side, channels: 1 }, 3).unwrap()
}

/// The network that the values are of.
fn small() -> Network {
    let conv = "{ type = 'conv', filters = 4, kernel = 3, padding = 'same' }, { type = 'flatten' },";
    network(&format!("{conv} {{ type = 'dense', units = 6 }}, {{ type = 'dense', units = 8 }},"), 2)
}

/// Layers with a parameter of each role; the classifier comes behind them.
const ALL_ROLES: &str = "{ type = 'conv', filters = 4, kernel = 3, padding = 'same' }, { type = 'batch_norm' }, \
    { type = 'depthwise_conv', kernel = 3 }, { type = 'flatten' }, { type = 'dense', units = 6 },";

/// The executor of naive loops, and all of the processor's with up to `threads` threads.
fn executors(network: &Network, threads: usize) -> Vec<Box<dyn Executor>> {
    let mut executors: Vec<Box<dyn Executor>> = vec![Box::new(ReferenceExecutor::new(network, 4, 0))];
    for options in CpuOptions::available(threads) {
        executors.push(Box::new(CpuExecutor::new(network, 4, options, 0)));
    }
    executors
}

/// Steps along given gradients.
fn run(executor: &mut dyn Executor, case: &Case, values: &Values) -> State<'static> {
    executor.set_state(&State::fresh(values.initial.clone()));
    for (step, gradient) in values.gradients.iter().enumerate() {
        executor.gradient().copy_from_slice(gradient);
        executor.update(&StepOptions {
            rate_factor: case.rate_factors[step],
            clip_norm: case.clip_norm,
            average: case.average,
            ..StepOptions::new(step as u64, case.optimiser)
        });
    }
    executor.state().into_owned()
}

/// The largest difference; not a number if any value is none.
fn farthest(got: &[f32], wanted: &[f32]) -> f64 {
    assert_eq!(got.len(), wanted.len());
    let differences = got.iter().zip(wanted).map(|(&got, &wanted)| (f64::from(got) - f64::from(wanted)).abs());
    // `f64::max` would pass over what is not a number.
    differences.max_by(f64::total_cmp).unwrap_or(0.0)
}

#[test]
fn steps_are_those_of_pytorch() {
    let values = values();
    for executor in &mut executors(&small(), 2) {
        let isa = executor.device().isa;
        for case in &values.cases {
            let state = run(executor.as_mut(), case, &values);
            let name = format!("{isa}, {:?}, clipped to {:?}", case.optimiser, case.clip_norm);
            let far = farthest(&state.parameters, &case.parameters);
            println!("{name}: parameters differ by {far:.1e}");
            assert!(far <= 1e-6, "{name}: parameters differ by {far}");
            assert_eq!(state.average.is_some(), case.average.is_some());
            if let (Some(average), Some(wanted)) = (&state.average, &case.average_after) {
                let far = farthest(average, wanted);
                assert!(far <= 1e-6, "{name}: averages differ by {far}");
            }
        }
    }
}

#[test]
fn steps_are_the_same_bits_for_any_number_of_threads() {
    // Large enough for several tasks, and of no round size.
    let network = network("{ type = 'flatten' }, { type = 'dense', units = 131 }, { type = 'dense', units = 70 },", 17);
    let noise = |seed: u64| noise(network.parameter_count(), seed);
    let values = Values { initial: noise(0), gradients: (1..4).map(noise).collect(), ..values() };
    for case in values.cases.iter().filter(|case| case.clip_norm.is_some()) {
        for options in CpuOptions::available(1) {
            let run = |threads| {
                let mut executor = CpuExecutor::new(&network, 4, CpuOptions { threads, ..options }, 0);
                run(&mut executor, case, &values)
            };
            let alone = run(1);
            assert!(alone.parameters.iter().all(|value| value.is_finite()));
            for threads in [2, 4] {
                assert!(run(threads) == alone, "{options}, {threads} threads, {:?}", case.optimiser);
            }
        }
    }
}

#[test]
fn executors_agree_on_large_matrices() {
    let network =
        network("{ type = 'flatten' }, { type = 'dense', units = 131 }, { type = 'dense', units = 131 },", 17);
    for iterations in [1, 5, 20] {
        let options = StepOptions::new(0, Optimiser::Muon(Muon { learning_rate: 1.0, iterations, ..Muon::default() }));
        let mut results = executors(&network, 2).into_iter().map(|mut executor| {
            executor.set_state(&State::fresh(vec![0.0; network.parameter_count()]));
            executor.gradient().copy_from_slice(&noise(network.parameter_count(), 5));
            executor.update(&options);
            executor.state().parameters.into_owned()
        });
        let wanted = results.next().unwrap();
        for got in results {
            // Values are about 0.1.
            let far = farthest(&got, &wanted);
            println!("{iterations} iterations: parameters differ by {far:.1e}");
            assert!(far < 1e-4, "{iterations} iterations: parameters differ by {far}");
        }
    }
}

#[test]
fn matrices_of_low_rank_stay_finite() {
    let network = network("{ type = 'flatten' }, { type = 'dense', units = 40 }, { type = 'dense', units = 60 },", 7);
    let options = StepOptions::new(0, Optimiser::Muon(Muon { learning_rate: 1.0, iterations: 20, ..Muon::default() }));
    let (left, right) = (noise(60, 1), noise(60, 2));
    for rank in [0, 1] {
        let mut gradient = vec![0.0; network.parameter_count()];
        for parameter in network.parameters.iter().filter(|parameter| parameter.shape.len() == 2 && rank == 1) {
            let columns = parameter.shape[1];
            for (place, value) in gradient[parameter.range.clone()].iter_mut().enumerate() {
                *value = left[place / columns] * right[place % columns];
            }
        }
        for executor in &mut executors(&network, 2) {
            executor.set_state(&State::fresh(vec![0.0; network.parameter_count()]));
            executor.gradient().copy_from_slice(&gradient);
            executor.update(&options);
            let moved = executor.state().parameters.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            assert!(executor.state().parameters.iter().all(|value| value.is_finite()));
            assert!(if rank == 0 { moved == 0.0 } else { moved > 0.01 && moved < 2.0 }, "moved by {moved}");
        }
    }
}

#[test]
fn averages_come_back_with_a_state_and_go_with_a_swap() {
    let values = values();
    let case = values.cases.iter().find(|case| case.average.is_some()).unwrap();
    let images = [0.5, -0.25, 0.75, 1.0];
    for executor in &mut executors(&small(), 2) {
        let logits = |executor: &mut dyn Executor| {
            let mut logits = [0.0; 3];
            executor.infer(&images, &mut logits);
            logits
        };
        let state = run(executor.as_mut(), case, &values);
        let of_parameters = logits(executor.as_mut());
        executor.swap_average();
        let swapped = executor.state().into_owned();
        assert_eq!(swapped.parameters, *state.average.as_ref().unwrap());
        assert_eq!(*swapped.average.as_ref().unwrap(), state.parameters);
        assert_ne!(logits(executor.as_mut()), of_parameters);
        executor.swap_average();
        assert_eq!(executor.state(), state);
        assert_eq!(logits(executor.as_mut()), of_parameters);

        // Without an average there is nothing to swap, and a state that has one brings it.
        executor.set_state(&State::fresh(values.initial.clone()));
        executor.swap_average();
        assert_eq!(executor.state(), State::fresh(values.initial.clone()));
        executor.set_state(&state);
        assert_eq!(executor.state(), state);
    }
}

#[test]
fn schedules_are_those_of_pytorch() {
    for Factors { schedule, factors } in values().schedules {
        for (step, &wanted) in factors.iter().enumerate() {
            let got = schedule.factor(step as u64, factors.len() as u64);
            assert!((got - wanted).abs() < 1e-12, "{schedule:?}: {got} at step {step}, not {wanted}");
        }
    }
}

#[test]
fn losses_are_those_of_pytorch() {
    for loss in values().losses {
        let mixed = loss.mixed_labels.as_ref().zip(loss.shares.as_ref());
        let mixed = mixed.map(|(labels, shares)| Mixed { labels, shares });
        let targets = Targets { labels: &loss.labels, mixed, smoothing: loss.smoothing, class_weights: None };
        let mut gradient = loss.logits.clone();
        let result = cross_entropy_backward(&mut gradient, &targets, 5);
        assert!((result.loss - loss.loss).abs() < 1e-7, "{} instead of {}", result.loss, loss.loss);
        assert!(farthest(&gradient, &loss.gradient) < 1e-7);
    }
}

#[test]
fn executors_agree_on_gradients_of_soft_targets() {
    let network = small();
    let images = noise(4 * 4, 7);
    let mixed = Mixed { labels: &[1, 2, 2, 0], shares: &[0.5, 0.25, 0.0, 1.0] };
    let batch = Batch { mixed: Some(mixed), ..Batch::new(&images, &[0, 1, 2, 0]) };
    let options = StepOptions { label_smoothing: 0.2, ..StepOptions::new(0, Optimiser::default()) };
    let mut results = executors(&network, 2).into_iter().map(|mut executor| {
        executor.set_state(&State::fresh(noise(network.parameter_count(), 8)));
        (executor.backward(batch, &options), executor.gradient().to_vec())
    });
    let (wanted, wanted_gradient) = results.next().unwrap();
    for (result, gradient) in results {
        assert!((result.loss - wanted.loss).abs() < 1e-5);
        assert_eq!(result.correct, wanted.correct);
        assert!(farthest(&gradient, &wanted_gradient) < 1e-5);
    }
}

#[test]
fn muon_makes_matrices_orthogonal_whatever_their_shape() {
    // 48 × 16 is tall, 48 × 48 is square, and 20 × 48 is wide. This noise has no singular value so small, below about 0.0015
    // of the norm, that five iterations would not bring it up.
    let dense = [48, 48, 20].map(|units| format!("{{ type = 'dense', units = {units} }},")).concat();
    let network = network(&format!("{{ type = 'flatten' }}, {dense}"), 4);
    let muon = Muon { learning_rate: 1.0, ..Muon::default() };
    for executor in &mut executors(&network, 2) {
        executor.set_state(&State::fresh(vec![0.0; network.parameter_count()]));
        executor.gradient().copy_from_slice(&noise(network.parameter_count(), 1));
        executor.update(&StepOptions::new(0, Optimiser::Muon(muon)));
        let parameters = executor.state().parameters.into_owned();
        for (index, (rows, columns)) in [(48, 16), (48, 48), (20, 48)].into_iter().enumerate() {
            let weight = &parameters[network.parameters[2 * index].range.clone()];
            let scale = (rows as f64 / columns as f64).max(1.0).sqrt();
            let matrix: Vec<f64> = weight.iter().map(|&value| f64::from(value) / scale).collect();
            for value in singular_values(&matrix, rows, columns) {
                let isa = executor.device().isa;
                assert!((0.65..1.25).contains(&value), "{isa}: {rows} × {columns} has the singular value {value}");
            }
        }
    }
}

/// The tensors, by name, that are no longer 1 after one step along this gradient.
fn moved(executor: &mut dyn Executor, gradient: &[f32], optimiser: Optimiser) -> Vec<String> {
    executor.set_state(&State::fresh(vec![1.0; gradient.len()]));
    executor.gradient().copy_from_slice(gradient);
    executor.update(&StepOptions::new(0, optimiser));
    let state = executor.state().into_owned();
    let parameters = executor.network().parameters.iter();
    let changed = parameters.filter(|parameter| state.parameters[parameter.range.clone()].iter().any(|&x| x != 1.0));
    changed.map(|parameter| parameter.name.clone()).collect()
}

#[test]
fn weights_decay_and_nothing_else_does() {
    let network = network(ALL_ROLES, 4);
    let adamw = Adamw { weight_decay: 0.5, ..Adamw::default() };
    let decaying = [
        Optimiser::Adamw(adamw),
        Optimiser::Sgd(Sgd { weight_decay: 0.5, ..Sgd::default() }),
        Optimiser::Muon(Muon { weight_decay: 0.5, others: adamw, ..Muon::default() }),
    ];
    for executor in &mut executors(&network, 1) {
        for optimiser in decaying {
            let moved = moved(executor.as_mut(), &vec![0.0; network.parameter_count()], optimiser);
            let weights = ["conv1.weight", "depthwise_conv1.weight", "dense1.weight", "dense2.weight"];
            assert_eq!(moved, weights, "{} by {}", optimiser.name(), executor.device().isa);
        }
    }
}

#[test]
fn muon_is_for_matrices_and_adamw_for_the_rest() {
    let network = network(ALL_ROLES, 4);
    let gradient = noise(network.parameter_count(), 3);
    let still = Adamw { learning_rate: 0.0, ..Adamw::default() };
    let matrices = Optimiser::Muon(Muon { others: still, ..Muon::default() });
    let rest = Optimiser::Muon(Muon { learning_rate: 0.0, ..Muon::default() });
    let trained = network.parameters.iter().filter(|parameter| parameter.role.is_trained());
    let (of_matrices, of_rest): (Vec<_>, Vec<_>) =
        trained.map(|parameter| &*parameter.name).partition(|name| ["conv1.weight", "dense1.weight"].contains(name));
    for executor in &mut executors(&network, 1) {
        assert_eq!(moved(executor.as_mut(), &gradient, matrices), of_matrices, "by {}", executor.device().isa);
        assert_eq!(moved(executor.as_mut(), &gradient, rest), of_rest, "by {}", executor.device().isa);
    }
}

/// Numbers in [-1, 1).
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i32 as f32 / (1u32 << 30) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// By one-sided Jacobi rotations (Hestenes, 1958): the smaller side's vectors are rotated until they are orthogonal.
fn singular_values(matrix: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    let (side, length) = (rows.min(columns), rows.max(columns));
    let at =
        |vector: usize, place: usize| if rows <= columns { vector * columns + place } else { place * columns + vector };
    let mut vectors: Vec<Vec<f64>> =
        (0..side).map(|vector| (0..length).map(|place| matrix[at(vector, place)]).collect()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for _ in 0..20 {
        for second in 1..side {
            let (before, rest) = vectors.split_at_mut(second);
            for first in before {
                let (a, b, both) = (dot(first, first), dot(&rest[0], &rest[0]), dot(first, &rest[0]));
                let angle = 0.5 * (2.0 * both).atan2(a - b);
                let (sine, cosine) = angle.sin_cos();
                for (x, y) in first.iter_mut().zip(&mut rest[0]) {
                    (*x, *y) = (cosine * *x + sine * *y, cosine * *y - sine * *x);
                }
            }
        }
    }
    vectors.iter().map(|vector| dot(vector, vector).sqrt()).collect()
}
