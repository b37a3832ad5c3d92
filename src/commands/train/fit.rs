//! One run, to its end, to an interruption, or to an error that says what is left.

use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use modiste_nn::device::Device;
use modiste_nn::executor::{DeviceInfo, Executor, State};
use modiste_nn::init::glorot_uniform;
use modiste_nn::model::ModelCard;
use modiste_nn::training::runs::result::{RunResult, Sizes};
use modiste_nn::training::runs::run_checkpointer::RunCheckpointer;
use modiste_nn::training::runs::run_directory::RunPaths;
use modiste_nn::training::splits::Splits;
use modiste_nn::training::trainer::{Ended, FinalScores, TrainError, Trainer};
use modiste_report::numbers::grouped;

use super::experiment::Experiment;
use super::job::Job;
use crate::interrupt::Interrupt;
use crate::memory;
use crate::training_display::TrainingDisplay;

/// How a run ended.
pub enum Fitted {
    Finished(Box<RunResult>),
    /// After so many epochs and steps, in words; the state is saved.
    Interrupted(String),
}

/// The executor of a run, before its first step.
pub fn compile(job: &Job, device: &Device) -> Box<dyn Executor> {
    let training = &job.experiment.recipe.training;
    let mut executor = device.compile(&job.network, training.batch, training.seed);
    if job.checkpoint.is_none() {
        executor.set_state(&State::fresh(glorot_uniform(&job.network, training.seed)));
    }
    executor
}

/// What is trained on what by what.
pub fn heading(job: &Job, info: &DeviceInfo) -> String {
    format!(
        "{} on {}: {}; {} parameters; {} {}, {} thread{}",
        job.experiment.recipe.name,
        job.experiment.dataset.name,
        sizes_text(&job.splits),
        grouped(job.network.parameter_count() as u64),
        info.device,
        info.isa,
        info.threads,
        if info.threads == 1 { "" } else { "s" }
    )
}

/// Trains, and keeps the result. The clock of the run began at `started`.
pub fn fit(
    job: &Job,
    executor: &mut dyn Executor,
    interrupt: &Interrupt,
    display: &mut TrainingDisplay,
    started: Instant,
) -> Result<Fitted> {
    let Job { experiment: Experiment { recipe, dataset, plan }, network, run, splits, checkpoint } = job;
    let paths = run.paths();
    let info = executor.device();
    let mut trainer = Trainer::new(executor, recipe, splits, &started)?;
    if let Some(checkpoint) = checkpoint {
        trainer.restore(checkpoint).with_context(|| format!("cannot go on with {}", paths.directory().display()))?;
        let position = trainer.position();
        display.line(&format!("going on after {}", position_text(position.epoch, position.step_in_epoch)));
    }
    let card = ModelCard {
        recipe: recipe.clone(),
        class_names: dataset.class_names.clone(),
        image_shape: network.input,
        data: plan.data.clone(),
        epochs: trainer.position().epoch,
    };
    let mut checkpointer = RunCheckpointer::new(paths, card, network, trainer.position().epoch)?;
    let ended = trainer.run(&mut checkpointer, display, interrupt.asked());
    display.run_ended();
    match ended {
        Ok(Ended::Finished(scores)) => {
            let result = result(job, &trainer, &scores, info);
            result.save(&paths.result()).with_context(|| resume_text(paths, "the run is trained"))?;
            Ok(Fitted::Finished(Box::new(result)))
        }
        Ok(Ended::Interrupted) => {
            let position = trainer.position();
            Ok(Fitted::Interrupted(position_text(position.epoch, position.step_in_epoch)))
        }
        Err(error @ TrainError::Diverged { .. }) => {
            Err(anyhow!("{error}; the last good checkpoint is kept in {}", paths.directory().display()))
        }
        Err(error) => Err(anyhow!("{error}; {}", resume_text(paths, "when that is mended"))),
    }
}

fn resume_text(paths: &RunPaths, when: &str) -> String {
    let directory = paths.directory().display();
    format!("{when}, `modiste train --resume {directory}` goes on from the last checkpoint")
}

/// `3 epochs and 1 step`
pub fn position_text(epochs: usize, steps: usize) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let epochs = format!("{epochs} epoch{}", plural(epochs));
    if steps == 0 { epochs } else { format!("{epochs} and {steps} step{}", plural(steps)) }
}

fn sizes_text(splits: &Splits) -> String {
    let count = |count: usize| grouped(count as u64);
    let test = count(splits.test.len());
    let train = count(splits.train.len());
    match &splits.validation {
        Some(_) if splits.validates_on_test => {
            format!("{train} training images, {test} test images (also validation)")
        }
        Some(held_out) => format!("{train} training, {} validation and {test} test images", count(held_out.len())),
        None => format!("{train} training and {test} test images, none for validation"),
    }
}

fn result(job: &Job, trainer: &Trainer<'_>, scores: &FinalScores, info: DeviceInfo) -> RunResult {
    let Experiment { recipe, plan, .. } = &job.experiment;
    let position = trainer.position();
    let last = position.last.clone().unwrap_or_default();
    let FinalScores { test, validation, fitted } = scores;
    let images = (position.epoch * position.train_images) as f64;
    RunResult {
        data: plan.data.name.clone(),
        recipe: recipe.name.clone(),
        run: job.run.paths().directory().display().to_string(),
        seed: recipe.training.seed,
        threads: info.threads,
        device: info.device.to_owned(),
        isa: info.isa,
        epochs: position.epoch,
        batch: position.batch,
        steps: position.step,
        best_epoch: position.best.map(|best| best.epoch),
        parameters: job.network.parameter_count(),
        multiply_adds: job.network.multiply_adds(),
        sizes: Sizes {
            train: job.splits.train.len(),
            validation: job.splits.validation.as_ref().map_or(0, |subset| subset.len()),
            test: job.splits.test.len(),
        },
        limit: plan.data.limit,
        train_loss: last.train_loss,
        train_accuracy: last.train_accuracy,
        fitted_train_accuracy: fitted.accuracy,
        validation_loss: validation.map(|score| score.loss),
        validation_accuracy: validation.map(|score| score.accuracy),
        test_loss: test.loss,
        test_accuracy: test.accuracy,
        wall_seconds: trainer.wall_seconds(),
        images_per_second: if position.training_seconds > 0.0 { images / position.training_seconds } else { 0.0 },
        peak_memory_bytes: memory::peak_bytes(),
    }
}
