//! A known set on disk: where it belongs, and how it gets there.
//!
//! One process at a time writes to a set's directory: it holds the lock file. The others wait, and then find the
//! files already there. A file appears under its name only when whole and checked.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use modiste_files::{DirectoryLock, atomic};

use super::download::{Downloader, RetryPolicy};
use super::known::KnownSet;
use super::progress::{Event, Progress};
use super::verify::{FileState, read_checked};
use crate::error::Error;

/// The environment variable that names a directory of data sets.
pub const DATA_DIR_VARIABLE: &str = "MODISTE_DATA";

/// The directory in which the files of `set` are, or to which they would be fetched.
///
/// `dir`, else `$MODISTE_DATA` (either counts as not given where it is empty), may hold the files themselves or in a subdirectory with the set's name; the
/// subdirectory is preferred, so that sets whose files are called alike cannot overwrite each other. With neither it
/// is `modiste/NAME` in the platform's cache directory.
///
/// # Errors
/// [`Error::NoCache`] when the platform's cache directory is needed and cannot be told.
pub fn find_dir(set: &KnownSet, dir: Option<&Path>) -> Result<PathBuf, Error> {
    let from_environment = || env::var_os(DATA_DIR_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let given = dir.filter(|dir| !dir.as_os_str().is_empty()).map(Path::to_owned);
    let Some(given) = given.or_else(from_environment) else {
        return Ok(cache_dir().ok_or(Error::NoCache)?.join("modiste").join(set.name));
    };
    let below = given.join(set.name);
    let has_its_name = given.file_name().is_some_and(|name| name == set.name);
    let holds_any = |dir: &Path| set.files.iter().any(|file| dir.join(file.name).exists());
    // The sizes of any two sets' files differ, so one file of the right size tells whose they are.
    let holds_own = |dir: &Path| {
        set.files.iter().any(|file| fs::metadata(dir.join(file.name)).is_ok_and(|meta| meta.len() == file.size))
    };
    Ok(if !holds_any(&below) && (has_its_name || holds_own(&given)) { given } else { below })
}

fn cache_dir() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        Some(env::home_dir()?.join("Library").join("Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| Some(env::home_dir()?.join(".cache")))
    }
}

/// Makes sure that all files of `set` are in their directory ([`find_dir`]), whole and checked, and returns it.
///
/// Good files stay untouched, and where all are good nothing is written, not even a lock. Missing ones are
/// downloaded; damaged ones are reported by a notice and replaced.
///
/// # Errors
/// [`Error::NoNetwork`] when no address could be reached, [`Error::Download`] when none gave a file whole, and
/// [`Error::File`] when the directory cannot be written.
pub fn fetch(
    set: &KnownSet,
    dir: Option<&Path>,
    retry: &RetryPolicy,
    progress: &dyn Progress,
) -> Result<PathBuf, Error> {
    let dir = find_dir(set, dir)?;
    if set.files.iter().any(|file| read_checked(&dir.join(file.name), file).is_err()) {
        complete(set, &dir, retry, progress)?;
    }
    Ok(dir)
}

/// Downloads into `dir` what is not good there.
pub(crate) fn complete(set: &KnownSet, dir: &Path, retry: &RetryPolicy, progress: &dyn Progress) -> Result<(), Error> {
    fs::create_dir_all(dir).map_err(|source| Error::io("create", dir, source))?;
    let lock = DirectoryLock::wait(dir, || {
        let notice = format!("another process is fetching into {}; waiting for it", dir.display());
        progress.report(Event::Notice(&notice));
    })?;
    let downloader = Downloader::new(*retry, progress);
    let half_present = set.files.iter().any(|file| dir.join(file.name).exists());
    for file in &set.files {
        let path = dir.join(file.name);
        match read_checked(&path, file) {
            Ok(_) => continue,
            Err(FileState::Missing) if half_present => {
                progress.report(Event::Notice(&format!("{} is missing; fetching it", path.display())));
            }
            Err(FileState::Missing) => {}
            Err(state) => {
                let notice = format!("{} is damaged ({state}); fetching it again", path.display());
                progress.report(Event::Notice(&notice));
            }
        }
        let part = dir.join(part_name(file.name, &lock));
        downloader.fetch(file, set.mirrors, &part)?;
        atomic::replace(&part, &path)?;
    }
    Ok(())
}

/// What a file is called before it is whole. Others may continue it under the lock alone; without one the name is ours.
fn part_name(file: &str, lock: &DirectoryLock) -> String {
    if lock.is_exclusive() { format!("{file}.part") } else { format!("{file}.{}.part", std::process::id()) }
}
