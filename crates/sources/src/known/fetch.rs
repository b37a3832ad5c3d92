//! A known set on disk: whether it is there, whole.

use std::path::{Path, PathBuf};

use super::place::find_dir;
#[cfg(not(feature = "download"))]
use super::place::remedy;
use super::retry::RetryPolicy;
use super::sets::KnownSet;
use super::verify::read_checked;
use crate::error::Error;
use crate::progress::Progress;

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
pub(crate) use super::complete::complete;

/// Stands in for what would download, which this program is built without.
#[cfg(not(feature = "download"))]
pub(crate) fn complete(set: &KnownSet, dir: &Path, _: &RetryPolicy, _: &dyn Progress) -> Result<(), Error> {
    Err(Error::WithoutDownloads { set: set.name.to_owned(), remedy: remedy(set, dir) })
}
