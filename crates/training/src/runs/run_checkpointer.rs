//! Keeps a run in its directory while it is trained.

use std::time::Duration;

use modiste_files::FileError;
use modiste_network::{DeviceInfo, Familiarity, ModelCard, Network, model};

use super::metrics_file::History;
use super::run_directory::RunDirectory;
use crate::checkpoint::Checkpoint;
use crate::origin::Origin;
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
    origin: Origin,
    history: History,
}

impl<'a> RunCheckpointer<'a> {
    /// Of a run that is trained on this device; what `metrics.jsonl` says of later epochs than the card's is dropped.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(
        run: &'a RunDirectory,
        card: ModelCard,
        network: &Network,
        device: &DeviceInfo,
    ) -> Result<Self, FileError> {
        run.check()?;
        let history = History::open(&run.paths().metrics(), card.epochs)?;
        let origin = Origin::new(&card.recipe, &card.class_names, device);
        Ok(Self { run, card, network: network.clone(), origin, history })
    }

    /// Writes the model of a run that is trained, with what has been found out about it since its last checkpoint.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn complete(
        &mut self,
        parameters: &[f32],
        temperature: f64,
        familiarity: Option<&Familiarity>,
    ) -> Result<(), FileError> {
        self.card.temperature = temperature;
        self.run.check()?;
        model::save(&self.run.paths().model(), &self.card, &self.network, parameters, familiarity)
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
        checkpoint.save(&paths.checkpoint(), &self.network, &self.origin)?;
        self.card.epochs = checkpoint.kept_epoch();
        self.run.check()?;
        model::save(&paths.model(), &self.card, &self.network, checkpoint.kept(), None)
    }
}
