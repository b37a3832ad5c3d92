//! What can go wrong with a file, each as one sentence: what, where, what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be written, read or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refused.
    #[error("cannot {action} {}: {source}; {}", path.display(), remedy(action, source.kind()))]
    Io {
        /// What was tried, e.g. `write`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is as it should be, but may not outlast a loss of power.
    #[error(
        "{} is written, but the system cannot promise that it outlasts a loss of power: {source}; check the disk",
        path.display()
    )]
    NotSynced {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory that this process held a lock on is gone, and another may be in its place.
    #[error(
        "{} was removed, moved or replaced while this process was writing to it, so nothing more is written there; \
         begin anew in another directory",
        directory.display()
    )]
    Replaced {
        /// The directory.
        directory: PathBuf,
    },
    /// The file is there but is not what it should be.
    #[error("{} is not a valid {kind}: {why}; put a whole copy in its place, or make it again", path.display())]
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

    /// Whether a directory lies in the file's place, so that none can be made there.
    pub fn is_of_directory(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::IsADirectory)
    }

    /// What is at `path` should be a `kind` and is not one. `why` is brought onto one line.
    pub fn invalid(path: &Path, kind: &'static str, why: impl Into<String>) -> Self {
        // Parsers of others put line breaks into their messages.
        let why = why.into().split_whitespace().collect::<Vec<_>>().join(" ");
        FileError::Invalid { path: path.to_owned(), kind, why }
    }
}

/// What to do when the system refuses to do something, e.g. to `write`.
fn remedy(action: &str, refusal: io::ErrorKind) -> &'static str {
    use io::ErrorKind::{
        InvalidData, InvalidInput, IsADirectory, OutOfMemory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull,
    };
    match refusal {
        InvalidInput | IsADirectory => "a file belongs there: name one, or move what is there out of the way",
        OutOfMemory => "free memory, raise its limit, or take smaller data",
        StorageFull | QuotaExceeded => "make room there, or take another place",
        PermissionDenied | ReadOnlyFilesystem if action != "read" => {
            "get the permission to write, or take another place"
        }
        InvalidData => "put a whole copy in its place, or make it again",
        _ if action == "read" => "check the path and its permissions",
        _ => "check the path, its permissions and the space left",
    }
}
