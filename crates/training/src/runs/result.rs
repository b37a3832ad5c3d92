//! What a finished run came to: `result.json`, and the last line of `train --json`.

use std::path::Path;

use modiste_files::{FileError, atomic, regular_file};
use serde::{Deserialize, Serialize};

/// What a finished run came to. Losses are mean cross-entropies in nats, accuracies shares of one. Fields may be
/// added, but not renamed: other programs read them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Name of the data set that was really used.
    pub data: String,
    /// Name of the recipe.
    pub recipe: String,
    /// The run directory.
    pub run: String,
    /// Everything random followed from it.
    pub seed: u64,
    /// Threads that computed.
    pub threads: usize,
    /// `cpu` or `cuda`.
    pub device: String,
    /// Instruction set of the kernels, and anything unusual about them: `avx512`, or `avx512, direct convolutions`.
    pub isa: String,
    /// Passes over the training images that were done.
    pub epochs: usize,
    /// Images per step.
    pub batch: usize,
    /// Steps in all.
    pub steps: u64,
    /// The epoch with the best validation accuracy, where the recipe chooses by that: whose weights are kept, or when
    /// training ends.
    pub best_epoch: Option<usize>,
    /// All values that are kept: those that were trained, and the running means and variances of batch normalisation.
    pub parameters: usize,
    /// Of the forward pass, per image, computed directly.
    pub multiply_adds: u64,
    /// Images of each part.
    pub sizes: Sizes,
    /// Only the first so many training images were used.
    pub limit: Option<usize>,
    /// Mean over the last epoch's steps, as training goes: with dropout, augmentation and smoothed targets.
    pub train_loss: f64,
    /// Likewise.
    pub train_accuracy: f64,
    /// With the weights that the run ends with, on training images as they are: no dropout, no augmentation, and classified
    /// by the same views as those of the test. Less the test accuracy it is the gap. On a sample, as large as a fortieth of
    /// the images that all epochs show, but from 1,000 to 10,000 of them.
    pub fitted_train_accuracy: f64,
    /// With the weights that the run ends with, if there are validation images.
    pub validation_loss: Option<f64>,
    /// Likewise.
    pub validation_accuracy: Option<f64>,
    /// With the weights that the run ends with: the last epoch's, or the best one's where the recipe says so.
    pub test_loss: f64,
    /// Likewise.
    pub test_accuracy: f64,
    /// What logits are divided by before they become probabilities, in the losses of validation and test too: 1 where nothing
    /// was fitted. Runs of 0.3 and before do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// From the start of the process until now, all sessions of the run together.
    pub wall_seconds: f64,
    /// Training images per second of the training steps.
    pub images_per_second: f64,
    /// Most memory resident at once, where the system says.
    pub peak_memory_bytes: Option<u64>,
}

/// Numbers of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Learned from.
    pub train: usize,
    /// Measured after each epoch.
    pub validation: usize,
    /// Measured at the end.
    pub test: usize,
}

impl RunResult {
    /// How much better the network does on what it has seen: accuracy on training images less that on test images.
    pub fn gap(&self) -> f64 {
        self.fitted_train_accuracy - self.test_accuracy
    }

    /// Writes `result.json`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        atomic::write(path, |writer| {
            serde_json::to_writer_pretty(&mut *writer, self)?;
            writer.write_all(b"\n")
        })
    }

    /// Reads `result.json`.
    ///
    /// # Errors
    /// When it cannot be read or is not one.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let text = regular_file::read(path).map_err(|error| FileError::io("read", path, error))?;
        serde_json::from_slice(&text).map_err(|error| FileError::invalid(path, "result", error.to_string()))
    }
}
