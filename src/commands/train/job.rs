//! A run about to begin, or to go on.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use modiste_data::Dataset;
use modiste_nn::checkpoint::Checkpoint;
use modiste_nn::device::Device;
use modiste_nn::fingerprint;
use modiste_nn::network::Network;
use modiste_nn::partition::Partition;
use modiste_nn::recipe::Recipe;
use modiste_nn::result::RunResult;
use modiste_nn::run_directory::{RunDirectory, RunPaths, RunPlan};

use super::experiment::Experiment;
use super::fit::position_text;
use crate::commands::{ensure_memory, network};
use crate::output;

/// A run about to begin, or to go on.
pub struct Job {
    pub experiment: Experiment,
    pub network: Network,
    pub run: RunDirectory,
    pub partition: Partition,
    pub checkpoint: Option<Checkpoint<'static>>,
}

/// What is found in a run directory.
pub enum Resumed {
    Unfinished(Box<Job>),
    Finished(Box<RunResult>),
}

impl Job {
    /// A new run: everything is checked before its directory is made by `create`.
    pub fn begin(
        experiment: Experiment,
        device: &Device,
        create: impl FnOnce(&Recipe) -> Result<RunDirectory>,
    ) -> Result<Self> {
        let Experiment { recipe, plan, .. } = &experiment;
        let (network, partition) = prepared(&experiment, device)?;
        partition.check(&recipe.training)?;
        let run = create(recipe)?;
        run.paths().write_plan(recipe, plan)?;
        Ok(Self { experiment, network, run, partition, checkpoint: None })
    }

    /// An earlier run as it was left, on the data that `load` finds by its plan; `epochs` is the new total, if one was given.
    pub fn resume(
        directory: &Path,
        epochs: Option<usize>,
        device: &Device,
        load: impl FnOnce(&RunPlan) -> Result<Dataset>,
    ) -> Result<Resumed> {
        let run = RunDirectory::open(directory)?;
        let paths = run.paths().clone();
        let plan = paths.read_plan()?;
        let mut recipe = paths.read_recipe()?;
        let recorded = recipe.training.epochs;
        let epochs = epochs.unwrap_or(recorded);
        recipe.training.epochs = epochs;
        let too_few = |epochs_done: usize, steps: usize| {
            let done = position_text(epochs_done, steps);
            anyhow!("{} has {done} already, more than {epochs}: give a larger --epochs", directory.display())
        };
        if let Some(result) = result(&paths)? {
            if result.epochs > epochs {
                return Err(too_few(result.epochs, 0));
            }
            if recipe.training.is_over(result.epochs, result.best_epoch) {
                return Ok(Resumed::Finished(Box::new(result)));
            }
        }

        let dataset = load(&plan)?;
        if fingerprint::of_dataset(&dataset) != plan.data.fingerprint {
            bail!(
                "the data {} is not what {} was trained on until now, so it cannot go on: restore it, or train a new run",
                plan.data.source,
                directory.display()
            );
        }
        let experiment = Experiment { recipe, dataset, plan };
        let (network, partition) = prepared(&experiment, device)?;
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
            paths.write_recipe(&experiment.recipe)?;
        }
        // A result is of a finished run, which this one is no more.
        match fs::remove_file(paths.result()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", paths.result().display()));
            }
            _ => {}
        }
        Ok(Resumed::Unfinished(Box::new(Self { experiment, network, run, partition, checkpoint })))
    }
}

/// The network for the data and the data as the run uses it, if the machine can take it.
fn prepared(experiment: &Experiment, device: &Device) -> Result<(Network, Partition)> {
    let Experiment { recipe, dataset, plan } = experiment;
    let network = network(recipe, dataset.train.shape(), dataset.class_names.len())?;
    ensure_memory(device, &network, recipe.training.batch)?;
    let partition = Partition::new(dataset, recipe.data.validation, plan.data.limit, recipe.training.seed);
    Ok((network, partition))
}

/// What a run came to, if it is finished.
fn result(paths: &RunPaths) -> Result<Option<RunResult>> {
    if !exists(&paths.result())? {
        return Ok(None);
    }
    Ok(RunResult::open(&paths.result())
        // It can be made again from the checkpoint.
        .inspect_err(|error| output::note(&format!("{error}; going on from the checkpoint")))
        .ok())
}

fn exists(path: &Path) -> Result<bool> {
    fs::exists(path).with_context(|| format!("cannot read {}", path.display()))
}
