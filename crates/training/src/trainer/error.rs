//! Why training stopped before its time.

use modiste_files::FileError;

use crate::progress::RunMismatch;
use crate::splits::NoImages;

/// Why training stopped before its time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The numbers left what f32 can hold.
    #[error(
        "training diverged: {what} in epoch {epoch}, step {step} of {steps}; \
         lower {rates} in the recipe and train again"
    )]
    Diverged {
        /// What is not finite, and how.
        what: String,
        /// From 1.
        epoch: usize,
        /// From 1.
        step: usize,
        /// Steps of an epoch.
        steps: usize,
        /// What could be lower, and what it was: [`modiste_network::Optimiser::rates_text`].
        rates: String,
    },
    /// There is nothing to learn from.
    #[error(transparent)]
    NoImages(#[from] NoImages),
    /// A checkpoint is of another run.
    #[error(transparent)]
    RunMismatch(#[from] RunMismatch),
    /// Something cannot be kept.
    #[error(transparent)]
    File(#[from] FileError),
}
