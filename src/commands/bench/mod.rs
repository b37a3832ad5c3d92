//! `bench`: times this machine.

mod images;
mod kernels;
mod timing;
mod tsne;

use anyhow::Result;
use modiste_nn::device::Device;
use modiste_nn::executor::{Executor, State};
use modiste_nn::init::glorot_uniform;
use modiste_nn::recipe::Recipe;

use self::images::BenchImages;
use super::{Outcome, device, ensure_memory, network};
use crate::cli::{BenchArgs, BenchVerb};

/// Untimed steps at first: memory is touched, caches and clocks settle.
const WARM_UP: usize = 2;

/// Times training steps, inference, what a step is made of, or maps.
pub fn run(verb: &BenchVerb) -> Result<Outcome> {
    match verb {
        BenchVerb::Step(arguments) => timing::step(arguments)?,
        BenchVerb::Infer(arguments) => timing::infer(arguments)?,
        BenchVerb::Kernels(arguments) => kernels::run(arguments)?,
        BenchVerb::Tsne(arguments) => tsne::run(arguments)?,
    }
    Ok(Outcome::Done)
}

/// What is timed.
struct Subject {
    recipe: Recipe,
    images: BenchImages,
    device: Device,
    executor: Box<dyn Executor>,
}

impl Subject {
    /// The recipe's network, compiled, with fresh parameters.
    fn new(arguments: &BenchArgs) -> Result<Self> {
        let recipe = Recipe::find(&arguments.recipe)?;
        let batch = arguments.batch.map_or(recipe.training.batch, |batch| batch as usize);
        let images = BenchImages::load(arguments, &recipe, batch)?;
        let network = network(&recipe, images.shape, images.classes)?;
        let device = device(&arguments.compute)?;
        ensure_memory(&device, &network, batch)?;
        let mut executor = device.compile(&network, batch, recipe.training.seed);
        executor.set_state(&State::fresh(glorot_uniform(&network, recipe.training.seed)));
        Ok(Self { recipe, images, device, executor })
    }
}

/// The line that says what was timed.
fn subject_line(recipe: &str, batch: usize, data: &str, device: &str, isa: &str, threads: usize) -> String {
    let plural = if threads == 1 { "" } else { "s" };
    format!("{recipe}, batches of {batch} ({data}), {device} {isa}, {threads} thread{plural}")
}

/// Seconds as people read them.
fn span(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.2} ms", seconds * 1e3) } else { format!("{seconds:.3} s") }
}
