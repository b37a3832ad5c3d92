//! What `train` is asked to do, with every argument resolved. Nothing is loaded or made for it yet.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use modiste_executors::Device;
use modiste_network::Recipe;
use modiste_sources::Source;
use modiste_training::{Experiment, RunSource};

use crate::cli::{LARGEST_SEED, OutputOptions, TrainArgs};
use crate::commands::setup::{device, find_recipe};
use crate::output::download_display;

/// What is trained where no recipe is named.
const DEFAULT_RECIPE: &str = "speedrun-94";

/// What `train` is asked to do.
pub struct Request {
    pub device: Device,
    pub output: OutputOptions,
    pub runs: Runs,
}

/// Which runs.
pub enum Runs {
    /// The one in this directory, resumed or begun anew; perhaps with another number of epochs, and data that is elsewhere now.
    Resumed { directory: PathBuf, epochs: Option<usize>, restart: bool, moved: MovedData },
    /// A new one, in this directory or a numbered one.
    New { experiment: ExperimentRequest, directory: Option<PathBuf> },
    /// One for each seed, in this directory of seeds or a numbered one.
    Seeds { experiment: ExperimentRequest, directory: Option<PathBuf>, seeds: RangeInclusive<u64> },
}

/// Where the data of an earlier run is now, if that was said.
pub struct MovedData {
    pub source: Option<Source>,
    pub data_dir: Option<PathBuf>,
}

/// What is trained on what.
pub struct ExperimentRequest {
    pub recipe: Recipe,
    pub source: Source,
    pub data_dir: Option<PathBuf>,
    pub limit: Option<usize>,
}

impl Request {
    /// What was typed.
    pub fn from_arguments(arguments: &TrainArgs) -> Result<Self> {
        let data_dir = arguments.data.place().map(Path::to_owned);
        let runs = match &arguments.resume {
            Some(directory) => {
                let epochs = arguments.epochs.map(|epochs| epochs as usize);
                if let Some(flag) = arguments.data.reading.first_given() {
                    bail!("{flag} does not go with --resume: the images of a run are read as they were when it began");
                }
                let source = arguments.data.data.is_some().then(|| arguments.data.source()).transpose()?;
                let moved = MovedData { source, data_dir };
                Runs::Resumed { directory: directory.clone(), epochs, restart: arguments.restart, moved }
            }
            None => new_runs(arguments, data_dir)?,
        };
        Ok(Self { device: device(&arguments.compute)?, output: arguments.output, runs })
    }
}

fn new_runs(arguments: &TrainArgs, data_dir: Option<PathBuf>) -> Result<Runs> {
    let recipe = recipe(arguments)?;
    let first = recipe.training.seed;
    let limit = arguments.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let experiment = ExperimentRequest { recipe, source: arguments.data.source()?, data_dir, limit };
    let directory = arguments.out.clone();
    // A single seed is a run as any other, unless it is the first of a directory of them.
    Ok(match arguments.seeds.filter(|&count| count > 1 || directory.is_some()) {
        Some(count) => Runs::Seeds { experiment, directory, seeds: seeds(first, count)? },
        None => Runs::New { experiment, directory },
    })
}

fn seeds(first: u64, count: u64) -> Result<RangeInclusive<u64>> {
    match first.checked_add(count - 1) {
        Some(last) if last <= LARGEST_SEED => Ok(first..=last),
        _ => bail!("{count} seeds from {first} exceed the largest seed, {LARGEST_SEED}: give a smaller --seed"),
    }
}

/// The recipe with all that was typed in place of what it says.
fn recipe(arguments: &TrainArgs) -> Result<Recipe> {
    let name = arguments.recipe.as_deref().unwrap_or(DEFAULT_RECIPE);
    let mut recipe = find_recipe(name)?;
    let training = &mut recipe.training;
    training.epochs = arguments.epochs.map_or(training.epochs, |epochs| epochs as usize);
    training.batch = arguments.batch.map_or(training.batch, |batch| batch as usize);
    training.seed = arguments.seed.unwrap_or(training.seed);
    if arguments.no_flip {
        recipe = recipe.without_flips();
    }
    match arguments.validation {
        Some(validation) => {
            Ok(recipe.with_validation(validation, name).context("--validation does not go with the recipe")?)
        }
        None => Ok(recipe),
    }
}

impl ExperimentRequest {
    /// The recipe with its data, downloaded if need be.
    pub fn load(self, quiet: bool) -> Result<Experiment> {
        let Self { recipe, source, data_dir, limit } = self;
        let dataset = download_display::load(&source, data_dir.as_deref(), quiet)?;
        let source = RunSource::new(&dataset, &source, data_dir.as_deref(), limit)?;
        Ok(Experiment { recipe, dataset, source })
    }
}
