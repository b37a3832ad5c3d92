//! A known set on disk: where it belongs, and whether it is there.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::known::KnownSet;
use super::progress::Progress;
use super::retry::RetryPolicy;
use super::verify::read_checked;
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
/// [`Error::File`] when the directory cannot be written; in a program built without the feature `download`,
/// [`Error::WithoutDownloads`] when any file is missing or damaged.
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

#[cfg(feature = "download")]
pub(super) use super::complete::complete;

/// Stands in for what would download, which this program is built without.
#[cfg(not(feature = "download"))]
pub(super) fn complete(set: &KnownSet, _: &Path, _: &RetryPolicy, _: &dyn Progress) -> Result<(), Error> {
    Err(Error::WithoutDownloads { set: set.name.to_owned() })
}
