//! `train`: fits a network and keeps it in a run directory.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use modiste_data::{Dataset, Source};
use modiste_nn::checkpoint::Checkpoint;
use modiste_nn::device::Device;
use modiste_nn::executor::{Executor, State};
use modiste_nn::fingerprint;
use modiste_nn::init::glorot_uniform;
use modiste_nn::keeper::RunKeeper;
use modiste_nn::model::{DataReference, ModelCard};
use modiste_nn::network::Network;
use modiste_nn::partition::Partition;
use modiste_nn::recipe::Recipe;
use modiste_nn::result::{RunResult, Sizes};
use modiste_nn::run_directory::{RunDirectory, RunPaths, RunPlan};
use modiste_nn::trainer::{Ended, Measured, TrainError, Trainer};
use modiste_report::numbers::grouped;

use super::{Outcome, RUNS, device, ensure_memory, network};
use crate::cli::{OutputOptions, TrainArgs};
use crate::duration::span;
use crate::interrupt::Interrupt;
use crate::training_display::TrainingDisplay;
use crate::{download_progress, memory, output};

/// What is trained where no recipe is named.
const DEFAULT_RECIPE: &str = "seed-vgg";

/// A run about to begin, or to go on.
struct Job {
    recipe: Recipe,
    dataset: Dataset,
    network: Network,
    plan: RunPlan,
    run: RunDirectory,
    partition: Partition,
    checkpoint: Option<Checkpoint<'static>>,
}

/// Fits a network. `started` is when the process began.
pub fn run(arguments: &TrainArgs, started: Instant) -> Result<Outcome> {
    let interrupt = Interrupt::catch()?;
    let device = device(&arguments.compute)?;
    let job = match &arguments.resume {
        None => begin(arguments, &device)?,
        Some(directory) => match go_on(directory, arguments, &device)? {
            Resumed::Unfinished(job) => *job,
            Resumed::Finished(result) => {
                output::note(&format!(
                    "{} is finished after {} epochs: to train it further, give a larger number by --epochs",
                    directory.display(),
                    result.epochs
                ));
                tell(&result, directory, &arguments.output)?;
                return Ok(Outcome::Done);
            }
        },
    };
    let training = job.recipe.training;
    let mut executor = device.compile(&job.network, training.batch, training.seed);
    interrupt.wait_for_a_good_end();
    train(&job, executor.as_mut(), &interrupt, arguments.output, started)
}

/// A new run: everything is checked before its directory is made.
fn begin(arguments: &TrainArgs, device: &Device) -> Result<Job> {
    let mut recipe = Recipe::find(arguments.recipe.as_deref().unwrap_or(DEFAULT_RECIPE))?;
    let training = &mut recipe.training;
    training.epochs = arguments.epochs.map_or(training.epochs, |epochs| epochs as usize);
    training.batch = arguments.batch.map_or(training.batch, |batch| batch as usize);
    training.seed = arguments.seed.unwrap_or(training.seed);
    if let Some(out) = &arguments.out {
        RunDirectory::check_free(out)?;
    }
    let source = arguments.data.source();
    let dataset = download_progress::load(&source, arguments.data.place(), arguments.output.quiet)?;
    let network = network(&recipe, dataset.train.shape(), dataset.class_names.len())?;
    ensure_memory(device, &network, recipe.training.batch)?;
    let data = DataReference {
        name: dataset.name.clone(),
        source: found_again(&source, &dataset)?,
        limit: arguments.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        fingerprint: fingerprint::of_dataset(&dataset),
    };
    let data_dir = arguments.data.place().map(absolute).transpose()?;
    let plan = RunPlan { data_dir, data };
    plan.to_toml().context("the run cannot be described")?;
    let partition = Partition::new(&dataset, recipe.data.validation, plan.data.limit, recipe.training.seed);
    partition.check()?;
    let run = match &arguments.out {
        Some(out) => RunDirectory::create(out)?,
        None => RunDirectory::create_numbered(Path::new(RUNS), &recipe.name)?,
    };
    run.paths().write_plan(&recipe, &plan)?;
    Ok(Job { recipe, dataset, network, plan, run, partition, checkpoint: None })
}

/// Words of `--data` that find the same data from any directory: `auto` may mean something else tomorrow.
fn found_again(source: &Source, dataset: &Dataset) -> Result<String> {
    Ok(match source {
        Source::Auto => dataset.name.clone(),
        Source::Directory(path) => absolute(path)?.display().to_string(),
        _ => source.to_string(),
    })
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find the place of {}", path.display()))
}

/// What `--resume` finds.
enum Resumed {
    Unfinished(Box<Job>),
    Finished(Box<RunResult>),
}

/// An earlier run, as it was left.
fn go_on(directory: &Path, arguments: &TrainArgs, device: &Device) -> Result<Resumed> {
    let run = RunDirectory::open(directory)?;
    let paths = run.paths().clone();
    let plan = paths.read_plan()?;
    let mut recipe = paths.read_recipe()?;
    let recorded = recipe.training.epochs;
    recipe.training.epochs = arguments.epochs.map_or(recorded, |epochs| epochs as usize);
    let epochs = recipe.training.epochs;
    let too_few = |epochs_done: usize, steps: usize| {
        let done = position_text(epochs_done, steps);
        anyhow!("{} has {done} already, more than {epochs}: give a larger --epochs", directory.display())
    };
    let result = if exists(&paths.result())? { Some(RunResult::open(&paths.result())) } else { None };
    if let Some(Err(error)) = &result {
        // It can be made again from the checkpoint.
        output::note(&format!("{error}; going on from the checkpoint"));
    }
    if let Some(Ok(result)) = result {
        if result.epochs == epochs {
            return Ok(Resumed::Finished(Box::new(result)));
        }
        if result.epochs > epochs {
            return Err(too_few(result.epochs, 0));
        }
    }

    let Ok(source) = plan.data.source.parse::<Source>();
    let data_dir = arguments.data.place().or(plan.data_dir.as_deref());
    let dataset = download_progress::load(&source, data_dir, arguments.output.quiet)?;
    if fingerprint::of_dataset(&dataset) != plan.data.fingerprint {
        bail!(
            "the data {} is not what {} was trained on until now, so it cannot go on: restore it, or train a new run",
            plan.data.source,
            directory.display()
        );
    }
    let network = network(&recipe, dataset.train.shape(), dataset.class_names.len())?;
    ensure_memory(device, &network, recipe.training.batch)?;
    // There is none if the run was killed within its first moments: then it begins anew, with the same result.
    let checkpoint =
        if exists(&paths.checkpoint())? { Some(Checkpoint::open(&paths.checkpoint(), &network)?) } else { None };
    if let Some(checkpoint) = &checkpoint {
        let position = &checkpoint.position;
        if position.epoch + usize::from(position.step_in_epoch > 0) > epochs {
            return Err(too_few(position.epoch, position.step_in_epoch));
        }
    }
    if epochs != recorded {
        paths.write_recipe(&recipe)?;
    }
    // A result is of a finished run, which this one is no more.
    match fs::remove_file(paths.result()) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", paths.result().display()));
        }
        _ => {}
    }
    let partition = Partition::new(&dataset, recipe.data.validation, plan.data.limit, recipe.training.seed);
    Ok(Resumed::Unfinished(Box::new(Job { recipe, dataset, network, plan, run, partition, checkpoint })))
}

fn exists(path: &Path) -> Result<bool> {
    fs::exists(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Trains to the end, to an interruption, or to an error that says what is left.
fn train(
    job: &Job,
    executor: &mut dyn Executor,
    interrupt: &Interrupt,
    options: OutputOptions,
    started: Instant,
) -> Result<Outcome> {
    let Job { recipe, dataset, network, plan, run, partition, checkpoint } = job;
    let paths = run.paths();
    let seed = recipe.training.seed;
    let info = executor.device();
    let mut display = TrainingDisplay::new(options, recipe.training.epochs);
    display.line(&format!(
        "{} on {}: {}; {} parameters; {} {}, {} thread{}",
        recipe.name,
        dataset.name,
        sizes_text(partition),
        grouped(network.parameter_count() as u64),
        info.device,
        info.isa,
        info.threads,
        if info.threads == 1 { "" } else { "s" }
    ));

    if checkpoint.is_none() {
        executor.set_state(&State::fresh(glorot_uniform(network, seed)));
    }
    let mut trainer = Trainer::new(executor, recipe, partition, started)?;
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
    let mut keeper = RunKeeper::new(paths, card, network, trainer.position().epoch)?;

    let ended = trainer.run(&mut keeper, &mut display, interrupt.asked());
    let display_ended = display.end();
    let directory = paths.directory().display();
    match ended {
        Ok(Ended::Finished { test }) => {
            let result = result(job, &trainer, test, info);
            result.save(&paths.result()).with_context(|| resume_text(paths, "the run is trained"))?;
            display_ended?;
            tell(&result, paths.directory(), &options)?;
            Ok(Outcome::Done)
        }
        Ok(Ended::Interrupted) => {
            let position = trainer.position();
            let done = position_text(position.epoch, position.step_in_epoch);
            output::note(&format!("interrupted after {done}; the state is saved, and this goes on from there:"));
            output::note(&format!("    modiste train --resume {directory}"));
            Ok(Outcome::Interrupted)
        }
        Err(error @ TrainError::Diverged { .. }) => {
            Err(anyhow!("{error}; the last good checkpoint is kept in {directory}"))
        }
        Err(error) => Err(anyhow!("{error}; {}", resume_text(paths, "when that is mended"))),
    }
}

fn resume_text(paths: &RunPaths, when: &str) -> String {
    let directory = paths.directory().display();
    format!("{when}, `modiste train --resume {directory}` goes on from the last checkpoint")
}

fn position_text(epochs: usize, steps: usize) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let epochs = format!("{epochs} epoch{}", plural(epochs));
    if steps == 0 { epochs } else { format!("{epochs} and {steps} step{}", plural(steps)) }
}

fn sizes_text(partition: &Partition) -> String {
    let count = |count: usize| grouped(count as u64);
    let test = count(partition.test.len());
    let train = count(partition.train.len());
    match &partition.validation {
        Some(_) if partition.validates_on_test => {
            format!("{train} training images, {test} test images (also validation)")
        }
        Some(held_out) => format!("{train} training, {} validation and {test} test images", count(held_out.len())),
        None => format!("{train} training and {test} test images, none for validation"),
    }
}

fn result(job: &Job, trainer: &Trainer<'_>, test: Measured, info: modiste_nn::executor::DeviceInfo) -> RunResult {
    let position = trainer.position();
    let last = position.last.clone().unwrap_or_default();
    let images = (position.epoch * position.train_images) as f64;
    RunResult {
        data: job.dataset.name.clone(),
        recipe: job.recipe.name.clone(),
        run: job.run.paths().directory().display().to_string(),
        seed: job.recipe.training.seed,
        threads: info.threads,
        device: info.device.to_owned(),
        isa: info.isa,
        epochs: position.epoch,
        batch: position.batch,
        steps: position.step,
        parameters: job.network.parameter_count(),
        sizes: Sizes {
            train: job.partition.train.len(),
            validation: job.partition.validation.as_ref().map_or(0, |subset| subset.len()),
            test: job.partition.test.len(),
        },
        limit: job.plan.data.limit,
        train_loss: last.train_loss,
        train_accuracy: last.train_accuracy,
        validation_loss: last.validation_loss,
        validation_accuracy: last.validation_accuracy,
        test_loss: test.loss,
        test_accuracy: test.accuracy,
        wall_seconds: trainer.wall_seconds(),
        images_per_second: if position.training_seconds > 0.0 { images / position.training_seconds } else { 0.0 },
        peak_memory_bytes: memory::peak_bytes(),
    }
}

/// The result, and where it is.
fn tell(result: &RunResult, directory: &Path, options: &OutputOptions) -> Result<()> {
    if options.json {
        return output::print_json(result);
    }
    let seconds = Duration::try_from_secs_f64(result.wall_seconds).unwrap_or_default();
    let memory = result.peak_memory_bytes.map_or_else(String::new, |bytes| format!(", {:.0} MB", bytes as f64 / 1e6));
    output::print(&format!(
        "{} test images of {}: accuracy {:.4}, loss {:.4}; {}{memory}",
        grouped(result.sizes.test as u64),
        result.data,
        result.test_accuracy,
        result.test_loss,
        span(seconds)
    ))?;
    if !options.quiet {
        let directory = directory.display();
        output::print(&format!("kept in {directory}; look closer with `modiste evaluate {directory}`"))?;
    }
    Ok(())
}
