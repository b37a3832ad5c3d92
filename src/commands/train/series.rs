//! The runs of one command, one after the other: a single run is a series of one.
//!
//! The runs of several seeds have directories in one for all, so that a series is resumed run by run.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use modiste_data::Dataset;
use modiste_executors::Device;
use modiste_files::{numbered_directory, shell};
use modiste_training::runs::seed_directory;
use modiste_training::session::UnfinishedRun;
use modiste_training::start;
use modiste_training::{
    ExistingRun, Experiment, RunDirectory, RunPaths, RunResult, RunSource, Session, data_source, reading_options,
};

use super::request::{MovedData, Runs, Trial};
use crate::commands::setup::{RUNS, ensure_free, ensure_one_run, ensure_training_memory};
use crate::output::{self, download_display};

/// The least time for a run in which there is some to try what its recipe should be.
const ENOUGH_TO_TRY: Duration = Duration::from_secs(120);

/// Runs, one after the other.
pub struct Series {
    runs: Kind,
    /// Of the run, or of the runs of all seeds; none before a numbered one is made.
    directory: Option<PathBuf>,
    /// What each new run may take.
    time: Option<Duration>,
    quiet: bool,
}

enum Kind {
    Resumed { epochs: Option<usize>, restart: bool, moved: MovedData },
    New(Box<Experiment>),
    Seeds(Box<Experiment>, RangeInclusive<u64>),
}

/// A run of the series.
pub enum Opened {
    /// Nothing is left to train.
    Finished(Box<RunResult>),
    /// It begins, or goes on.
    Unfinished(Box<Session>),
}

impl Series {
    /// Loads the data of new runs, if there is a place for them.
    pub fn new(runs: Runs, device: &Device, time: Option<Duration>, quiet: bool) -> Result<Self> {
        let trial = Trial { device, has_time: time.is_none_or(|time| time >= ENOUGH_TO_TRY), quiet };
        let (runs, directory) = match runs {
            Runs::Resumed { directory, epochs, restart, moved } => {
                (Kind::Resumed { epochs, restart, moved }, Some(directory))
            }
            Runs::New { experiment, directory } => {
                directory.as_deref().map_or(Ok(()), RunDirectory::check_free)?;
                (Kind::New(Box::new(experiment.load(trial)?)), directory)
            }
            Runs::Seeds { experiment, directory, seeds } => {
                directory.as_deref().map_or(Ok(()), seed_directory::check_directory)?;
                (Kind::Seeds(Box::new(experiment.load(trial)?), seeds), directory)
            }
        };
        Ok(Self { runs, directory, time, quiet })
    }

    /// What [`Series::open`] takes: each seed, or `None` for a single run, whose seed nobody asks for.
    pub fn seeds(&self) -> Vec<Option<u64>> {
        match &self.runs {
            Kind::Seeds(_, seeds) => seeds.clone().map(Some).collect(),
            Kind::Resumed { .. } | Kind::New(_) => vec![None],
        }
    }

    /// Whether there is a run for each of some seeds, perhaps only one of them.
    pub fn is_of_seeds(&self) -> bool {
        matches!(self.runs, Kind::Seeds(..))
    }

    /// Where the run is, or the runs of all seeds.
    pub fn directory(&self) -> &Path {
        self.directory.as_deref().unwrap_or(Path::new(RUNS))
    }

    /// The run of a seed, or the single one: a new one, the rest of one, or one that is finished. A new one is checked before its
    /// directory is made; its time is counted from `begun`.
    pub fn open(&mut self, seed: Option<u64>, device: &Device, begun: Instant) -> Result<Opened> {
        let left = self.time.map(|time| time.saturating_sub(begun.elapsed()));
        match (&self.runs, seed) {
            (Kind::Resumed { epochs, restart, moved }, _) => {
                let directory = self.directory();
                ensure_one_run(directory)?;
                let run = match restart {
                    true => ExistingRun::Unfinished(Box::new(ExistingRun::restart(directory)?)),
                    false => ExistingRun::open(directory, *epochs)?,
                };
                if let (ExistingRun::Finished(_), Some(source)) = (&run, &moved.source) {
                    let directory = directory.display();
                    bail!(
                        "{directory} is finished and needs no data: leave --data {source} out, or train further by --epochs"
                    );
                }
                resume(run, device, |run| load_again(run, directory, moved, self.quiet))
            }
            (Kind::Seeds(experiment, _), Some(seed)) => {
                let experiment = experiment.with_seed(seed);
                let path = self.directory.as_deref().map(|directory| seed_directory::run(directory, seed));
                match path.filter(|path| RunPaths::new(path).source().exists()) {
                    Some(path) => {
                        ensure_same_experiment(&path, experiment.clone(), self.time.is_some())?;
                        resume(ExistingRun::open(&path, None)?, device, |_| Ok(experiment.dataset))
                    }
                    None => begin(experiment, device, left, |name| {
                        let directory = match &self.directory {
                            Some(directory) => directory,
                            None => self.directory.insert(numbered_directory::create(Path::new(RUNS), name)?),
                        };
                        Ok(RunDirectory::create(&seed_directory::run(directory, seed))?)
                    }),
                }
            }
            (Kind::New(experiment) | Kind::Seeds(experiment, _), _) => {
                let run = begin((**experiment).clone(), device, left, |name| {
                    Ok(match &self.directory {
                        Some(directory) => RunDirectory::create(directory)?,
                        None => RunDirectory::create_numbered(Path::new(RUNS), name)?,
                    })
                })?;
                if let Opened::Unfinished(session) = &run {
                    self.directory = Some(session.directory().to_owned());
                }
                Ok(run)
            }
        }
    }
}

/// A new run, in the directory that `create` makes for a recipe of this name; in no more than the time `left`, if any was given.
fn begin(
    experiment: Experiment,
    device: &Device,
    left: Option<Duration>,
    create: impl FnOnce(&str) -> Result<RunDirectory>,
) -> Result<Opened> {
    let prepared = experiment.prepare()?;
    ensure_training_memory(prepared.planned_bytes(device), prepared.batch_size())?;
    let prepared = match left {
        Some(left) => prepared.within(left, device).context("--time is too short")?,
        None => prepared,
    };
    let run = create(&prepared.recipe().name)?;
    Ok(Opened::Unfinished(Box::new(Session::begin(prepared, run)?)))
}

/// An earlier run, on the data that `load` finds.
fn resume(
    run: ExistingRun,
    device: &Device,
    load: impl FnOnce(&mut UnfinishedRun) -> Result<Dataset>,
) -> Result<Opened> {
    let mut run = match run {
        ExistingRun::Finished(result) => return Ok(Opened::Finished(result)),
        ExistingRun::Unfinished(run) => run,
    };
    if let Some(error) = run.damaged() {
        output::note(&format!("{error}; going on from the checkpoint"));
    }
    let dataset = load(&mut run)?;
    if let Some(needed) = run.checkpoint_bytes() {
        let what = format!("going on from the checkpoint in {} needs", run.directory().display());
        ensure_free(needed, &what, "free some, or raise its limit")?;
    }
    let session = run.resume(dataset)?;
    note_lost_records(&session)?;
    ensure_training_memory(session.planned_bytes(device), session.batch_size())?;
    Ok(Opened::Unfinished(Box::new(session)))
}

/// Says which lines of a run's history are damaged, since they are dropped when training begins.
fn note_lost_records(session: &Session) -> Result<()> {
    let lost: Vec<_> = session.lost_records()?.iter().map(ToString::to_string).collect();
    if let [first, ..] = &lost[..] {
        let metrics = RunPaths::new(session.directory()).metrics();
        let epochs = if lost.len() == 1 { format!("epoch {first}") } else { format!("epochs {}", lost.join(", ")) };
        output::note(&format!(
            "{} has no sound line of {epochs}: what these came to stays unknown, and the weights are not affected",
            metrics.display()
        ));
    }
    Ok(())
}

/// The data of an earlier run, which may be elsewhere now.
fn load_again(run: &mut UnfinishedRun, directory: &Path, moved: &MovedData, quiet: bool) -> Result<Dataset> {
    let recorded = run.source();
    let data_dir = moved.data_dir.as_deref().or(recorded.data_dir.as_deref());
    let Some(source) = &moved.source else {
        let source = data_source(&recorded.data);
        return download_display::load(&source, data_dir, quiet).with_context(|| {
            let (run, word) = (directory.display(), shell::word(directory));
            format!(
                "the data of {run} is not where it was; say where it is now by --data, behind `modiste train --resume {word}`"
            )
        });
    };
    let source = source.clone().with_options(&reading_options(&recorded.data));
    let dataset = download_display::load(&source, data_dir, quiet)?;
    let place = RunSource::new(&dataset, &source, data_dir, recorded.data.limit)?;
    run.move_data(&place);
    Ok(dataset)
}

/// Whether a run began with the weights that this experiment begins with.
fn has_same_start(paths: &RunPaths, experiment: &Experiment) -> Result<bool> {
    let path = paths.start();
    let Some(start) = &experiment.start else { return Ok(!path.exists()) };
    let prepared = experiment.clone().prepare()?;
    let (recipe, names) = (prepared.recipe(), &experiment.dataset.class_names);
    let parameters = start.parameters(prepared.network(), names, recipe.training.seed)?;
    Ok(path.exists() && start::open(&path, prepared.network())? == parameters)
}

/// Refuses a run that is not one of this series. Where `timed`, its epochs were those that there was time for.
fn ensure_same_experiment(path: &Path, mut experiment: Experiment, timed: bool) -> Result<()> {
    let paths = RunPaths::new(path);
    let (then, recipe) = (paths.read_source()?, paths.read_recipe()?);
    if timed {
        experiment.recipe.training.epochs = recipe.training.epochs;
    }
    let what = if !has_same_start(&paths, &experiment)? {
        "start"
    } else if !then.data.has_images_of(&experiment.source.data) {
        "data"
    } else if recipe != experiment.recipe {
        "recipe"
    } else {
        return Ok(());
    };
    bail!(
        "{} holds a run of another {what} than this one: give another --out, or say the same as when it was begun",
        path.display()
    )
}
