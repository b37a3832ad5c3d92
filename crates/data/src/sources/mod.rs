//! Where images come from: what `--data` can name, and how it is found, fetched, checked and read.

#[cfg(feature = "download")]
mod certificates;
mod class_names;
#[cfg(feature = "download")]
mod complete;
mod directory;
#[cfg(feature = "download")]
mod download;
pub(crate) mod fetch;
pub mod garments;
mod gzip;
pub mod idx;
pub(crate) mod known;
pub(crate) mod load;
pub(crate) mod place;
pub(crate) mod progress;
pub(crate) mod retry;
pub(crate) mod verify;

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use known::{KnownSet, known_set};

/// Where a data set comes from. Parsed from the words of `--data`; what it parsed from is what it prints.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Source {
    /// Fashion-MNIST if it can be had, drawn garments if not.
    #[default]
    Auto,
    /// A set known by name, and no other.
    Known(&'static KnownSet),
    /// Ten classes of garments drawn by this program.
    DrawnGarments,
    /// A directory with the four official IDX files. Whether there is one is seen when it is loaded.
    Directory(PathBuf),
}

/// The name of the set that needs no files.
pub const DRAWN_GARMENTS: &str = "drawn-garments";

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(words: &str) -> Result<Self, Infallible> {
        Ok(match words {
            "auto" => Source::Auto,
            DRAWN_GARMENTS => Source::DrawnGarments,
            _ => known_set(words).map_or_else(|| Source::Directory(words.into()), Source::Known),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Auto => f.write_str("auto"),
            Source::Known(set) => f.write_str(set.name),
            Source::DrawnGarments => f.write_str(DRAWN_GARMENTS),
            Source::Directory(path) => path.display().fmt(f),
        }
    }
}
