//! A matrix from a file, whose name says the format.

use std::path::Path;

use modiste_files::regular_file;

use super::columns::Wanted;
use super::options::TableOptions;
use super::table::Table;
use super::{Matrix, csv, npy};
use crate::error::{Error, one_line};

/// How names of tables end, in any case.
const TEXTS: [&str; 3] = ["csv", "tsv", "txt"];

/// Reads a matrix of f32: NumPy's `.npy`, or text.
///
/// A `.npy` file holds floats of 2, 4 or 8 bytes, integers or booleans in either byte order, in C's order or Fortran's.
/// One dimension is a single column; more than two are a point for each index of the first, as images are.
///
/// A `.csv`, `.tsv` or `.txt` file is separated by commas, semicolons, tabs, vertical bars or blanks, or by what a first line
/// `sep=;` names, in UTF-8, UTF-16, UTF-32 or Latin-1. Where commas do not separate, they may be decimal. Its first line is a header if
/// words in it outnumber numbers, or name columns that count; or a comment before it is, if it has as many fields. Empty lines
/// and comments, which begin with `#`, mean nothing.
///
/// NaN and infinities are numbers here: whether they are welcome is for others to say.
///
/// # Errors
/// When the file cannot be read, [`Error::MatrixFormat`] when its name ends otherwise, and [`Error::Matrix`] when it
/// is damaged, empty, ragged, or holds something else than numbers.
pub fn read_matrix(path: &Path) -> Result<Matrix, Error> {
    read(path, Wanted::All).map(Table::rounded)
}

/// Reads a map: as [`read_matrix`] does, and of a `.csv` file with columns `x` and `y` these alone.
///
/// # Errors
/// As [`read_matrix`] has.
pub fn read_map(path: &Path) -> Result<Matrix, Error> {
    read(path, Wanted::Map).map(Table::rounded)
}

/// Reads points as they stand in a file, in f64 where f32 would round them.
///
/// Of text, a column called `label`, `class`, `target` or the like holds the classes; columns called `index`, `id`
/// or the like, a first one without a name and, where there is no header, a first one that counts the rows are left out. A
/// header may be of numbers, if it counts, rises or falls as no other line does, or alone is quoted. What is recognised is in
/// [`Table::notes`].
///
/// # Errors
/// As [`read_matrix`] has, and [`Error::Columns`] when a column to drop is not there or none is left.
pub fn read_table(path: &Path, options: &TableOptions) -> Result<Table, Error> {
    if path.extension().is_some_and(|found| found.eq_ignore_ascii_case("npy")) && !options.drop.is_empty() {
        let why = "has no names of columns, so none can be dropped by its name: leave it out of the file".to_owned();
        return Err(Error::Columns { path: path.to_owned(), why: one_line(why) });
    }
    read(path, Wanted::Points(options))
}

fn read(path: &Path, wanted: Wanted<'_>) -> Result<Table, Error> {
    let ends_with = |ending: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
    let is_npy = ends_with("npy");
    if !is_npy && !TEXTS.into_iter().any(ends_with) {
        return Err(Error::MatrixFormat { path: path.to_owned() });
    }
    let (file, stored) = regular_file::open(path).map_err(|source| Error::io("read", path, source))?;
    if is_npy { npy::read(file, stored, path) } else { csv::read(file, stored, path, wanted) }
}
