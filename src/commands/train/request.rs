//! What `train` is asked to do, with every argument resolved. Nothing is loaded or made for it yet.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use modiste_data::Dataset;
use modiste_executors::Device;
use modiste_network::{Comment, Freeze, Recipe, Validation};
use modiste_sources::{LoadOptions, Source};
use modiste_training::{AUTOMATIC, Automatic, Experiment, Limit, RunSource, Start};

use crate::cli::{LARGEST_SEED, OutputOptions, TrainArgs};
use crate::commands::setup::{device, find_recipe};
use crate::commands::trained::Trained;
use crate::output::{self, download_display};

/// What is trained on sets known by name where no recipe is named.
const RECIPE_OF_KNOWN_SETS: &str = "speedrun-94";
/// Training images of a known set below which that has too few steps to learn by.
const FEW: usize = 20_000;

/// What `train` is asked to do.
pub struct Request {
    pub device: Device,
    pub output: OutputOptions,
    pub runs: Runs,
    /// What each of them may take.
    pub time: Option<Duration>,
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
    recipe: RecipeRequest,
    source: Source,
    data_dir: Option<PathBuf>,
    limit: Option<usize>,
    start: Option<Arc<Start>>,
}

/// By which recipe.
enum RecipeRequest {
    /// This one.
    Named(Box<Recipe>),
    /// One that suits the images, with these changes; `auto` even where a known set has one of its own.
    ForImages { automatic: bool, changes: Changes },
}

/// By what the recipe for some images may be tried on them.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    pub device: &'a Device,
    pub has_time: bool,
    pub quiet: bool,
}

/// What was typed in place of what a recipe says.
struct Changes {
    epochs: Option<usize>,
    batch: Option<usize>,
    seed: Option<u64>,
    no_flip: bool,
    validation: Option<Validation>,
    freeze: Option<Freeze>,
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
        Ok(Self { device: device(&arguments.compute)?, output: arguments.output, runs, time: arguments.time })
    }
}

fn new_runs(arguments: &TrainArgs, data_dir: Option<PathBuf>) -> Result<Runs> {
    let recipe = RecipeRequest::from_arguments(arguments)?;
    let first = recipe.seed();
    let limit = arguments.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let start = arguments.from.as_deref().map(start).transpose()?;
    let source = match &start {
        // Pictures become what the weights were trained for.
        Some(start) => {
            arguments.data.source_like(&LoadOptions::again(Some(start.model.card.preparation()), None, false))?
        }
        None => arguments.data.source()?,
    };
    let experiment = ExperimentRequest { recipe, source, data_dir, limit, start };
    let directory = arguments.out.clone();
    // A single seed is a run as any other, unless it is the first of a directory of them.
    Ok(match arguments.seeds.filter(|&count| count > 1 || directory.is_some()) {
        Some(count) => Runs::Seeds { experiment, directory, seeds: seeds(first, count)? },
        None => Runs::New { experiment, directory },
    })
}

/// The trained weights of a run directory or model file.
fn start(path: &Path) -> Result<Arc<Start>> {
    let Trained { path, model, .. } = Trained::find(Some(path))?;
    Ok(Arc::new(Start { source: path.display().to_string(), model }))
}

fn seeds(first: u64, count: u64) -> Result<RangeInclusive<u64>> {
    match first.checked_add(count - 1) {
        Some(last) if last <= LARGEST_SEED => Ok(first..=last),
        _ => bail!("{count} seeds from {first} exceed the largest seed, {LARGEST_SEED}: give a smaller --seed"),
    }
}

impl RecipeRequest {
    fn from_arguments(arguments: &TrainArgs) -> Result<Self> {
        let changes = Changes::from_arguments(arguments);
        Ok(match arguments.recipe.as_deref() {
            None => Self::ForImages { automatic: false, changes },
            Some(AUTOMATIC) => Self::ForImages { automatic: true, changes },
            Some(name) => Self::Named(Box::new(changes.applied(find_recipe(name)?, name)?)),
        })
    }

    /// From which everything random follows.
    fn seed(&self) -> u64 {
        match self {
            Self::Named(recipe) => recipe.training.seed,
            Self::ForImages { changes, .. } => changes.seed.unwrap_or_default(),
        }
    }

    /// The recipe for these images, with comments on what was chosen for them.
    fn resolve(
        self,
        source: &Source,
        dataset: &Dataset,
        limit: Option<Limit>,
        start: Option<&Start>,
        trial: Trial<'_>,
    ) -> Result<(Recipe, Vec<Comment>)> {
        let seed = self.seed();
        let (automatic, changes) = match self {
            Self::Named(recipe) => return Ok((*recipe, Vec::new())),
            Self::ForImages { automatic, changes } => (automatic, changes),
        };
        if let Some(start) = start {
            let Automatic { recipe, mut comments, .. } = Automatic::from_start(dataset, limit, seed, start)?;
            comments.retain(|comment| !changes.are_of(comment.field));
            return Ok((changes.applied(recipe, AUTOMATIC)?, comments));
        }
        let images = limit.map_or(dataset.train.len(), Limit::count);
        if !automatic && !matches!(source, Source::Own(..)) && images >= FEW {
            return Ok((changes.applied(find_recipe(RECIPE_OF_KNOWN_SETS)?, RECIPE_OF_KNOWN_SETS)?, Vec::new()));
        }
        let mut automatic = Automatic::for_images(dataset, limit, seed)?;
        if automatic.is_open() && trial.has_time {
            if !trial.quiet {
                output::note("note: whether it helps to mix images is tried first, on halves of them");
            }
            automatic = automatic.settled(trial.device)?;
        }
        let Automatic { recipe, mut comments, .. } = automatic;
        comments.retain(|comment| !changes.are_of(comment.field));
        Ok((changes.applied(recipe, AUTOMATIC)?, comments))
    }
}

impl Changes {
    fn from_arguments(arguments: &TrainArgs) -> Self {
        Self {
            epochs: arguments.epochs.map(|epochs| epochs as usize),
            batch: arguments.batch.map(|batch| batch as usize),
            seed: arguments.seed,
            no_flip: arguments.no_flip,
            validation: arguments.validation,
            freeze: arguments.freeze,
        }
    }

    /// The recipe of this name with them.
    fn applied(&self, mut recipe: Recipe, name: &str) -> Result<Recipe> {
        let training = &mut recipe.training;
        training.epochs = self.epochs.unwrap_or(training.epochs);
        training.batch = self.batch.unwrap_or(training.batch);
        training.seed = self.seed.unwrap_or(training.seed);
        training.freeze = self.freeze.or(training.freeze);
        if self.no_flip {
            recipe = recipe.without_flips();
        }
        match self.validation {
            Some(validation) => {
                Ok(recipe.with_validation(validation, name).context("--validation does not go with the recipe")?)
            }
            None => Ok(recipe),
        }
    }

    /// Whether they say what a field is.
    fn are_of(&self, field: &str) -> bool {
        match field {
            "training.epochs" => self.epochs.is_some(),
            "training.batch" => self.batch.is_some(),
            "augmentation.flip" => self.no_flip,
            "data.validation" => self.validation.is_some(),
            _ => false,
        }
    }
}

impl ExperimentRequest {
    /// The recipe with its data, downloaded if need be.
    pub fn load(self, trial: Trial<'_>) -> Result<Experiment> {
        let Self { recipe, source, data_dir, limit, start } = self;
        let dataset = download_display::load(&source, data_dir.as_deref(), trial.quiet)?;
        let run_source = RunSource::new(&dataset, &source, data_dir.as_deref(), limit)?;
        let (recipe, comments) =
            recipe.resolve(&source, &dataset, Limit::of(&run_source.data), start.as_deref(), trial)?;
        Ok(Experiment { recipe, comments, dataset, source: run_source, start })
    }
}
