//! How far a run has come, and what its epochs came to.

use std::fmt;

use modiste_network::Recipe;
use serde::{Deserialize, Serialize};

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// What shuffling, splitting and dropout follow from.
    pub seed: u64,
    /// Images per step: what a step in the epoch means.
    pub batch: usize,
    /// Images of an epoch.
    pub train_images: usize,
    /// What the moments are of: the recipe's `optimiser.type`.
    pub optimiser: String,
    /// Complete epochs: trained, measured and recorded.
    pub epoch: usize,
    /// Steps done in the epoch that follows them.
    pub step_in_epoch: usize,
    /// Steps done in all: the optimiser's time and the dropout's stream.
    pub step: u64,
    /// Sums over the steps of the epoch that follows.
    pub running: RunningSums,
    /// The last complete epoch.
    pub last: Option<EpochRecord>,
    /// The epoch with the best validation accuracy, where a choice depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<BestEpoch>,
    /// Wall seconds of all sessions of the run.
    pub wall_seconds: f64,
    /// Of these, in training steps.
    pub training_seconds: f64,
}

/// A checkpoint is of another run.
#[derive(Debug, thiserror::Error)]
#[error(
    "the checkpoint is of a run with {what} {then}, but this one has {now}: set that back in its recipe.toml, or train a new run"
)]
pub struct RunMismatch {
    /// What differs.
    what: &'static str,
    /// In the checkpoint.
    then: String,
    /// Here.
    now: String,
}

impl Position {
    /// Before the first step of a recipe on so many images.
    pub fn start(recipe: &Recipe, train_images: usize) -> Self {
        Self {
            seed: recipe.training.seed,
            batch: recipe.training.batch,
            train_images,
            optimiser: recipe.optimiser.name().to_owned(),
            ..Self::default()
        }
    }

    /// Whether there is such a place in a run.
    ///
    /// # Errors
    /// Why not, when its numbers contradict each other.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { batch, train_images, epoch, step_in_epoch, step, best, .. } = self;
        let steps = train_images.div_ceil((*batch).max(1));
        if *step_in_epoch > steps {
            return Err(format!("it is at step {step_in_epoch} of an epoch of {steps} steps"));
        }
        if u128::from(*step) != *epoch as u128 * steps as u128 + *step_in_epoch as u128 {
            let done = self.done();
            return Err(format!("it is at step {step} after {done}, where an epoch has {steps} steps"));
        }
        match best {
            Some(best) if best.epoch > *epoch => {
                Err(format!("its best epoch is {}, but {epoch} are trained", best.epoch))
            }
            _ => Ok(()),
        }
    }

    /// What is trained already.
    pub fn done(&self) -> Done {
        Done { epochs: self.epoch, steps: self.step_in_epoch }
    }

    /// Whether a run that begins at `start` can go on from here.
    ///
    /// # Errors
    /// When what the position counts, or the moments beside it, would not mean the same there.
    pub fn ensure_same_run(&self, start: &Self) -> Result<(), RunMismatch> {
        let identity = |position: &Self| {
            let Self { seed, batch, train_images, optimiser, .. } = position;
            [
                ("seed", seed.to_string()),
                ("batch", batch.to_string()),
                ("training images", train_images.to_string()),
                ("optimiser", optimiser.clone()),
            ]
        };
        match identity(self).into_iter().zip(identity(start)).find(|(then, now)| then != now) {
            Some(((what, then), (_, now))) => Err(RunMismatch { what, then, now }),
            None => Ok(()),
        }
    }
}

/// How much of a run is trained. As text: `3 epochs and 1 step`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Complete epochs.
    pub epochs: usize,
    /// Steps of the epoch that follows them.
    pub steps: usize,
}

impl fmt::Display for Done {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epochs, steps } = self;
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(formatter, "{epochs} epoch{}", plural(*epochs))?;
        if *steps > 0 { write!(formatter, " and {steps} step{}", plural(*steps)) } else { Ok(()) }
    }
}

/// The epoch with the best validation accuracy so far; the first of equals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestEpoch {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean cross-entropy on the validation images after it, in nats.
    pub validation_loss: f64,
    /// Share of them that was classified rightly.
    pub validation_accuracy: f64,
}

/// Training loss and accuracy of an epoch, as they come together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunningSums {
    /// Sum of the loss over the images.
    pub loss: f64,
    /// Images whose largest logit was their class.
    pub correct: u64,
    /// Images.
    pub images: u64,
    /// Time in training steps.
    pub seconds: f64,
}

impl RunningSums {
    /// Mean loss so far.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.images.max(1) as f64
    }

    /// Accuracy so far.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }

    /// Speed so far.
    pub fn images_per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.images as f64 / self.seconds } else { 0.0 }
    }
}

/// One epoch. Losses are mean cross-entropies in nats, accuracies shares of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Training steps done in all.
    pub steps: u64,
    /// Mean over the epoch's steps, each measured before its update and with dropout, as Keras shows it.
    pub train_loss: f64,
    /// Likewise.
    pub train_accuracy: f64,
    /// On the validation images, if there are any.
    pub validation_loss: Option<f64>,
    /// Likewise.
    pub validation_accuracy: Option<f64>,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Training images per second of the training steps.
    pub images_per_second: f64,
    /// Time in training steps.
    pub seconds: f64,
    /// Wall time of the run until now, all its sessions together.
    pub wall_seconds: f64,
}
