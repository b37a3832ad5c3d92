//! What is to be trained on what, before anything is made of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use modiste_data::{Dataset, Source};
use modiste_nn::fingerprint;
use modiste_nn::model::DataReference;
use modiste_nn::recipe::Recipe;
use modiste_nn::training::runs::run_source::RunSource;

use crate::cli::TrainArgs;
use crate::download_progress;

/// What is trained where no recipe is named.
const DEFAULT_RECIPE: &str = "speedrun-94";

/// A recipe and its data.
#[derive(Clone)]
pub struct Experiment {
    pub recipe: Recipe,
    pub dataset: Dataset,
    pub plan: RunSource,
}

impl Experiment {
    /// What was typed.
    pub fn asked(arguments: &TrainArgs) -> Result<Self> {
        let recipe = recipe(arguments)?;
        let source = arguments.data.source();
        let dataset = download_progress::load(&source, arguments.data.place(), arguments.output.quiet)?;
        let data = DataReference {
            name: dataset.name.clone(),
            source: found_again(&source, &dataset)?,
            limit: arguments.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
            fingerprint: fingerprint::of_dataset(&dataset),
        };
        let data_dir = arguments.data.place().map(absolute).transpose()?;
        let plan = RunSource { data_dir, data };
        plan.to_toml().context("the run cannot be described")?;
        Ok(Self { recipe, dataset, plan })
    }

    /// The same from another seed.
    pub fn with_seed(&self, seed: u64) -> Self {
        let mut other = self.clone();
        other.recipe.training.seed = seed;
        other
    }
}

/// The recipe with all that was typed in place of what it says.
fn recipe(arguments: &TrainArgs) -> Result<Recipe> {
    let name = arguments.recipe.as_deref().unwrap_or(DEFAULT_RECIPE);
    let mut recipe = Recipe::find(name)?;
    let training = &mut recipe.training;
    training.epochs = arguments.epochs.map_or(training.epochs, |epochs| epochs as usize);
    training.batch = arguments.batch.map_or(training.batch, |batch| batch as usize);
    training.seed = arguments.seed.unwrap_or(training.seed);
    match arguments.validation {
        Some(validation) => {
            Ok(recipe.with_validation(validation, name).context("--validation does not go with the recipe")?)
        }
        None => Ok(recipe),
    }
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
