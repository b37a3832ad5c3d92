//! How long, how much at once, from which seed, and what is made of the result.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Pixels: more would leave little of a small image to see.
const LARGEST_SHIFT: usize = 64;

/// How long, how much at once, from which seed, and what is made of the result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecipe {
    /// Passes over the training images.
    pub epochs: usize,
    /// Images per step.
    pub batch: usize,
    /// Everything random follows from it.
    #[serde(default)]
    pub seed: u64,
    /// Share of the target that all classes divide among themselves (Szegedy et al., 2016).
    #[serde(default)]
    pub label_smoothing: f64,
    /// How much the loss of a training image counts, by its class; if not given, all count alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
    /// A longer gradient is shortened to this Euclidean norm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// How much of the moving average of all parameters stays with step t = 0, 1, …, or (1 + t) / (10 + t) as long as that is
    /// less; then the average is what is measured and kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<f64>,
    /// Which layers keep what they begin with, in a run that starts from trained weights; if not given, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze: Option<Freeze>,
    /// Which epoch's parameters the run ends with.
    #[serde(default)]
    pub keep: Keep,
    /// Training ends after so many epochs in succession without a better accuracy on images held out for validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
}

/// Layers whose parameters stay as they are, and whose batch normalisation works as outside training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be \"all-but-last\" or a number of layers")]
pub enum Freeze {
    /// So many of the recipe's list, from the first.
    Layers(usize),
    /// A named choice.
    Named(NamedFreeze),
}

/// Choices of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedFreeze {
    /// All but the one that classifies.
    AllButLast,
}

/// As `--freeze` has it: a number of layers, or `all-but-last`.
impl FromStr for Freeze {
    type Err = &'static str;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        match (words, words.parse()) {
            ("all-but-last", _) => Ok(Freeze::Named(NamedFreeze::AllButLast)),
            (_, Ok(layers @ 1..)) => Ok(Freeze::Layers(layers)),
            _ => Err("a number of layers of 1 or more, or 'all-but-last'"),
        }
    }
}

/// How much the loss of a training image counts, by its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// So much that all classes together count alike: images / (classes that have any · images of the class), as scikit-learn
    /// has it. The mean over the training images is 1.
    Balanced,
}

/// Which epoch's parameters a run ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The last one's.
    #[default]
    Last,
    /// Those with the best accuracy on images held out for validation.
    Best,
}

/// How images are classified once the network is trained; the classifier says it in full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationRecipe {
    /// Whether the mirror image has a say: logits are the mean of both.
    pub flip: bool,
    /// Whether images shifted by so many pixels up and left, and down and right, have half a say together.
    pub shift: usize,
}

impl EvaluationRecipe {
    /// Checks every value.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.shift > LARGEST_SHIFT {
            return Err(format!("evaluation.shift is {} and must be at most {LARGEST_SHIFT}", self.shift));
        }
        Ok(())
    }
}

impl TrainingRecipe {
    /// Whether an epoch is chosen by its validation accuracy: the one whose parameters are kept, or the last one.
    pub fn chooses(&self) -> bool {
        self.keep == Keep::Best || self.patience.is_some()
    }

    /// Whether nothing is left to train after so many epochs, of which this one was the best: all are done, or there is no
    /// patience for more. Where no epoch has been measured yet, none has been waited for.
    pub fn is_over(&self, epochs: usize, best: Option<usize>) -> bool {
        epochs >= self.epochs || self.is_out_of_patience(epochs, best)
    }

    /// Whether so many epochs have come since the best one that it is no use to wait for a better one.
    pub fn is_out_of_patience(&self, epochs: usize, best: Option<usize>) -> bool {
        let waited = best.map_or(0, |best| epochs.saturating_sub(best));
        self.patience.is_some_and(|patience| waited >= patience)
    }

    /// Checks every value.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { epochs, batch, label_smoothing, clip_norm, average, patience, .. } = *self;
        if epochs == 0 || epochs > 1_000_000 {
            return Err(format!("training.epochs is {epochs} and must be between 1 and 1000000"));
        }
        if batch == 0 || batch > 65_536 {
            return Err(format!("training.batch is {batch} and must be between 1 and 65536"));
        }
        if !(0.0..1.0).contains(&label_smoothing) {
            return Err(format!("training.label_smoothing is {label_smoothing} and must lie in [0, 1)"));
        }
        if let Some(norm) = clip_norm
            && !super::representable(norm)
        {
            return Err(format!("training.clip_norm is {norm} and must be a positive 32-bit float"));
        }
        if let Some(average) = average
            && !(0.0..1.0).contains(&average)
        {
            return Err(format!("training.average is {average} and must lie in [0, 1)"));
        }
        if patience == Some(0) {
            return Err("training.patience is 0 and must be at least 1".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_over_after_all_epochs_or_too_long_a_wait() {
        let mut training: TrainingRecipe = toml::from_str("epochs = 20\nbatch = 1").unwrap();
        assert!(!training.is_over(19, Some(1)) && training.is_over(20, None) && training.is_over(21, None));
        training.patience = Some(3);
        assert!(!training.is_over(12, Some(10)) && training.is_over(13, Some(10)));
        // As when patience is given to a run that went without: it has not waited yet.
        assert!(!training.is_over(10, None));
    }
}
