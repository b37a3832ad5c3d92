//! Keeps a run in its directory while it is trained.

use std::time::Duration;

use modiste_files::FileError;
use modiste_network::{ModelCard, Network, model};

use super::metrics_file::History;
use super::run_directory::RunDirectory;
use crate::checkpoint::Checkpoint;
use crate::progress::EpochRecord;
use crate::trainer::Checkpointer;

/// What a killed run may lose beside the epoch at hand: short epochs would spend more time on being kept than it is worth.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);

/// Keeps a run in its directory.
#[derive(Debug)]
pub struct RunCheckpointer<'a> {
    run: &'a RunDirectory,
    card: ModelCard,
    network: Network,
    history: History,
}

impl<'a> RunCheckpointer<'a> {
    /// Of a run with `epochs` complete epochs; what `metrics.jsonl` says of later ones is dropped.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(run: &'a RunDirectory, card: ModelCard, network: &Network, epochs: usize) -> Result<Self, FileError> {
        run.check()?;
        let history = History::open(&run.paths().metrics(), epochs)?;
        Ok(Self { run, card, network: network.clone(), history })
    }
}

impl Checkpointer for RunCheckpointer<'_> {
    fn min_interval(&self) -> Duration {
        CHECKPOINT_INTERVAL
    }

    fn record(&mut self, record: &EpochRecord) -> Result<(), FileError> {
        self.run.check()?;
        self.history.add(record)
    }

    /// The line in the history comes before the checkpoint, and a resumed run drops lines that its checkpoint does
    /// not know of, so that no death in between leaves a gap.
    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), FileError> {
        let paths = self.run.paths();
        self.run.check()?;
        checkpoint.save(&paths.checkpoint(), &self.network)?;
        self.card.epochs = checkpoint.kept_epoch();
        self.run.check()?;
        model::save(&paths.model(), &self.card, &self.network, checkpoint.kept())
    }
}
