//! Where a trainer puts what must outlast it.

use std::time::Duration;

use modiste_files::FileError;

use crate::checkpoint::Checkpoint;
use crate::history::{EpochRecord, History};
use crate::model::{self, ModelCard};
use crate::network::Network;
use crate::run_directory::RunPaths;

/// What a killed run may lose beside the epoch at hand: short epochs would spend more time on being kept than it is worth.
const LOSABLE: Duration = Duration::from_secs(10);

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

/// Keeps a run in its directory.
#[derive(Debug)]
pub struct RunKeeper {
    paths: RunPaths,
    card: ModelCard,
    network: Network,
    history: History,
}

impl RunKeeper {
    /// Of a run with `epochs` complete epochs; what `metrics.jsonl` says of later ones is dropped.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(paths: &RunPaths, card: ModelCard, network: &Network, epochs: usize) -> Result<Self, FileError> {
        let history = History::open(&paths.metrics(), epochs)?;
        Ok(Self { paths: paths.clone(), card, network: network.clone(), history })
    }
}

impl Keeper for RunKeeper {
    fn pause(&self) -> Duration {
        LOSABLE
    }

    fn record(&mut self, record: &EpochRecord) -> Result<(), FileError> {
        self.history.add(record)
    }

    /// The line in the history comes before the checkpoint, and a resumed run drops lines that its checkpoint does
    /// not know of, so that no death in between leaves a gap.
    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), FileError> {
        checkpoint.save(&self.paths.checkpoint(), &self.network)?;
        self.card.epochs = checkpoint.kept_epoch();
        model::save(&self.paths.model(), &self.card, &self.network, checkpoint.kept())
    }
}
