//! Where a trainer puts what must outlast it.

use std::time::Duration;

use crate::error::FileError;
use crate::training::checkpoint::Checkpoint;
use crate::training::progress::EpochRecord;

/// Keeps a run. `()` keeps nothing.
pub trait Keeper {
    /// An epoch need not be saved where the last one was so short a time ago and another is to come.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }

    /// A complete epoch; its checkpoint, or that of a later one, follows.
    ///
    /// # Errors
    /// When it cannot be kept: training stops.
    fn record(&mut self, record: &EpochRecord) -> Result<(), FileError>;

    /// How far the run has come. What was kept before must stay if this fails.
    ///
    /// # Errors
    /// When it cannot be kept: training stops.
    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), FileError>;
}

impl Keeper for () {
    fn record(&mut self, _: &EpochRecord) -> Result<(), FileError> {
        Ok(())
    }

    fn save(&mut self, _: &Checkpoint<'_>) -> Result<(), FileError> {
        Ok(())
    }
}
