//! `bench`: times this machine.

use std::time::Instant;

use anyhow::Result;
use modiste_nn::executor::{Batch, Executor, Hyper, State};
use modiste_nn::init::glorot_uniform;
use modiste_nn::recipe::{Optimiser, Recipe};
use modiste_report::numbers::grouped;
use serde::Serialize;

use super::{Outcome, device, ensure_memory, network};
use crate::cli::{BenchArgs, BenchVerb};
use crate::{download_progress, memory, output};

/// Untimed steps at first: memory is touched, caches and clocks settle.
const WARM_UP: usize = 2;

/// `--json`
#[derive(Serialize)]
struct Timing {
    recipe: String,
    /// The data set, or `random`.
    data: String,
    batch: usize,
    steps: usize,
    step_seconds_median: f64,
    step_seconds_min: f64,
    images_per_second: f64,
    /// Median time to classify a single image; of `bench infer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_seconds: Option<f64>,
    device: &'static str,
    isa: String,
    threads: usize,
    peak_memory_bytes: Option<u64>,
}

/// Times training steps or inference.
pub fn run(verb: &BenchVerb) -> Result<Outcome> {
    let (arguments, training) = match verb {
        BenchVerb::Step(arguments) => (arguments, true),
        BenchVerb::Infer(arguments) => (arguments, false),
    };
    let recipe = Recipe::find(&arguments.recipe)?;
    let batch = arguments.batch.map_or(recipe.training.batch, |batch| batch as usize);
    let images = BenchImages::load(arguments, &recipe, batch)?;
    let network = network(&recipe, images.shape, images.classes)?;
    let device = device(&arguments.compute)?;
    ensure_memory(&device, &network, batch)?;
    let mut executor = device.compile(&network, batch, recipe.training.seed);
    executor.set_state(&State::fresh(glorot_uniform(&network, recipe.training.seed)));

    let steps = arguments.steps as usize;
    let mut latency_seconds = None;
    let seconds = if training {
        let Optimiser::Adam(adam) = recipe.optimiser;
        let batch = Batch { images: &images.pixels, labels: &images.labels };
        timed(steps, |step| {
            executor.train_step(batch, &Hyper { step, adam });
        })
    } else {
        let seconds = infer(executor.as_mut(), &images.pixels, batch, images.classes, steps);
        let single = &images.pixels[..images.shape.len()];
        latency_seconds = Some(median(&infer(executor.as_mut(), single, 1, images.classes, steps)));
        seconds
    };

    let step_seconds_median = median(&seconds);
    let info = executor.device();
    let timing = Timing {
        recipe: recipe.name,
        data: images.name,
        batch,
        steps,
        step_seconds_median,
        step_seconds_min: seconds[0],
        images_per_second: batch as f64 / step_seconds_median,
        latency_seconds,
        device: info.device,
        isa: info.isa,
        threads: info.threads,
        peak_memory_bytes: memory::peak_bytes(),
    };
    if arguments.output.json {
        output::print_json(&timing)?;
    } else {
        output::print(&text(&timing, training, arguments.output.quiet))?;
    }
    Ok(Outcome::Done)
}

fn infer(executor: &mut dyn Executor, pixels: &[f32], batch: usize, classes: usize, steps: usize) -> Vec<f64> {
    let mut logits = vec![0.0; batch * classes];
    timed(steps, |_| executor.infer(pixels, &mut logits))
}

/// Seconds of each of `steps` calls after the warm-up, ascending. `call` is given its number, from 0.
fn timed(steps: usize, mut call: impl FnMut(u64)) -> Vec<f64> {
    let mut seconds = Vec::with_capacity(steps);
    for step in 0..WARM_UP + steps {
        let start = Instant::now();
        call(step as u64);
        if step >= WARM_UP {
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    seconds.sort_by(f64::total_cmp);
    seconds
}

/// Of ascending values, at least one.
fn median(ascending: &[f64]) -> f64 {
    let middle = ascending.len() / 2;
    if ascending.len().is_multiple_of(2) {
        (ascending[middle - 1] + ascending[middle]) / 2.0
    } else {
        ascending[middle]
    }
}

fn text(timing: &Timing, training: bool, quiet: bool) -> String {
    let what = if training { "training step" } else { "inference" };
    let rate = format!(
        "{what}: {} (median of {}, fastest {}), {} images per second",
        span(timing.step_seconds_median),
        timing.steps,
        span(timing.step_seconds_min),
        grouped(timing.images_per_second.round() as u64)
    );
    if quiet {
        return rate;
    }
    let Timing { recipe, data, batch, device, isa, threads, .. } = timing;
    let plural = if *threads == 1 { "" } else { "s" };
    let mut lines =
        vec![format!("{recipe}, batches of {batch} ({data}), {device} {isa}, {threads} thread{plural}"), rate];
    if let Some(latency) = timing.latency_seconds {
        lines.push(format!("a single image: {}", span(latency)));
    }
    if let Some(peak) = timing.peak_memory_bytes {
        lines.push(format!("peak memory: {:.0} MB", peak as f64 / 1e6));
    }
    lines.join("\n")
}

/// Seconds as people read them.
fn span(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.2} ms", seconds * 1e3) } else { format!("{seconds:.3} s") }
}

/// One batch to work on again and again.
struct BenchImages {
    name: String,
    shape: modiste_data::ImageShape,
    classes: usize,
    /// Scaled, `[batch, height, width, channels]`
    pixels: Vec<f32>,
    /// `[batch]`
    labels: Vec<u8>,
}

impl BenchImages {
    /// The first images of `--data`, from the start again where there are fewer than a batch; else random ones.
    fn load(arguments: &BenchArgs, recipe: &Recipe, batch: usize) -> Result<Self> {
        let table = recipe.data.scaling.table();
        let scaled = |pixel: u8| table[usize::from(pixel)];
        if arguments.data.data.is_none() {
            let (shape, classes) = (super::USUAL_INPUT, super::USUAL_CLASSES);
            let pixels = random_bytes().take(batch * shape.len()).map(scaled).collect();
            let labels = (0..batch).map(|index| (index % classes) as u8).collect();
            return Ok(Self { name: "random".to_owned(), shape, classes, pixels, labels });
        }
        let data = download_progress::load(&arguments.data.source(), arguments.data.place(), arguments.output.quiet)?;
        let train = &data.train;
        let pixels = train.pixels().iter().cycle().take(batch * train.shape().len()).map(|&pixel| scaled(pixel));
        let labels = train.labels().iter().cycle().take(batch).copied().collect();
        let (shape, classes) = (train.shape(), data.class_names.len());
        Ok(Self { name: data.name, shape, classes, pixels: pixels.collect(), labels })
    }
}

/// The same bytes on every machine (xorshift64, Marsaglia, 2003).
fn random_bytes() -> impl Iterator<Item = u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert_eq!(median(&[5.0]), 5.0);
    }

    #[test]
    fn warm_up_steps_are_not_counted() {
        let mut calls = Vec::new();
        assert_eq!(timed(3, |step| calls.push(step)).len(), 3);
        assert_eq!(calls, [0, 1, 2, 3, 4]);
    }
}
