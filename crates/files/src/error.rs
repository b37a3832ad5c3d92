//! What can go wrong with a file, each as one sentence: what, where, what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be written, read or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, e.g. `write`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there but is not what it should be.
    #[error("{} is not a valid {kind}: {why}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What it should be.
        kind: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl FileError {
    /// The system refused to `action`, e.g. `write`, what is at `path`.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        FileError::Io { action, path: path.to_owned(), source }
    }

    /// What is at `path` should be a `kind` and is not one. `why` is brought onto one line.
    pub fn invalid(path: &Path, kind: &'static str, why: impl Into<String>) -> Self {
        // Parsers of others put line breaks into their messages.
        let why = why.into().split_whitespace().collect::<Vec<_>>().join(" ");
        FileError::Invalid { path: path.to_owned(), kind, why }
    }
}
