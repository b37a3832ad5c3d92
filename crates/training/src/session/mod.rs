//! One process's work on a run: it is begun or resumed, trained, and its result kept.
//!
//! A session prints nothing and catches no signals: an observer is told how it goes, a flag stops it, and what goes wrong is an
//! error that says what to do. It takes as much memory as [`Session::planned_bytes`] says; whoever must not run out of it asks before
//! [`Session::compile`].

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use modiste_data::{Appearance, Dataset};
use modiste_executors::Device;
use modiste_files::{FileError, shell};
use modiste_network::executor::initialisation::glorot_uniform;
use modiste_network::{DeviceInfo, Executor, Model, ModelCard, Network, Recipe, State};

use super::cautions::{Caution, cautions};
use super::checkpoint::{Checkpoint, CheckpointFile};
use super::experiment::{Experiment, ExperimentError, Prepared};
use super::memory;
use super::origin::Origin;
use super::progress::{Done, Position, RunMismatch};
use super::runs::belonging::{OfAnotherRun, check_model, check_result};
use super::runs::metrics_file;
use super::runs::result::{RunResult, Sizes};
use super::runs::run_checkpointer::RunCheckpointer;
use super::runs::run_directory::{RunDirectory, RunError, RunPaths};
use super::runs::run_source::RunSource;
use super::splits::Splits;
use super::start;
use super::trainer::{Clock, Ended, FinalScores, Observer, TrainError, Trainer};

/// A run about to be trained, or to be trained further. No other process can have it meanwhile.
pub struct Session {
    experiment: Experiment,
    network: Network,
    splits: Splits,
    run: RunDirectory,
    /// What it begins with, if not with random parameters.
    first: Option<Vec<f32>>,
    /// Where the run stopped, until training takes it up.
    checkpoint: Option<Checkpoint<'static>>,
    /// How far it has come.
    done: Done,
    /// The recipe is not the one that is written in the directory.
    recipe_changed: bool,
    /// Nor is the place of the data.
    source_changed: bool,
    /// What is there is to be lost.
    restarts: bool,
    /// By what the checkpoint was made, where it says so.
    origin: Option<Origin>,
}

/// What a run directory holds.
pub enum ExistingRun {
    /// Nothing is left to train.
    Finished(Box<RunResult>),
    /// There is more to train.
    Unfinished(Box<UnfinishedRun>),
}

/// A run that can be trained further once its data is loaded.
pub struct UnfinishedRun {
    run: RunDirectory,
    recipe: Recipe,
    source: RunSource,
    recipe_changed: bool,
    source_changed: bool,
    restarts: bool,
    damaged: Option<FileError>,
}

/// How training ended.
pub enum Fitted {
    /// All is trained and measured. [`Session::finish`] keeps the result.
    Finished(Box<RunResult>),
    /// The flag stopped it. The state is kept.
    Interrupted(Done),
}

/// Why a run cannot be begun, resumed or trained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The directory, or a file of it, cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file of it is of another run.
    #[error(transparent)]
    OfAnotherRun(#[from] OfAnotherRun),
    /// Recipe and data do not fit each other.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The data has changed since the run began.
    #[error(
        "the data {source_name} is not what {} was trained on until now, so it cannot go on: restore it, or train a new run",
        directory.display()
    )]
    OtherData {
        /// Words that name the data.
        source_name: String,
        /// The run.
        directory: PathBuf,
    },
    /// The classes have other names since the run began.
    #[error(
        "the classes of {source_name} are called {now} where {} was trained on {then}, so it cannot go on: name them as they \
         were, or train a new run",
        directory.display()
    )]
    OtherClasses {
        /// Words that name the data.
        source_name: String,
        /// The run.
        directory: PathBuf,
        /// Their names when the run began.
        then: String,
        /// Their names now.
        now: String,
    },
    /// What the run has learned is not there.
    #[error(
        "{} has been trained, but its checkpoint.safetensors is gone, so it cannot go on: put it back, or begin anew by \
         `modiste train --resume {} --restart`",
        directory.display(), shell::word(directory)
    )]
    NoCheckpoint {
        /// The run.
        directory: PathBuf,
    },
    /// The recipe has other layers than those that were trained.
    #[error(
        "cannot go on with {}: the layers of its recipe.toml are not those that were trained, so set them back, or train a \
         new run",
        directory.display()
    )]
    OtherLayers {
        /// The run.
        directory: PathBuf,
    },
    /// The recipe has changed since the checkpoint was written.
    #[error("cannot go on with {}: {source}", directory.display())]
    OtherRecipe {
        /// The run.
        directory: PathBuf,
        /// What has changed.
        source: RunMismatch,
    },
    /// More is trained already than is asked for.
    #[error("{} has {done} already, more than {epochs}: give a larger number of epochs", directory.display())]
    TooFewEpochs {
        /// The run.
        directory: PathBuf,
        /// What is trained.
        done: Done,
        /// What is asked for.
        epochs: usize,
    },
    /// The numbers left what f32 can hold.
    #[error("{error}; the last good checkpoint is kept in {}", directory.display())]
    Diverged {
        /// What became of them.
        error: TrainError,
        /// The run.
        directory: PathBuf,
    },
    /// Training cannot go on. The last checkpoint stays.
    #[error(
        "{error}; when that is mended, `modiste train --resume {}` goes on from the last checkpoint",
        shell::word(directory)
    )]
    Stopped {
        /// Why.
        error: TrainError,
        /// The run.
        directory: PathBuf,
    },
    /// All is trained, but the result cannot be kept.
    #[error(
        "the run is trained, `modiste train --resume {}` goes on from the last checkpoint: {error}",
        shell::word(directory)
    )]
    ResultNotKept {
        /// Why.
        error: FileError,
        /// The run.
        directory: PathBuf,
    },
}

impl From<FileError> for SessionError {
    fn from(error: FileError) -> Self {
        RunError::from(error).into()
    }
}

impl ExistingRun {
    /// Looks into a run directory; `epochs` is the new total, where it is not to be that of its recipe. Nothing is changed.
    ///
    /// # Errors
    /// When it is no run, another process has it, it has more epochs already, or it is finished by files of another run.
    pub fn open(directory: &Path, epochs: Option<usize>) -> Result<Self, SessionError> {
        let run = RunDirectory::open(directory)?;
        let paths = run.paths();
        let source = paths.read_source()?;
        let mut recipe = paths.read_recipe()?;
        let recorded = recipe.training.epochs;
        recipe.training.epochs = epochs.unwrap_or(recorded);
        let damaged = match result(paths)? {
            Some(Ok(result)) => {
                let is_over = recipe.training.is_over(result.epochs, result.best_epoch);
                // What is trained further is made again from the checkpoint, which has checks of its own.
                if is_over {
                    check_result(paths, &result, &recipe, &source)?;
                }
                ensure_epochs(directory, &recipe, Done { epochs: result.epochs, steps: 0 })?;
                match Model::open(&paths.model()) {
                    Ok(model) if is_over => {
                        check_model(paths, &model.card, &recipe, &source)?;
                        return Ok(Self::Finished(Box::new(result)));
                    }
                    Ok(_) => None,
                    Err(error) if error.is_of_directory() => return Err(error.into()),
                    Err(error) => Some(error),
                }
            }
            Some(Err(error)) if error.is_of_directory() => return Err(error.into()),
            Some(Err(error)) => Some(error),
            None => None,
        };
        if !exists(&paths.checkpoint())? && has_been_trained(paths)? {
            return Err(SessionError::NoCheckpoint { directory: directory.to_owned() });
        }
        let recipe_changed = recipe.training.epochs != recorded;
        let (source_changed, restarts) = (false, false);
        let run = UnfinishedRun { run, recipe, source, recipe_changed, source_changed, restarts, damaged };
        Ok(Self::Unfinished(Box::new(run)))
    }

    /// Looks into a run directory, to begin the run anew, by the recipe that lies there. What the run has learned is lost once
    /// training begins; until then nothing is changed.
    ///
    /// # Errors
    /// When it is no run, or another process has it.
    pub fn restart(directory: &Path) -> Result<UnfinishedRun, SessionError> {
        let run = RunDirectory::open(directory)?;
        let (source, recipe) = (run.paths().read_source()?, run.paths().read_recipe()?);
        let (recipe_changed, source_changed, damaged) = (false, false, None);
        Ok(UnfinishedRun { run, recipe, source, recipe_changed, source_changed, restarts: true, damaged })
    }
}

impl UnfinishedRun {
    /// Where it is kept.
    pub fn directory(&self) -> &Path {
        self.run.paths().directory()
    }

    /// Where its data was found.
    pub fn source(&self) -> &RunSource {
        &self.source
    }

    /// Bytes of memory that reading its checkpoint takes at most, if it is read: the file and what is made of it.
    pub fn checkpoint_bytes(&self) -> Option<u64> {
        if self.restarts {
            return None;
        }
        fs::metadata(self.run.paths().checkpoint()).ok().map(|file| file.len().saturating_mul(2))
    }

    /// Why its result, or the model of a finished run, cannot be read: it is made again from the checkpoint.
    pub fn damaged(&self) -> Option<&FileError> {
        self.damaged.as_ref()
    }

    /// Has the data at another place from now on.
    pub fn move_data(&mut self, place: &RunSource) {
        let RunSource { data_dir, data, .. } = place;
        self.source.data_dir.clone_from(data_dir);
        self.source.data.name.clone_from(&data.name);
        self.source.data.source.clone_from(&data.source);
        self.source_changed = true;
    }

    /// Takes the run up where it stopped, on its data. A run that was killed within its first moments begins anew, with the same
    /// result. Nothing is changed yet.
    ///
    /// # Errors
    /// When this is not its data, or its recipe has been changed in a way that it cannot go on from its checkpoint.
    pub fn resume(self, dataset: Dataset) -> Result<Session, SessionError> {
        let Self { run, recipe, mut source, recipe_changed, mut source_changed, restarts, .. } = self;
        let directory = run.paths().directory().to_owned();
        if dataset.fingerprint() != source.data.fingerprint {
            return Err(SessionError::OtherData { source_name: source.data.source, directory });
        }
        let path = run.paths().checkpoint();
        let file = (!restarts && exists(&path)?).then(|| CheckpointFile::read(&path)).transpose()?;
        let origin = file.as_ref().map(CheckpointFile::origin).transpose()?.flatten();
        if restarts {
            source_changed |= source.class_names != dataset.class_names;
            source.class_names.clone_from(&dataset.class_names);
        } else {
            let names = origin.as_ref().map(|origin| origin.class_names.clone());
            let names = names.or_else(|| class_names(run.paths(), &source));
            if let Some(names) = names.filter(|names| *names != dataset.class_names) {
                let [then, now] = [&names, &dataset.class_names].map(|names| names.join(", "));
                return Err(SessionError::OtherClasses { source_name: source.data.source, directory, then, now });
            }
        }
        let Prepared { experiment, network, splits } =
            Experiment { recipe, comments: Vec::new(), dataset, source, start: None }.prepare()?;
        let checkpoint = match file.map(|file| file.checkpoint(&network)).transpose() {
            Err(_) if origin.as_ref().is_some_and(|origin| origin.has_other_layers(&experiment.recipe)) => {
                return Err(SessionError::OtherLayers { directory });
            }
            checkpoint => checkpoint?,
        };
        let mut done = Done::default();
        if let Some(Checkpoint { position, .. }) = &checkpoint {
            position
                .ensure_same_run(&Position::start(&experiment.recipe, splits.train.len()))
                .map_err(|source| SessionError::OtherRecipe { directory: directory.clone(), source })?;
            done = position.done();
            ensure_epochs(&directory, &experiment.recipe, done)?;
        }
        let path = run.paths().start();
        let first = if checkpoint.is_none() && exists(&path)? { Some(start::open(&path, &network)?) } else { None };
        Ok(Session {
            experiment,
            network,
            splits,
            run,
            first,
            checkpoint,
            done,
            recipe_changed,
            source_changed,
            restarts,
            origin,
        })
    }
}

impl Session {
    /// A new run in its directory.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn begin(prepared: Prepared, run: RunDirectory) -> Result<Self, SessionError> {
        let Prepared { experiment, network, splits } = prepared;
        run.paths().write_recipe(&experiment.recipe, &experiment.comments)?;
        let Experiment { recipe, dataset, start, .. } = &experiment;
        let first = match start {
            Some(start) => {
                let first = start
                    .parameters(&network, &dataset.class_names, recipe.training.seed)
                    .map_err(ExperimentError::from)?;
                start::save(&run.paths().start(), &network, &first, &start.source)?;
                Some(first)
            }
            None => None,
        };
        run.paths().write_source(&experiment.source)?;
        Ok(Self {
            first,
            experiment,
            network,
            splits,
            run,
            checkpoint: None,
            done: Done::default(),
            recipe_changed: false,
            source_changed: false,
            restarts: false,
            origin: None,
        })
    }

    /// What is trained on what.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The network of the recipe for the images.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Which images are learned from, chosen by and measured on.
    pub fn splits(&self) -> &Splits {
        &self.splits
    }

    /// What is to be said before it is trained.
    pub fn cautions(&self) -> Vec<Caution> {
        let Experiment { recipe, dataset, .. } = &self.experiment;
        cautions(recipe, &self.network, dataset, &self.splits)
    }

    /// Where the run is kept.
    pub fn directory(&self) -> &Path {
        self.run.paths().directory()
    }

    /// How far the run had come when it was resumed; `None` if it begins.
    pub fn resumes_after(&self) -> Option<Done> {
        self.checkpoint.is_some().then_some(self.done)
    }

    /// What is not as it was when the run was last trained, so that it ends otherwise than it would have: fields of its recipe,
    /// and the instruction set.
    pub fn changes(&self, info: &DeviceInfo) -> Vec<String> {
        let Some(origin) = &self.origin else { return Vec::new() };
        let mut changes = origin.changes(&self.experiment.recipe);
        if origin.isa != info.isa {
            changes.push(format!("the instruction set was {} and is {}", origin.isa, info.isa));
        }
        changes
    }

    /// The epochs that are trained, but of which `metrics.jsonl` has no sound line any more. What it says of them is dropped when
    /// training begins.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn lost_records(&self) -> Result<Vec<usize>, SessionError> {
        if self.done.epochs == 0 {
            return Ok(Vec::new());
        }
        Ok(metrics_file::missing(&self.run.paths().metrics(), self.done.epochs)?)
    }

    /// Images that are computed at a time: the recipe's batch, or fewer where there are not so many.
    pub fn batch_size(&self) -> usize {
        memory::batch_size(&self.experiment.recipe, &self.splits)
    }

    /// Bytes of memory that the rest of the run takes at most, beside the data and the checkpoint, which are there already.
    pub fn planned_bytes(&self, device: &Device) -> u64 {
        memory::planned_bytes(device, &self.network, &self.experiment.recipe, &self.splits)
    }

    /// The executor of the run, before its first step.
    ///
    /// # Panics
    /// As [`Device::compile`].
    pub fn compile(&self, device: &Device) -> Box<dyn Executor> {
        let training = &self.experiment.recipe.training;
        let mut executor = device.compile(&self.network, self.batch_size(), training.seed);
        if self.checkpoint.is_none() {
            let first = self.first.clone();
            executor.set_state(&State::fresh(first.unwrap_or_else(|| glorot_uniform(&self.network, training.seed))));
        }
        executor
    }

    /// Trains until all is done or `stop` is true, keeping the run in its directory, and measures what it came to.
    /// `clock` began with the session, and [`std::time::Instant`] is one.
    ///
    /// # Errors
    /// When training diverges or something cannot be kept; what was kept before stays.
    pub fn fit(
        &mut self,
        executor: &mut dyn Executor,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
        clock: &dyn Clock,
    ) -> Result<Fitted, SessionError> {
        self.prepare_directory()?;
        let directory = self.directory().to_owned();
        let explained = |error: TrainError| {
            let directory = directory.clone();
            match error {
                TrainError::File(error @ FileError::Replaced { .. }) => error.into(),
                TrainError::Diverged { .. } => SessionError::Diverged { error, directory },
                _ => SessionError::Stopped { error, directory },
            }
        };
        let Experiment { recipe, dataset, source, .. } = &self.experiment;
        let info = executor.device();
        let mut trainer = Trainer::new(executor, recipe, &self.splits, clock).map_err(explained)?;
        if let Some(checkpoint) = self.checkpoint.take() {
            trainer.restore(&checkpoint).map_err(explained)?;
        }
        let card = ModelCard {
            recipe: recipe.clone(),
            class_names: dataset.class_names.clone(),
            image_shape: self.network.input,
            data: source.data.clone(),
            appearance: Appearance::of(&self.splits.train),
            epochs: trainer.position().epoch,
            temperature: 1.0,
        };
        let mut checkpointer = RunCheckpointer::new(&self.run, card, &self.network, &info)?;
        observer.begin(&metrics_file::read(&self.run.paths().metrics())?);
        let end = match trainer.run(&mut checkpointer, observer, stop).map_err(explained)? {
            Ended::Finished(scores) => trainer.look(stop).map(|familiarity| (scores, familiarity)),
            Ended::Interrupted => None,
        };
        let Some((scores, familiarity)) = end else {
            return Ok(Fitted::Interrupted(trainer.position().done()));
        };
        checkpointer
            .complete(&trainer.kept(), scores.temperature, familiarity.as_ref())
            .map_err(|error| explained(TrainError::File(error)))?;
        Ok(Fitted::Finished(Box::new(self.result(trainer.position(), &scores, info, trainer.wall_seconds()))))
    }

    /// Keeps the result of a run that is trained. Its `peak_memory_bytes` are for the caller to fill in, if they are known.
    ///
    /// # Errors
    /// When the system refuses; a resumed session makes the result again.
    pub fn finish(&self, result: &RunResult) -> Result<(), SessionError> {
        self.run.check()?;
        let directory = self.directory().to_owned();
        result.save(&self.run.paths().result()).map_err(|error| SessionError::ResultNotKept { error, directory })
    }

    /// Until training begins a resumed run is as it was found; then its recipe is that of now, and it has neither a result nor a
    /// report.
    fn prepare_directory(&mut self) -> Result<(), FileError> {
        let paths = self.run.paths();
        self.run.check()?;
        if self.recipe_changed {
            paths.write_recipe(&self.experiment.recipe, &[])?;
            self.recipe_changed = false;
        }
        if self.source_changed {
            paths.write_source(&self.experiment.source)?;
            self.source_changed = false;
        }
        remove(&paths.result())?;
        remove(&paths.report())?;
        if self.restarts {
            // The checkpoint comes last: until then a run that is killed can go on.
            for path in [paths.metrics(), paths.model(), paths.checkpoint()] {
                remove(&path)?;
            }
            self.restarts = false;
        }
        Ok(())
    }

    fn result(&self, position: &Position, scores: &FinalScores, info: DeviceInfo, wall_seconds: f64) -> RunResult {
        let Experiment { recipe, source, .. } = &self.experiment;
        let last = position.last.clone().unwrap_or_default();
        let FinalScores { test, validation, fitted, temperature } = scores;
        let images = (position.epoch * position.train_images) as f64;
        RunResult {
            data: source.data.name.clone(),
            recipe: recipe.name.clone(),
            run: self.directory().display().to_string(),
            seed: recipe.training.seed,
            threads: info.threads,
            device: info.device.to_owned(),
            isa: info.isa,
            epochs: position.epoch,
            batch: position.batch,
            steps: position.step,
            best_epoch: position.best.map(|best| best.epoch),
            parameters: self.network.parameter_count(),
            multiply_adds: self.network.multiply_adds(),
            sizes: Sizes {
                train: self.splits.train.len(),
                validation: self.splits.validation.as_ref().map_or(0, |subset| subset.len()),
                test: self.splits.test.len(),
            },
            limit: source.data.limit,
            train_loss: last.train_loss,
            train_accuracy: last.train_accuracy,
            fitted_train_accuracy: fitted.accuracy,
            validation_loss: validation.map(|score| score.loss),
            validation_accuracy: validation.map(|score| score.accuracy),
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            temperature: Some(*temperature),
            wall_seconds,
            images_per_second: if position.training_seconds > 0.0 { images / position.training_seconds } else { 0.0 },
            peak_memory_bytes: None,
        }
    }
}

/// Refuses a recipe that has fewer epochs than are trained already, complete or begun.
fn ensure_epochs(directory: &Path, recipe: &Recipe, done: Done) -> Result<(), SessionError> {
    let epochs = recipe.training.epochs;
    if done.epochs + usize::from(done.steps > 0) > epochs {
        return Err(SessionError::TooFewEpochs { directory: directory.to_owned(), done, epochs });
    }
    Ok(())
}

/// The result of a finished run; an error within if it cannot be used.
fn result(paths: &RunPaths) -> Result<Option<Result<RunResult, FileError>>, FileError> {
    Ok(exists(&paths.result())?.then(|| RunResult::open(&paths.result())))
}

/// Whether a run has come further than its first moments.
fn has_been_trained(paths: &RunPaths) -> Result<bool, FileError> {
    // Before the first checkpoint there may be an empty history.
    let has_history = fs::metadata(paths.metrics()).is_ok_and(|history| history.len() > 0);
    Ok(has_history || exists(&paths.model())? || exists(&paths.result())?)
}

/// What the classes of a run whose checkpoint does not say were called when it began, if that can be read anywhere.
fn class_names(paths: &RunPaths, source: &RunSource) -> Option<Vec<String>> {
    if !source.class_names.is_empty() {
        return Some(source.class_names.clone());
    }
    Model::open(&paths.model()).ok().map(|model| model.card.class_names)
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(FileError::io("remove", path, error)),
        _ => Ok(()),
    }
}

fn exists(path: &Path) -> Result<bool, FileError> {
    fs::exists(path).map_err(|error| FileError::io("read", path, error))
}

#[cfg(test)]
mod tests;
