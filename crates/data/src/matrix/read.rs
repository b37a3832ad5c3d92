//! A matrix from a file, whose name says the format.

use std::path::Path;

use modiste_files::regular_file;

use super::{Matrix, csv, npy};
use crate::error::Error;

/// Reads a matrix: NumPy's `.npy`, or `.csv`.
///
/// A `.npy` file holds floats of 4 or 8 bytes, integers or booleans in either byte order, in C's order or Fortran's.
/// One dimension is a single column; more than two are a point for each index of the first, as images are.
///
/// A `.csv` file is separated by commas; or by tabs or semicolons, where its first line has no comma. That line is a
/// header if not everything in it is a number. Empty lines mean nothing.
///
/// NaN and infinities are numbers here: whether they are welcome is for others to say.
///
/// # Errors
/// When the file cannot be read, [`Error::MatrixFormat`] when its name ends otherwise, and [`Error::Matrix`] when it
/// is damaged, empty, ragged, or holds something else than numbers.
pub fn read_matrix(path: &Path) -> Result<Matrix, Error> {
    let ends_with = |ending: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
    let read = if ends_with("npy") {
        npy::read
    } else if ends_with("csv") {
        csv::read
    } else {
        return Err(Error::MatrixFormat { path: path.to_owned() });
    };
    let (file, stored) = regular_file::open(path).map_err(|source| Error::io("read", path, source))?;
    read(file, stored, path)
}
