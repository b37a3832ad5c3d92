//! What is done to the data before the network sees it.

use std::str::FromStr;

use modiste_data::Scaling;
use serde::{Deserialize, Serialize};

/// What is done to the data before the network sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataRecipe {
    /// From bytes to numbers.
    pub scaling: Scaling,
    /// What is measured after each epoch.
    pub validation: Validation,
}

/// The images measured after each epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Validation {
    /// This share of the training images, stratified, held out; 0 measures nothing.
    Share(f64),
    /// A named set.
    Named(NamedValidation),
}

/// Sets that can stand in for held-out images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedValidation {
    /// The test images themselves, as the post does; then nothing may be chosen by it.
    Test,
}

impl Default for Validation {
    /// A tenth of the training images.
    fn default() -> Self {
        Validation::Share(0.1)
    }
}

/// As `--validation` has it: a share, or `test`.
impl FromStr for Validation {
    type Err = &'static str;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        match (words, words.parse()) {
            ("test", _) => Ok(Validation::Named(NamedValidation::Test)),
            (_, Ok(share)) if (0.0..1.0).contains(&share) => Ok(Validation::Share(share)),
            _ => Err("give a share of the training images from 0 up to 1, or 'test'"),
        }
    }
}

impl DataRecipe {
    /// Checks every value.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Validation::Share(share) = self.validation
            && !(0.0..1.0).contains(&share)
        {
            return Err(format!("data.validation is {share} and must be \"test\" or a share in [0, 1)"));
        }
        let Scaling { divide, subtract, multiply } = self.scaling;
        if !(divide.is_normal() && subtract.is_finite() && multiply.is_normal()) {
            return Err("data.scaling must divide and multiply by finite numbers other than zero".to_owned());
        }
        Ok(())
    }
}
