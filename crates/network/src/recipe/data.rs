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
#[serde(untagged, expecting = "must be \"test\" or a share of the training images in [0, 1)")]
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
        for (name, value) in [("divide", divide), ("multiply", multiply)] {
            if !value.is_normal() {
                return Err(format!("data.scaling.{name} is {value} and must be a finite number other than zero"));
            }
        }
        if !subtract.is_finite() {
            return Err(format!("data.scaling.subtract is {subtract} and must be a finite number"));
        }
        // A line is finite between two points where it is.
        for pixel in [0, u8::MAX] {
            let scaled = self.scaling.scaled(pixel);
            if !scaled.is_finite() {
                return Err(format!("data.scaling makes {scaled} of a pixel of {pixel} and must make a finite number"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Recipe;

    fn complaint(data: &str) -> String {
        let text = format!("name = \"a\"\nlayers = []\n[data]\n{data}\n[training]\nepochs = 1\nbatch = 1\n");
        Recipe::parse(&text, "a.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_value_is_named_with_what_it_must_be() {
        for validation in ["\"tset\"", "\"0.1\"", "1.5", "[0.1]"] {
            let message = complaint(&format!("validation = {validation}"));
            assert!(message.contains("must be \"test\" or a share"), "{message}");
        }
        for (field, scaling) in [
            ("divide is 0 ", "divide = 0, subtract = 0, multiply = 1"),
            ("subtract is inf ", "divide = 255, subtract = inf, multiply = 1"),
            ("multiply is nan ", "divide = 255, subtract = 0, multiply = nan"),
        ] {
            let message = complaint(&format!("scaling = {{ {scaling} }}")).to_lowercase();
            assert!(message.contains(&format!("data.scaling.{field}")), "{message}");
        }
        let message = complaint("scaling = { divide = 1e-37, subtract = 0, multiply = 1 }");
        assert!(message.contains("data.scaling makes inf of a pixel of 255"), "{message}");
    }
}
