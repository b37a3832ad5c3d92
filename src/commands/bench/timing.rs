//! `bench step` and `bench infer`: how long it takes.

use std::time::Instant;

use anyhow::Result;
use modiste_network::{DeviceInfo, StepOptions};
use modiste_report::numbers::grouped;
use serde::Serialize;

use super::images::BenchImages;
use super::{Subject, WARM_UP, milliseconds_or_seconds, subject_line};
use crate::cli::BenchArgs;
use crate::output;
use crate::system::memory;

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

/// Times training steps.
pub fn step(arguments: &BenchArgs) -> Result<()> {
    let Subject { recipe, images, mut executor, .. } = Subject::new(arguments)?;
    let steps = arguments.steps as usize;
    let seconds = timed(steps, |step| {
        executor.train_step(images.batch(), &StepOptions::of(&recipe, step, (WARM_UP + steps) as u64));
    });
    print_timing(arguments, "training step", &Timing::new(recipe.name, &images, &seconds, None, executor.device()))
}

/// Times inference, of whole batches and of single images.
pub fn infer(arguments: &BenchArgs) -> Result<()> {
    let Subject { recipe, images, mut executor, .. } = Subject::new(arguments)?;
    let mut time = |pixels: &[f32], count: usize| {
        let mut logits = vec![0.0; count * images.classes];
        timed(arguments.steps as usize, |_| executor.infer(pixels, &mut logits))
    };
    let seconds = time(&images.pixels, images.labels.len());
    let latency = median(&time(&images.pixels[..images.shape.len()], 1));
    print_timing(arguments, "inference", &Timing::new(recipe.name, &images, &seconds, Some(latency), executor.device()))
}

impl Timing {
    /// From the seconds of all steps, ascending.
    fn new(recipe: String, images: &BenchImages, seconds: &[f64], latency: Option<f64>, info: DeviceInfo) -> Self {
        let (batch, step_seconds_median) = (images.labels.len(), median(seconds));
        Self {
            recipe,
            data: images.name.clone(),
            batch,
            steps: seconds.len(),
            step_seconds_median,
            step_seconds_min: seconds[0],
            images_per_second: batch as f64 / step_seconds_median,
            latency_seconds: latency,
            device: info.device,
            isa: info.isa,
            threads: info.threads,
            peak_memory_bytes: memory::peak_bytes(),
        }
    }
}

fn print_timing(arguments: &BenchArgs, what: &str, timing: &Timing) -> Result<()> {
    if arguments.output.json {
        output::print_json(timing)
    } else {
        output::print(&text(timing, what, arguments.output.quiet))
    }
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

fn text(timing: &Timing, what: &str, quiet: bool) -> String {
    let rate = format!(
        "{what}: {} (median of {}, fastest {}), {} images per second",
        milliseconds_or_seconds(timing.step_seconds_median),
        timing.steps,
        milliseconds_or_seconds(timing.step_seconds_min),
        grouped(timing.images_per_second.round() as u64)
    );
    if quiet {
        return rate;
    }
    let Timing { recipe, data, batch, device, isa, threads, .. } = timing;
    let mut lines = vec![subject_line(recipe, *batch, data, device, isa, *threads), rate];
    if let Some(latency) = timing.latency_seconds {
        lines.push(format!("a single image: {}", milliseconds_or_seconds(latency)));
    }
    if let Some(peak) = timing.peak_memory_bytes {
        lines.push(format!("peak memory: {}", output::megabytes(peak)));
    }
    lines.join("\n")
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
