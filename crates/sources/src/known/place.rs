//! Where a known set belongs on disk.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::sets::KnownSet;
use crate::error::Error;

/// The environment variable that names a directory of data sets.
pub const DATA_DIR_VARIABLE: &str = "MODISTE_DATA";

/// The directory in which the files of `set` are, or to which they would be fetched.
///
/// `dir`, else `$MODISTE_DATA` (either counts as not given where it is empty), may hold the files themselves or in a
/// subdirectory with the set's name; the subdirectory is preferred, so that sets whose files are called alike cannot
/// overwrite each other. With neither it is `modiste/NAME` in the platform's cache directory.
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

/// The platform's directory for what can be had again.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        Some(env::home_dir()?.join("Library").join("Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| Some(env::home_dir()?.join(".cache")))
    }
}

/// What to do where a set cannot be fetched: which files to put where.
pub(super) fn remedy(set: &KnownSet, dir: &Path) -> String {
    let [first, second, third, fourth] = set.files.map(|file| file.name);
    format!(
        "put {first}, {second}, {third} and {fourth} into {}, or into a directory that you give as --data-dir or \
         ${DATA_DIR_VARIABLE}",
        dir.display()
    )
}
