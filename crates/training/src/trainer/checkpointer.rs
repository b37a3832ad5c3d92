//! Where a trainer puts what must outlast it.

use std::time::Duration;

use modiste_files::FileError;

use crate::checkpoint::Checkpoint;
use crate::progress::EpochRecord;

/// Keeps what a killed run resumes from. `()` keeps nothing.
pub trait Checkpointer {
    /// The least time between two checkpoints while more epochs are to come.
    fn min_interval(&self) -> Duration {
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

impl Checkpointer for () {
    fn record(&mut self, _: &EpochRecord) -> Result<(), FileError> {
        Ok(())
    }

    fn save(&mut self, _: &Checkpoint<'_>) -> Result<(), FileError> {
        Ok(())
    }
}
