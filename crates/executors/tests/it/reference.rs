//! Both executors against values worked out elsewhere.
//!
//! The directory is `$MODISTE_REFERENCE`, else `shared/reference` beside the repository, else the small file in it. Each
//! `NAME.safetensors` there goes with the recipe `NAME.toml` beside it, or else the built-in recipe of that name.

use std::path::{Path, PathBuf};

use modiste_data::{ImageShape, Scaling};
use modiste_executors::{CpuExecutor, CpuOptions};
use modiste_network::executor::softmax::predicted;
use modiste_network::{
    Batch, Executor, LayerRecipe, Network, Optimiser, Recipe, ReferenceExecutor, Shape, State, StepOptions,
};
use safetensors::SafeTensors;

/// How far an executor may be from the file.
struct Tolerance {
    /// Logits, as a share of the largest.
    logits: f64,
    /// Each loss, relative.
    loss: f64,
    /// Each gradient tensor, in relative norm.
    gradient: f64,
    /// A parameter after three steps, absolute, for 99.9% of them.
    parameter: f64,
}

const F32: Tolerance = Tolerance { logits: 1e-4, loss: 1e-3, gradient: 1e-3, parameter: 1e-4 };
const F64: Tolerance = Tolerance { logits: 1e-5, loss: 1e-4, gradient: 1e-4, parameter: 1e-5 };

/// One file: a network, a batch, and what it should give.
struct Case {
    path: PathBuf,
    bytes: Vec<u8>,
    network: Network,
    optimiser: Optimiser,
}

impl Case {
    fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let beside = path.with_extension("toml");
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let recipe = Recipe::find(if beside.is_file() { beside.to_str().unwrap() } else { stem }).unwrap();
        let layers: Vec<_> =
            recipe.layers.into_iter().filter(|layer| !matches!(layer, LayerRecipe::Dropout { .. })).collect();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let (images, logits) = (tensors.tensor("images").unwrap(), tensors.tensor("logits").unwrap());
        let channels = images.shape().get(3).copied().unwrap_or(1);
        let input = ImageShape { height: images.shape()[1], width: images.shape()[2], channels };
        let network = Network::new(&layers, input, logits.shape()[1]).unwrap();
        Self { path: path.to_owned(), bytes, network, optimiser: Optimiser::default() }
    }

    fn options(&self, step: u64) -> StepOptions {
        StepOptions::new(step, self.optimiser)
    }

    fn tensor(&self, name: &str) -> Vec<f32> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let data = tensors.tensor(name).unwrap_or_else(|error| panic!("{}: {name}: {error}", self.path.display()));
        data.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
    }

    /// All parameters of `kind` as one slice.
    fn parameters(&self, kind: &str) -> Vec<f32> {
        self.network
            .parameters
            .iter()
            .flat_map(|parameter| self.tensor(&format!("{kind}.{}", parameter.name)))
            .collect()
    }

    fn check(&self, executor: &mut dyn Executor, tolerance: &Tolerance) {
        let label = format!("{} on {}", self.path.display(), executor.device().isa);
        let scaled = |&pixel: &f32| Scaling::SYMMETRIC.scaled(pixel as u8);
        let images: Vec<f32> = self.tensor("images").iter().map(scaled).collect();
        let labels: Vec<u8> = self.tensor("labels").iter().map(|&label| label as u8).collect();
        let batch = Batch::new(&images, &labels);
        executor.set_state(&State::fresh(self.parameters("init")));

        let wanted = self.tensor("logits");
        let mut logits = vec![0.0; wanted.len()];
        executor.infer(&images, &mut logits);
        let largest = wanted.iter().fold(0f64, |largest, &logit| largest.max(f64::from(logit).abs()));
        let differences = logits.iter().zip(&wanted).map(|(&got, &want)| difference(got, want));
        // `f64::max` would pass over what is not a number.
        let worst = differences.max_by(f64::total_cmp).unwrap_or(0.0);
        println!("{label}: logits differ by {:.1e} of their largest", worst / largest);
        assert!(worst <= tolerance.logits * largest, "{label}: logits differ by {worst}, the largest is {largest}");

        for (step, &want) in self.tensor("loss").iter().enumerate() {
            let result = executor.backward(batch, &self.options(step as u64));
            let error = (result.loss - f64::from(want)).abs() / f64::from(want);
            println!("{label}: loss {step} differs by {error:.1e}");
            assert!(error <= tolerance.loss, "{label}: loss {step} is {}, not {want}", result.loss);
            assert_eq!(result.correct, {
                executor.infer(&images, &mut logits);
                let rows = logits.chunks_exact(self.network.classes).zip(&labels);
                rows.filter(|(row, label)| predicted(row) == usize::from(**label)).count()
            });
            if step == 0 {
                self.check_gradient(&label, executor.gradient(), tolerance);
            }
            if step < 3 {
                executor.update(&self.options(step as u64));
            }
        }

        let wanted = self.parameters("after3");
        let state = executor.state();
        let pairs = state.parameters.iter().zip(&wanted);
        let near = pairs.filter(|&(&got, &want)| difference(got, want) <= tolerance.parameter).count();
        let far = wanted.len() - near;
        println!("{label}: {far} of {} parameters differ by more than {}", wanted.len(), tolerance.parameter);
        assert!(far * 1000 <= wanted.len(), "{label}: {far} parameters differ by more than {}", tolerance.parameter);
    }

    fn check_gradient(&self, label: &str, gradient: &[f32], tolerance: &Tolerance) {
        for parameter in &self.network.parameters {
            let wanted = self.tensor(&format!("grad.{}", parameter.name));
            let got = &gradient[parameter.range.clone()];
            let norm = |squares: f64| squares.sqrt();
            let error = norm(got.iter().zip(&wanted).map(|(&got, &want)| difference(got, want).powi(2)).sum());
            let size = norm(wanted.iter().map(|&want| f64::from(want).powi(2)).sum());
            println!("{label}: gradient of {} differs by {:.1e}", parameter.name, error / size);
            assert!(error <= tolerance.gradient * size, "{label}: gradient of {} differs", parameter.name);
        }
    }
}

fn difference(a: f32, b: f32) -> f64 {
    (f64::from(a) - f64::from(b)).abs()
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let shared = root.parent().unwrap().join("shared/reference");
    let directory = match std::env::var_os("MODISTE_REFERENCE") {
        // A relative path is meant from where `cargo test` was typed, which is not where tests run.
        Some(directory) => root.join(directory),
        None if shared.is_dir() => shared,
        None => small_files(),
    };
    in_directory(&directory)
}

/// The small files in the repository.
fn small_files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/reference")
}

fn in_directory(directory: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no .safetensors file", directory.display());
    paths.iter().map(|path| Case::open(path)).collect()
}

fn check_cpu(case: &Case) {
    for options in CpuOptions::available(2) {
        let batch = case.tensor("labels").len();
        case.check(&mut CpuExecutor::new(&case.network, batch, options, 0), &F32);
    }
}

fn check_f64(case: &Case) {
    case.check(&mut ReferenceExecutor::new(&case.network, case.tensor("labels").len(), 0), &F64);
}

#[test]
fn cpu_matches_the_reference_files_in_f32() {
    cases().iter().for_each(check_cpu);
}

#[test]
fn naive_loops_match_the_reference_files_in_f64() {
    cases().iter().for_each(check_f64);
}

#[test]
fn both_match_the_small_reference_files() {
    for case in in_directory(&small_files()) {
        assert!(matches!(case.network.output(), Shape::Flat(_)));
        check_cpu(&case);
        check_f64(&case);
    }
}
