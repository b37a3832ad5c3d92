//! What can go wrong with data, each as one sentence: what, where, what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::ImagesError;

/// Why images could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused to read or write.
    #[error("cannot {action} {}: {source}; check that the path exists and that you may use it", path.display())]
    Io {
        /// What was tried, e.g. `read`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not the IDX file it should be.
    #[error("{} is not a sound IDX file: {why}; replace it with a whole copy", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Images and labels are both sound, but do not belong together.
    #[error("{} and {} do not belong together: {why}; take both from one set", images.display(), labels.display())]
    Pair {
        /// The file of images.
        images: PathBuf,
        /// The file of labels.
        labels: PathBuf,
        /// What does not match.
        why: String,
    },
    /// A directory lacks a file.
    #[error(
        "{} holds no {file} (nor the same raw or with .gz); \
         give a directory with the four official IDX files, two of training and two of test data",
        dir.display()
    )]
    Missing {
        /// The directory.
        dir: PathBuf,
        /// The file's name.
        file: String,
    },
    /// Neither a known set nor a path.
    #[error("there is no data set and no directory called '{name}'; give one of {known}, or a directory of IDX files")]
    UnknownSet {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A known set whose files stay wrong although they were just fetched or checked.
    #[error("{} is damaged ({why}); remove it and fetch the set again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In which way.
        why: String,
    },
    /// No server could be reached at all.
    #[error(
        "cannot download {file}: no network ({why}); connect to one, \
         or put the set's four files into a directory and give it as --data-dir or $MODISTE_DATA"
    )]
    NoNetwork {
        /// The file's name.
        file: String,
        /// What the last address tried said.
        why: String,
    },
    /// Servers answered, but none gave the file.
    #[error(
        "cannot download {file}: {why}; try again later, \
         or put the set's four files into a directory and give it as --data-dir or $MODISTE_DATA"
    )]
    Download {
        /// The file's name.
        file: String,
        /// What each address said.
        why: String,
    },
    /// There is nowhere to keep downloaded files.
    #[error("no cache directory is known, since neither $XDG_CACHE_HOME nor a home directory is set; give --data-dir")]
    NoCache,
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { action, path: path.to_owned(), source }
    }

    pub(crate) fn idx(path: &Path, why: impl Into<String>) -> Self {
        Error::Idx { path: path.to_owned(), why: why.into() }
    }

    pub(crate) fn pair(images: &Path, labels: &Path, why: ImagesError) -> Self {
        Error::Pair { images: images.to_owned(), labels: labels.to_owned(), why: why.to_string() }
    }
}
