//! The libraries' errors as Python's exceptions, each with the library's sentence.

use std::error::Error;
use std::io::ErrorKind;

use modiste_files::FileError;
use modiste_training::session::SessionError;
use modiste_training::trainer::TrainError;
use pyo3::PyErr;
use pyo3::exceptions::{
    PyFileExistsError, PyFileNotFoundError, PyFloatingPointError, PyOSError, PyPermissionError, PyValueError,
};

/// What was given is no good.
pub(crate) fn value_error(error: impl Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A file cannot be used: why decides which exception.
pub(crate) fn file_error(error: &FileError) -> PyErr {
    match error {
        FileError::Io { source, .. } => system_error(source.kind(), error.to_string()),
        FileError::Invalid { .. } => value_error(error),
        _ => PyOSError::new_err(error.to_string()),
    }
}

/// Images cannot be had.
pub(crate) fn source_error(error: &modiste_sources::Error) -> PyErr {
    use modiste_sources::Error;
    match error {
        Error::File(error) => file_error(error),
        Error::Missing { .. } | Error::UnknownSet { .. } => PyFileNotFoundError::new_err(error.to_string()),
        Error::Download { .. } | Error::NoNetwork { .. } => PyOSError::new_err(error.to_string()),
        _ => value_error(error),
    }
}

/// A run cannot be trained.
pub(crate) fn session_error(error: &SessionError) -> PyErr {
    match error {
        SessionError::Diverged { error, .. } => training_error(error),
        SessionError::Stopped { error: TrainError::File(file), .. } => file_error(file),
        SessionError::Experiment(_) => value_error(error),
        _ => PyOSError::new_err(error.to_string()),
    }
}

/// Training went wrong.
pub(crate) fn training_error(error: &TrainError) -> PyErr {
    match error {
        TrainError::Diverged { .. } => PyFloatingPointError::new_err(error.to_string()),
        TrainError::File(error) => file_error(error),
        _ => value_error(error),
    }
}

fn system_error(kind: ErrorKind, text: String) -> PyErr {
    match kind {
        ErrorKind::NotFound => PyFileNotFoundError::new_err(text),
        ErrorKind::PermissionDenied => PyPermissionError::new_err(text),
        ErrorKind::AlreadyExists => PyFileExistsError::new_err(text),
        _ => PyOSError::new_err(text),
    }
}
