//! Where images come from: what `--data` can name.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::garments::DRAWN_GARMENTS;
use crate::known::sets::{KnownSet, known_set};
use crate::options::LoadOptions;

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
    /// Somebody's own images, and how they are to be read. What lies there is seen when it is loaded.
    Own(PathBuf, LoadOptions),
}

impl Source {
    /// The same, read in this way where it is somebody's own.
    pub fn with_options(self, options: &LoadOptions) -> Self {
        match self {
            Source::Own(path, _) => Source::Own(path, options.clone()),
            other => other,
        }
    }
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(words: &str) -> Result<Self, Infallible> {
        Ok(match words {
            "auto" => Source::Auto,
            DRAWN_GARMENTS => Source::DrawnGarments,
            _ => known_set(words).map_or_else(|| Source::Own(words.into(), LoadOptions::default()), Source::Known),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Auto => f.write_str("auto"),
            Source::Known(set) => f.write_str(set.name),
            Source::DrawnGarments => f.write_str(DRAWN_GARMENTS),
            Source::Own(path, _) => path.display().fmt(f),
        }
    }
}
