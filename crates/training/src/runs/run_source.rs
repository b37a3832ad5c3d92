//! What a run is trained on: `run.toml`, which with the recipe is all that a resumed run needs.

use std::io;
use std::path::{Path, PathBuf};

use modiste_data::Dataset;
use modiste_network::DataReference;
use modiste_sources::{LoadOptions, Source};
use serde::{Deserialize, Serialize};

/// What a run is trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSource {
    /// Where data sets are kept, if it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// What each class is called. Runs of 0.2 and before do not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// Which data.
    pub data: DataReference,
}

/// Why it cannot be written down where the data of a run is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The system does not know the current directory, which the path is relative to.
    #[error("cannot find the place of {}: {source}", path.display())]
    Place {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A path is no UTF-8, which TOML cannot hold.
    #[error("the run cannot be described: {0}; use paths that are valid UTF-8")]
    Path(#[from] toml::ser::Error),
}

impl RunSource {
    /// Of a data set that was loaded from `source`, where `data_dir` keeps data sets; only `limit` training images are used, of
    /// each class its part. Paths are made absolute, so that the data is found from any directory.
    ///
    /// # Errors
    /// When a path cannot be made absolute or is no UTF-8.
    pub fn new(
        dataset: &Dataset,
        source: &Source,
        data_dir: Option<&Path>,
        limit: Option<usize>,
    ) -> Result<Self, SourceError> {
        let words = match source {
            // It may mean something else tomorrow.
            Source::Auto => dataset.name.clone(),
            Source::Own(path, _) => absolute(path)?.display().to_string(),
            _ => source.to_string(),
        };
        let (name, fingerprint) = (dataset.name.clone(), dataset.fingerprint());
        // More than there are is all.
        let limit = limit.filter(|&limit| limit < dataset.train.len());
        let (skip_bad, shape) = match source {
            Source::Own(_, options) => (options.skip_bad, options.shape),
            _ => (false, None),
        };
        let data = DataReference {
            name,
            source: words,
            limit,
            stratified: limit.is_some(),
            fingerprint,
            skip_bad,
            shape,
            preparation: dataset.preparation,
        };
        let data_dir = data_dir.map(absolute).transpose()?;
        let source = Self { data_dir, class_names: dataset.class_names.clone(), data };
        source.to_toml()?;
        Ok(source)
    }

    /// As `run.toml` has it.
    ///
    /// # Errors
    /// When a path in it is no UTF-8, which TOML cannot hold.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

/// Where the data of a run or model is found, read as it was read for that.
pub fn data_source(data: &DataReference) -> Source {
    let Ok(source) = data.source.parse::<Source>();
    source.with_options(&reading_options(data))
}

/// How the data of a run or model was read.
pub fn reading_options(data: &DataReference) -> LoadOptions {
    LoadOptions::again(data.preparation, data.shape, data.skip_bad)
}

fn absolute(path: &Path) -> Result<PathBuf, SourceError> {
    std::path::absolute(path).map_err(|source| SourceError::Place { path: path.to_owned(), source })
}
