//! Whether a model and a result are of the run in whose directory they lie: people copy files.

use std::path::PathBuf;

use modiste_files::shell;
use modiste_network::{ModelCard, Recipe};

use super::result::RunResult;
use super::run_directory::RunPaths;
use super::run_source::RunSource;
use crate::differences::differences;

/// A file in a run directory is of another run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is not of the run that it lies in: {why}; put the run's own in its place, or remove it and have \
     `modiste train --resume {}` make it again",
    path.display(), shell::word(directory)
)]
pub struct OfAnotherRun {
    path: PathBuf,
    directory: PathBuf,
    /// What differs.
    why: String,
}

/// Refuses a model that was not made by a run of this recipe and data. Epochs and patience may differ: with more of them a run
/// goes on.
///
/// # Errors
/// When anything else differs.
pub fn check_model(
    paths: &RunPaths,
    card: &ModelCard,
    recipe: &Recipe,
    source: &RunSource,
) -> Result<(), OfAnotherRun> {
    let mut differences = differences(&card.recipe.to_toml(), &recipe.to_toml());
    differences.retain(|difference| difference.field != "training.patience");
    // Runs of 0.2 and before do not say what their classes are called.
    let has_other_classes = !source.class_names.is_empty() && source.class_names != card.class_names;
    let why = match differences.first() {
        Some(difference) if difference.is_of_layers() => "its layers are others than those of recipe.toml".to_owned(),
        Some(difference) => {
            let text = difference.text("is", "that of recipe.toml");
            format!("its {text}, to be set back if it was edited")
        }
        None if !card.data.has_images_of(&source.data) => {
            format!(
                "it was trained on {}, and run.toml names {} or another part of it",
                card.data.name, source.data.name
            )
        }
        None if has_other_classes => {
            let [its, own] = [&card.class_names, &source.class_names].map(|names| names.join(", "));
            format!("its classes are {its}, and those of run.toml {own}")
        }
        None => return Ok(()),
    };
    Err(OfAnotherRun { path: paths.model(), directory: paths.directory().to_owned(), why })
}

/// Refuses a result that a run of this recipe and data cannot have come to.
///
/// # Errors
/// When its recipe's name, seed, batch or data are others.
pub fn check_result(
    paths: &RunPaths,
    result: &RunResult,
    recipe: &Recipe,
    source: &RunSource,
) -> Result<(), OfAnotherRun> {
    let limit = |limit: Option<usize>| limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    let fields = [
        ("recipe", result.recipe.clone(), recipe.name.clone()),
        ("seed", result.seed.to_string(), recipe.training.seed.to_string()),
        ("batch", result.batch.to_string(), recipe.training.batch.to_string()),
        ("data", result.data.clone(), source.data.name.clone()),
        ("limit", limit(result.limit), limit(source.data.limit)),
    ];
    match fields.into_iter().find(|(_, its, own)| its != own) {
        None => Ok(()),
        Some((field, its, own)) => {
            let why = format!("its {field} is {its}, and that of the run {own}");
            Err(OfAnotherRun { path: paths.result(), directory: paths.directory().to_owned(), why })
        }
    }
}
