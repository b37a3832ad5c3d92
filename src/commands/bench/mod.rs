//! `bench`: times this machine.

mod images;
mod kernels;
mod timing;
mod tsne;

use anyhow::Result;
use modiste_executors::Device;
use modiste_network::executor::initialisation::glorot_uniform;
use modiste_network::{Executor, Recipe, State};
use modiste_training::experiment::network;

use self::images::BenchImages;
use super::setup::{Outcome, device, ensure_memory, find_recipe};
use crate::cli::{BenchArgs, BenchCommand};
use crate::output;

/// Untimed steps at first: memory is touched, caches and clocks settle.
const WARM_UP: usize = 2;

/// Times training steps, inference, what a step is made of, or maps.
pub fn run(command: &BenchCommand) -> Result<Outcome> {
    match command {
        BenchCommand::Step(arguments) => timing::step(arguments)?,
        BenchCommand::Infer(arguments) => timing::infer(arguments)?,
        BenchCommand::Kernels(arguments) => kernels::run(arguments)?,
        BenchCommand::Tsne(arguments) => tsne::run(arguments)?,
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
        let recipe = find_recipe(&arguments.recipe)?;
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
    let threads = output::count(threads, "thread");
    format!("{recipe}, batches of {batch} ({data}), {device} {isa}, {threads}")
}

/// `1.25 ms`, or `1.250 s` from a second on.
fn milliseconds_or_seconds(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.2} ms", seconds * 1e3) } else { format!("{seconds:.3} s") }
}
