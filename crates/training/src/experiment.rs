//! What is trained on what: a recipe with its seed, and the images it is given.

use std::sync::Arc;

use modiste_data::{Dataset, ImageShape};
use modiste_executors::Device;
use modiste_network::{Comment, Network, NetworkError, OutOfSight, Recipe};

use super::cautions::normalises_single_values;
use super::memory;
use super::runs::run_source::RunSource;
use super::splits::{Limit, NoImages, Splits};
use super::start::{Start, StartError};

/// A recipe and its data.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Layers, training, and the seed that everything random follows from.
    pub recipe: Recipe,
    /// Why fields of it have their values, to be written beside them.
    pub comments: Vec<Comment>,
    /// The whole data set.
    pub dataset: Dataset,
    /// Where that was found, and how much of it is used.
    pub source: RunSource,
    /// The trained weights that it starts from, if not from random ones.
    pub start: Option<Arc<Start>>,
}

/// An experiment that can be trained.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) experiment: Experiment,
    pub(super) network: Network,
    pub(super) splits: Splits,
}

/// Why an experiment cannot be trained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// Layers and images do not fit each other.
    #[error(
        "the recipe {recipe} does not fit images of {}x{}x{} in {classes} class{}: {source}",
        input.height, input.width, input.channels, if *classes == 1 { "" } else { "es" }
    )]
    Network {
        /// The recipe's name.
        recipe: String,
        /// What the images are like.
        input: ImageShape,
        /// How many there are.
        classes: usize,
        /// What is wrong, and what to do.
        source: NetworkError,
    },
    /// The images are too small for the recipe's shifts.
    #[error("the recipe {recipe} cannot be trained: {source}")]
    Shifts {
        /// The recipe's name.
        recipe: String,
        /// What is wrong, and what to do.
        source: OutOfSight,
    },
    /// It cannot start from the model that it should start from.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is nothing to learn from, to choose by or to measure on.
    #[error(transparent)]
    NoImages(#[from] NoImages),
    /// Batches of one image leave batch normalisation a single value a channel.
    #[error(
        "the recipe {recipe} cannot be trained on one image at a time: batch normalisation makes 0 of a single value, \
         whatever it is, so use batches of 2 images or more"
    )]
    SingleValues {
        /// The recipe's name.
        recipe: String,
    },
}

/// The network of a recipe for images of this shape and `classes` classes.
///
/// # Errors
/// When the layers do not make one.
pub fn network(recipe: &Recipe, input: ImageShape, classes: usize) -> Result<Network, ExperimentError> {
    let network = Network::new(&recipe.layers, input, classes);
    network.and_then(|network| network.freezing(recipe.training.freeze)).map_err(|source| ExperimentError::Network {
        recipe: recipe.name.clone(),
        input,
        classes,
        source,
    })
}

impl Experiment {
    /// The same from another seed.
    pub fn with_seed(&self, seed: u64) -> Self {
        let mut other = self.clone();
        other.recipe.training.seed = seed;
        other
    }

    /// Checks everything, so that it can be trained: the network for these images, and the images of each split.
    ///
    /// # Errors
    /// When recipe and data do not fit each other.
    pub fn prepare(self) -> Result<Prepared, ExperimentError> {
        let Self { recipe, dataset, source, start, .. } = &self;
        let shape = dataset.train.shape();
        let network = network(recipe, shape, dataset.class_names.len())?;
        if let Some(start) = start {
            start.parameters(&network, &dataset.class_names, recipe.training.seed)?;
        }
        recipe.check_shifts(shape).map_err(|source| ExperimentError::Shifts { recipe: recipe.name.clone(), source })?;
        let splits = Splits::new(dataset, recipe.data.validation, Limit::of(&source.data), recipe.training.seed);
        splits.check(&recipe.training)?;
        if recipe.training.batch.min(splits.train.len()) == 1 && normalises_single_values(&network) {
            return Err(ExperimentError::SingleValues { recipe: recipe.name.clone() });
        }
        Ok(Prepared { experiment: self, network, splits })
    }
}

impl Prepared {
    /// What is trained.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Images that are computed at a time: the recipe's batch, or fewer where there are not so many.
    pub fn batch_size(&self) -> usize {
        memory::batch_size(&self.experiment.recipe, &self.splits)
    }

    /// Bytes of memory that training this takes at most, beside the data.
    pub fn planned_bytes(&self, device: &Device) -> u64 {
        memory::planned_bytes(device, &self.network, &self.experiment.recipe, &self.splits)
    }

    /// By which recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.experiment.recipe
    }
}
