//! The directory that one command hands to the next: what was to be done, how far it has come, and what it came to.
//!
//! | file | holds |
//! | --- | --- |
//! | `recipe.toml` | the recipe as resolved, every default and override written out |
//! | `run.toml` | the data: with the recipe, all that `--resume` needs |
//! | `metrics.jsonl` | a line for each complete epoch |
//! | `start.safetensors` | trained weights that the run has started from, if it has; see [`crate::start`] |
//! | `checkpoint.safetensors` | weights, optimiser and position; see [`crate::checkpoint`] |
//! | `model.safetensors` | weights for use; see [`modiste_network::model`] |
//! | `result.json` | what a finished run came to; there is none before |
//! | `report.html` | the same as a page, for people; nothing reads it |
//!
//! What an observer of training leaves beside them, such as events for TensorBoard, is its own: nothing here reads it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{fs, io};

use modiste_files::{DirectoryLock, FileError, LOCK_FILE, atomic, numbered_directory, regular_file};
use modiste_network::{Comment, Recipe, RecipeError, model};

use super::run_source::RunSource;

/// Written before what makes a directory a run.
const RECIPE: &str = "recipe.toml";
const START: &str = "start.safetensors";

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A new run would mix with what is there.
    #[error("{} already holds a run: go on with it by --resume, or give another directory", path.display())]
    HoldsRun {
        /// The directory.
        path: PathBuf,
    },
    /// Likewise.
    #[error("{} is not empty: a run needs a directory of its own, so give a new or an empty one", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// There is no run.
    #[error("{} is not a run directory: {why}; name one that `modiste train` has made", path.display())]
    NotARun {
        /// The path.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// Two processes must not write to one run.
    #[error("another process is training in {}: wait for it, or end it first", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file of it cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its recipe cannot be used.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
}

/// Paths of a run's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPaths(PathBuf);

impl RunPaths {
    /// In this directory, whether or not there is one.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// `recipe.toml`
    pub fn recipe(&self) -> PathBuf {
        self.0.join(RECIPE)
    }

    /// `run.toml`
    pub fn source(&self) -> PathBuf {
        self.0.join("run.toml")
    }

    /// `metrics.jsonl`
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// `checkpoint.safetensors`
    pub fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.safetensors")
    }

    /// `start.safetensors`
    pub fn start(&self) -> PathBuf {
        self.0.join(START)
    }

    /// `model.safetensors`
    pub fn model(&self) -> PathBuf {
        self.0.join(model::FILE_NAME)
    }

    /// `result.json`
    pub fn result(&self) -> PathBuf {
        self.0.join("result.json")
    }

    /// `report.html`
    pub fn report(&self) -> PathBuf {
        self.0.join("report.html")
    }

    /// Reads `run.toml`.
    ///
    /// # Errors
    /// When there is none or it is not valid.
    pub fn read_source(&self) -> Result<RunSource, RunError> {
        let path = self.source();
        let text = self.read(&path)?;
        if text.trim().is_empty() {
            return Err(FileError::invalid(&path, "description of a run", "it is empty").into());
        }
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let why = format!("line {line}: {}", error.message().replace('`', "'"));
            FileError::invalid(&path, "description of a run", why).into()
        })
    }

    /// Reads `recipe.toml`.
    ///
    /// # Errors
    /// When there is none or it is not valid.
    pub fn read_recipe(&self) -> Result<Recipe, RunError> {
        let path = self.recipe();
        Ok(Recipe::parse(&self.read(&path)?, &path.display().to_string())?)
    }

    fn read(&self, path: &Path) -> Result<String, RunError> {
        regular_file::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                let name = path.file_name().unwrap_or_default().display();
                let why = if self.0.exists() { format!("it has no {name}") } else { "it does not exist".to_owned() };
                RunError::NotARun { path: self.0.clone(), why }
            }
            _ => FileError::io("read", path, error).into(),
        })
    }

    /// Writes `run.toml`. It comes after the recipe, since it is what makes the directory a run.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_source(&self, source: &RunSource) -> Result<(), FileError> {
        let path = self.source();
        let text = source.to_toml().map_err(|error| FileError::io("write", &path, io::Error::other(error)))?;
        atomic::write(&path, |writer| writer.write_all(text.as_bytes()))
    }

    /// Writes `recipe.toml`, with each comment above its field.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write_recipe(&self, recipe: &Recipe, comments: &[Comment]) -> Result<(), FileError> {
        atomic::write(&self.recipe(), |writer| writer.write_all(recipe.to_toml_with(comments).as_bytes()))
    }
}

/// A run directory that this process alone may write to, until it is dropped or the process ends.
#[derive(Debug)]
pub struct RunDirectory {
    paths: RunPaths,
    lock: DirectoryLock,
}

impl RunDirectory {
    /// Makes `RUNS/NAME-N`, as [`numbered_directory::create`] does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create_numbered(runs: &Path, name: &str) -> Result<Self, RunError> {
        Self::claim(numbered_directory::create(runs, name)?)
    }

    /// Makes this very directory, or takes it if it is empty, or what a process left that was killed before it had begun a run.
    ///
    /// # Errors
    /// When it holds anything, or the system refuses.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        Self::check_free(path)?;
        fs::create_dir_all(path).map_err(|error| FileError::io("create", path, error))?;
        let run = Self::claim(path.to_owned())?;
        // Only now can no other process put anything there.
        Self::check_free(path)?;
        atomic::remove_leftovers(path);
        Ok(run)
    }

    /// Whether [`RunDirectory::create`] could take `path` now.
    ///
    /// # Errors
    /// As that has.
    pub fn check_free(path: &Path) -> Result<(), RunError> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(FileError::io("create a run in", path, error).into()),
        };
        if RunPaths::new(path).source().exists() {
            return Err(RunError::HoldsRun { path: path.to_owned() });
        }
        let names: Vec<OsString> = entries.flatten().map(|entry| entry.file_name()).collect();
        // Without a lock, a recipe there is not one that we have written.
        let was_ours = names.iter().any(|name| name == LOCK_FILE);
        let is_left_over = |name: &OsStr| was_ours && (name == RECIPE || name == START || atomic::is_leftover(name));
        if names.iter().any(|name| name != LOCK_FILE && !is_left_over(name)) {
            return Err(RunError::NotEmpty { path: path.to_owned() });
        }
        Ok(())
    }

    /// Takes a run to go on with it. What a killed process left unfinished is removed.
    ///
    /// # Errors
    /// When there is no run, or another process has it.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let paths = RunPaths::new(path);
        paths.read(&paths.source())?;
        let run = Self::claim(path.to_owned())?;
        atomic::remove_leftovers(path);
        Ok(run)
    }

    fn claim(path: PathBuf) -> Result<Self, RunError> {
        match DirectoryLock::try_take(&path)? {
            Some(lock) => Ok(Self { paths: RunPaths(path), lock }),
            None => Err(RunError::InUse { path }),
        }
    }

    /// Its files.
    pub fn paths(&self) -> &RunPaths {
        &self.paths
    }

    /// Whether the directory is still this process's own, as [`DirectoryLock::check`] has it.
    ///
    /// # Errors
    /// As that has.
    pub fn check(&self) -> Result<(), FileError> {
        self.lock.check()
    }
}

#[cfg(test)]
mod tests {
    use modiste_data::{Background, Fit, ImageShape, Preparation};
    use modiste_network::DataReference;

    use super::*;

    #[test]
    fn a_directory_with_anything_in_it_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("thesis.tex"), "x").unwrap();
        assert!(matches!(RunDirectory::create(directory.path()), Err(RunError::NotEmpty { .. })));
        fs::write(directory.path().join("run.toml"), "x").unwrap();
        assert!(matches!(RunDirectory::create(directory.path()), Err(RunError::HoldsRun { .. })));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        let file = directory.path().join("thesis.tex");
        assert!(RunDirectory::create(&file).unwrap_err().to_string().contains("thesis.tex"));
    }

    #[test]
    fn what_was_killed_before_it_was_a_run_is_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let leave = |names: &[&str]| {
            names.iter().for_each(|name| fs::write(directory.path().join(name), "x").unwrap());
        };
        leave(&["recipe.toml"]);
        // Somebody's own recipe.
        assert!(matches!(RunDirectory::create(directory.path()), Err(RunError::NotEmpty { .. })));
        leave(&[".lock", ".run.toml.123.unfinished"]);
        RunDirectory::create(directory.path()).unwrap();
        assert!(!directory.path().join(".run.toml.123.unfinished").exists());
        leave(&["thesis.tex"]);
        assert!(matches!(RunDirectory::create(directory.path()), Err(RunError::NotEmpty { .. })));
    }

    #[test]
    fn two_processes_cannot_have_one_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/run");
        let first = RunDirectory::create(&path).unwrap();
        assert!(matches!(RunDirectory::create(&path), Err(RunError::InUse { .. })));
        fs::write(first.paths().source(), "").unwrap();
        assert!(matches!(RunDirectory::open(&path), Err(RunError::InUse { .. })));
        drop(first);
        RunDirectory::open(&path).unwrap();
    }

    #[test]
    fn what_is_no_run_cannot_be_opened() {
        let directory = tempfile::tempdir().unwrap();
        let problem = RunDirectory::open(directory.path()).unwrap_err().to_string();
        assert!(problem.contains("is not a run directory: it has no run.toml; name one"), "{problem}");
        let problem = RunDirectory::open(&directory.path().join("none")).unwrap_err().to_string();
        assert!(problem.contains("is not a run directory: it does not exist; name one"), "{problem}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_source_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let paths = RunPaths::new(directory.path());
        let data = DataReference {
            name: "mine".to_owned(),
            source: "/data/\"mine\"".to_owned(),
            limit: Some(5),
            stratified: true,
            fingerprint: "0f".to_owned(),
            skip_bad: true,
            shape: Some(ImageShape { height: 2, width: 3, channels: 1 }),
            preparation: Some(Preparation {
                height: 8,
                width: 9,
                channels: 3,
                fit: Fit::Crop,
                background: Background::Black,
            }),
        };
        let source = RunSource { data_dir: Some("/cache".into()), class_names: vec!["a".to_owned()], data };
        let recipe = Recipe::find("seed-mlp").unwrap();
        paths.write_recipe(&recipe, &[]).unwrap();
        paths.write_source(&source).unwrap();
        assert_eq!(paths.read_source().unwrap(), source);
        assert_eq!(paths.read_recipe().unwrap(), recipe);
    }
}
