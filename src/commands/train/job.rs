//! A run about to begin, or to go on.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use modiste_data::Dataset;
use modiste_nn::device::Device;
use modiste_nn::fingerprint;
use modiste_nn::network::Network;
use modiste_nn::recipe::Recipe;
use modiste_nn::training::runs::result::RunResult;
use modiste_nn::training::runs::{
    run_directory::{RunDirectory, RunPaths},
    run_source::RunSource,
};
use modiste_nn::training::splits::Splits;
use modiste_nn::training::{checkpoint::Checkpoint, progress::Position};

use super::experiment::Experiment;
use super::fit::position_text;
use crate::commands::{ensure_memory, ensure_one_run, network};
use crate::output;

/// A run about to begin, or to go on.
pub struct Job {
    pub experiment: Experiment,
    pub network: Network,
    pub run: RunDirectory,
    pub splits: Splits,
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
        let (network, splits) = prepared(&experiment, device)?;
        let run = create(recipe)?;
        run.paths().write_source(recipe, plan)?;
        Ok(Self { experiment, network, run, splits, checkpoint: None })
    }

    /// An earlier run as it was left, on the data that `load` finds by its plan; `epochs` is the new total, if one was given.
    pub fn resume(
        directory: &Path,
        epochs: Option<usize>,
        device: &Device,
        load: impl FnOnce(&RunSource) -> Result<Dataset>,
    ) -> Result<Resumed> {
        ensure_one_run(directory)?;
        let run = RunDirectory::open(directory)?;
        let paths = run.paths().clone();
        let plan = paths.read_source()?;
        let mut recipe = paths.read_recipe()?;
        let recorded = recipe.training.epochs;
        recipe.training.epochs = epochs.unwrap_or(recorded);
        if let Some(result) = result(&paths)? {
            check_epochs(directory, &recipe, (result.epochs, 0))?;
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
        let (network, splits) = prepared(&experiment, device)?;
        let checkpoint = checkpoint(&paths, &experiment.recipe, &network, &splits)?;
        // Until here the run is as it was found.
        if experiment.recipe.training.epochs != recorded {
            paths.write_recipe(&experiment.recipe)?;
        }
        // A result is of a finished run, which this one is no more.
        match fs::remove_file(paths.result()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", paths.result().display()));
            }
            _ => {}
        }
        Ok(Resumed::Unfinished(Box::new(Self { experiment, network, run, splits, checkpoint })))
    }
}

/// The network for the data and the data as the run uses it, if the machine can take it.
fn prepared(experiment: &Experiment, device: &Device) -> Result<(Network, Splits)> {
    let Experiment { recipe, dataset, plan } = experiment;
    let network = network(recipe, dataset.train.shape(), dataset.class_names.len())?;
    recipe
        .check_shifts(dataset.train.shape())
        .with_context(|| format!("the recipe {} cannot be trained", recipe.name))?;
    ensure_memory(device, &network, recipe.training.batch)?;
    let splits = Splits::new(dataset, recipe.data.validation, plan.data.limit, recipe.training.seed);
    splits.check(&recipe.training)?;
    Ok((network, splits))
}

/// Where a run stopped, if the recipe as it is now can go on from there. There is nothing if it was killed within its first
/// moments: then it begins anew, with the same result.
fn checkpoint(
    paths: &RunPaths,
    recipe: &Recipe,
    network: &Network,
    splits: &Splits,
) -> Result<Option<Checkpoint<'static>>> {
    if !exists(&paths.checkpoint())? {
        return Ok(None);
    }
    let checkpoint = Checkpoint::open(&paths.checkpoint(), network)?;
    let position = &checkpoint.position;
    let directory = paths.directory();
    position
        .ensure_same_run(&Position::start(recipe, splits.train.len()))
        .with_context(|| format!("cannot go on with {}", directory.display()))?;
    check_epochs(directory, recipe, (position.epoch, position.step_in_epoch))?;
    Ok(Some(checkpoint))
}

/// Refuses a run that has so many epochs and steps already, if those are more than it is to have.
fn check_epochs(directory: &Path, recipe: &Recipe, (epochs_done, steps): (usize, usize)) -> Result<()> {
    let epochs = recipe.training.epochs;
    if epochs_done + usize::from(steps > 0) > epochs {
        let done = position_text(epochs_done, steps);
        bail!("{} has {done} already, more than {epochs}: give a larger --epochs", directory.display());
    }
    Ok(())
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
