//! `compare`: a table of finished runs, in which those share a row that differ in their seeds alone.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use modiste_files::shell;
use modiste_network::{DataReference, Recipe};
use modiste_training::runs::belonging::check_result;
use modiste_training::runs::seed_directory;
use modiste_training::{RunPaths, RunResult, SeedAggregate};
use serde::Serialize;

use super::setup::Outcome;
use crate::cli::CompareArgs;
use crate::output::{self, comparison_text};

/// `--json`
#[derive(Serialize)]
struct Document {
    rows: Vec<SeedAggregate>,
}

/// A finished run.
struct Run {
    directory: PathBuf,
    /// With seed 0, whatever its own: so those of one experiment are equal.
    recipe: Recipe,
    data: DataReference,
    result: RunResult,
}

/// Runs of one experiment.
pub struct Group {
    /// Where each is.
    pub directories: Vec<PathBuf>,
    /// Where they are together.
    pub place: String,
    pub aggregate: SeedAggregate,
}

/// Prints a row for each experiment.
pub fn run(arguments: &CompareArgs) -> Result<Outcome> {
    let groups = groups(&arguments.runs)?;
    let (rows, places): (Vec<_>, Vec<_>) = groups.into_iter().map(|group| (group.aggregate, group.place)).unzip();
    if arguments.json {
        output::print_json(&Document { rows })?;
    } else {
        output::print(&comparison_text::comparison(&rows, &places))?;
    }
    Ok(Outcome::Done)
}

/// The finished ones of some runs, by experiment. A run that is named twice, or by itself and with its directory of seeds, counts once.
pub fn groups(named: &[PathBuf]) -> Result<Vec<Group>> {
    let mut groups: Vec<Vec<Run>> = Vec::new();
    let (mut seen, mut unfinished) = (HashSet::new(), Vec::new());
    for named in named {
        for directory in directories(named) {
            // Two ways to a directory are the same run.
            if !seen.insert(fs::canonicalize(&directory).unwrap_or_else(|_| directory.clone())) {
                continue;
            }
            let Some(run) = Run::open(&directory)? else {
                unfinished.push(directory);
                continue;
            };
            match groups.iter_mut().find(|group| belongs(&run, group)) {
                Some(group) => group.push(run),
                None => groups.push(vec![run]),
            }
        }
    }
    if groups.is_empty() {
        // Those of one directory of seeds are resumed together.
        match &unfinished[..] {
            [run] => {
                bail!("{} is not finished: resume it with `modiste train --resume {}`", run.display(), shell::word(run))
            }
            _ => bail!("none of these runs is finished: resume them with the commands that began them"),
        }
    }
    for directory in unfinished {
        output::note(&format!("note: {} is not finished and is left out", directory.display()));
    }
    let grouped = |group: Vec<Run>| {
        let place = place(&group);
        let directories = group.iter().map(|run| run.directory.clone()).collect();
        let aggregate = SeedAggregate::new(group.into_iter().map(|run| run.result).collect())?;
        Some(Group { directories, place, aggregate })
    };
    Ok(groups.into_iter().filter_map(grouped).collect())
}

/// The directory of a run, or those of the runs of a directory of seeds.
pub fn directories(named: &Path) -> Vec<PathBuf> {
    let of_seeds = seed_directory::runs(named);
    if of_seeds.is_empty() { vec![named.to_owned()] } else { of_seeds }
}

impl Run {
    /// `None` if it is not finished.
    fn open(directory: &Path) -> Result<Option<Self>> {
        let paths = RunPaths::new(directory);
        let source = paths.read_source()?;
        let mut recipe = paths.read_recipe()?;
        if !paths.result().exists() {
            return Ok(None);
        }
        let result = RunResult::open(&paths.result()).or_else(|error| {
            if error.is_of_directory() {
                return Err(error.into());
            }
            let (run, word) = (directory.display(), shell::word(directory));
            Err(error).context(format!(
                "the result of {run} cannot be used, and `modiste train --resume {word}` makes it again"
            ))
        })?;
        check_result(&paths, &result, &recipe, &source)?;
        recipe.training.seed = 0;
        Ok(Some(Self { directory: directory.to_owned(), recipe, data: source.data, result }))
    }
}

/// Whether a run adds a seed to a group: of the same recipe and data, and computed the same way. One that repeats a seed says
/// nothing new, and has a row of its own.
fn belongs(run: &Run, group: &[Run]) -> bool {
    let computed = |run: &Run| (run.result.device.clone(), run.result.isa.clone());
    let same = group.first().is_some_and(|first| {
        first.recipe == run.recipe && first.data.has_images_of(&run.data) && computed(first) == computed(run)
    });
    same && group.iter().all(|other| other.result.seed != run.result.seed)
}

/// Where the runs of a group are: the directory of seeds that they share, or the first and how many more.
fn place(group: &[Run]) -> String {
    let parent = |run: &Run| {
        run.directory.parent().filter(|parent| !seed_directory::runs(parent).is_empty()).map(Path::to_owned)
    };
    match group {
        [] => String::new(),
        [run] => run.directory.display().to_string(),
        [first, others @ ..] => match parent(first) {
            Some(shared) if others.iter().all(|run| parent(run).as_ref() == Some(&shared)) => {
                shared.display().to_string()
            }
            _ => format!("{} and {} more", first.directory.display(), others.len()),
        },
    }
}
