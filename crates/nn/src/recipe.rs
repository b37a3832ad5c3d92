//! Experiments as data: a recipe says everything about a training run.

use std::path::{Path, PathBuf};

use modiste_data::Scaling;
use serde::{Deserialize, Serialize};

/// The recipes that come with the program, by name.
const BUILT_IN: [(&str, &str); 2] = [
    ("seed-mlp", include_str!("../../../recipes/seed-mlp.toml")),
    ("seed-vgg", include_str!("../../../recipes/seed-vgg.toml")),
];

/// A whole experiment, as written in a TOML file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What runs of it are called.
    pub name: String,
    /// The network, from the images to the class probabilities.
    pub layers: Vec<LayerRecipe>,
    /// What is done to the data before the network sees it.
    #[serde(default)]
    pub data: DataRecipe,
    /// How gradients become new parameters.
    #[serde(default)]
    pub optimiser: Optimiser,
    /// How long, how much at once, and from which seed.
    pub training: TrainingRecipe,
}

/// One layer as a recipe names it; sizes that follow from the layer before are left out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerRecipe {
    /// Two-dimensional convolution with bias.
    Conv {
        /// Number of output channels.
        filters: usize,
        /// Rows and columns of the kernel; odd.
        kernel: usize,
        /// Step between outputs, in both directions.
        #[serde(default = "one")]
        stride: usize,
        /// What happens at the border.
        #[serde(default)]
        padding: Padding,
        /// Applied to the output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation: Option<Activation>,
    },
    /// Largest value of each window.
    MaxPool {
        /// Rows and columns of the window.
        size: usize,
        /// Step between windows; as large as the window if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<usize>,
    },
    /// Fully connected with bias.
    Dense {
        /// Number of outputs.
        units: usize,
        /// Applied to the output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        activation: Option<Activation>,
    },
    /// max(x, 0)
    Relu {},
    /// x where positive, else slope times x.
    LeakyRelu {
        /// Factor of negative values.
        #[serde(default = "leaky_slope")]
        slope: f32,
    },
    /// Inverted dropout: in training each value is zeroed with this probability, else scaled by 1 / (1 - rate).
    Dropout {
        /// Share of values dropped, in [0, 1).
        rate: f32,
    },
    /// An image [h, w, c] as one row, in that order.
    Flatten {},
}

fn one() -> usize {
    1
}

/// Keras's default slope of LeakyReLU.
fn leaky_slope() -> f32 {
    0.3
}

/// What a convolution reads beyond the border, as Keras defines it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Nothing: windows lie wholly inside.
    #[default]
    Valid,
    /// Zeros, such that the output has ceil(input / stride) rows; the odd one goes below and to the right.
    Same,
}

/// An activation named inside a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// Class probabilities; only at the end, where it is joined with the cross-entropy loss.
    Softmax,
}

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

/// How gradients become new parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Optimiser {
    /// Adam (Kingma and Ba, 2015) as Keras computes it.
    Adam(Adam),
}

impl Default for Optimiser {
    fn default() -> Self {
        Optimiser::Adam(Adam::default())
    }
}

/// Adam's constants. The update of a parameter at step t = 1, 2, … is
/// `learning_rate · √(1 - beta_2ᵗ) / (1 - beta_1ᵗ) · m / (√v + epsilon)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Step length.
    pub learning_rate: f64,
    /// Decay of the gradient's mean.
    pub beta_1: f64,
    /// Decay of the gradient's uncentred variance.
    pub beta_2: f64,
    /// Keeps the quotient finite.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

/// How long, how much at once, and from which seed.
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
}

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// Neither a built-in name nor a file.
    #[error(
        "there is no recipe '{name}': it is neither a file nor one of the built-in recipes ({})",
        Recipe::built_in_names().join(", ")
    )]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The file is there but cannot be read.
    #[error("cannot read the recipe {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not a recipe.
    #[error("the recipe {origin} is not valid: {message}")]
    Invalid {
        /// File or built-in name.
        origin: String,
        /// What is wrong and where.
        message: String,
    },
}

impl Recipe {
    /// Names of the recipes that come with the program.
    pub fn built_in_names() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }

    /// Finds a recipe by built-in name or file path.
    ///
    /// # Errors
    /// When there is no such recipe, or it is not valid.
    pub fn find(name_or_path: &str) -> Result<Self, RecipeError> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(text, name);
        }
        let path = Path::new(name_or_path);
        if !path.is_file() {
            return Err(RecipeError::Unknown { name: name_or_path.to_owned() });
        }
        let text =
            std::fs::read_to_string(path).map_err(|source| RecipeError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads a recipe from TOML; `origin` names it in errors.
    ///
    /// # Errors
    /// When the text is not TOML, has an unknown or missing field, or a value out of range.
    pub fn parse(text: &str, origin: &str) -> Result<Self, RecipeError> {
        let invalid = |message: String| RecipeError::Invalid { origin: origin.to_owned(), message };
        let recipe: Self = toml::from_str(text).map_err(|error| invalid(located(text, &error)))?;
        recipe.check().map_err(invalid)?;
        Ok(recipe)
    }

    /// The recipe as TOML, every default written out.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a recipe holds only numbers, names and tables, which TOML can always write")
    }

    /// Checks every value that does not depend on the data.
    fn check(&self) -> Result<(), String> {
        let name_is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if self.name.is_empty() || !self.name.chars().all(name_is_plain) || self.name.starts_with('.') {
            return Err(format!("name '{}' must be made of letters, digits, '-', '_' and '.'", self.name));
        }
        let TrainingRecipe { epochs, batch, .. } = self.training;
        if epochs == 0 || epochs > 1_000_000 {
            return Err(format!("training.epochs is {epochs} and must be between 1 and 1000000"));
        }
        if batch == 0 || batch > 65_536 {
            return Err(format!("training.batch is {batch} and must be between 1 and 65536"));
        }
        if let Validation::Share(share) = self.data.validation
            && !(0.0..1.0).contains(&share)
        {
            return Err(format!("data.validation is {share} and must be \"test\" or a share in [0, 1)"));
        }
        let Scaling { divide, subtract, multiply } = self.data.scaling;
        if !(divide.is_normal() && subtract.is_finite() && multiply.is_normal()) {
            return Err("data.scaling must divide and multiply by finite numbers other than zero".to_owned());
        }
        let Optimiser::Adam(Adam { learning_rate, beta_1, beta_2, epsilon }) = self.optimiser;
        // Devices compute in f32, where a smaller number is zero and a larger one infinite.
        let representable = |value: f64| value > 0.0 && (value as f32).is_normal();
        if !representable(learning_rate) {
            return Err(format!("optimiser.learning_rate is {learning_rate} and must be a positive 32-bit float"));
        }
        if !((0.0..1.0).contains(&beta_1) && (0.0..1.0).contains(&beta_2)) {
            return Err("optimiser.beta_1 and beta_2 must lie in [0, 1)".to_owned());
        }
        if !representable(epsilon) {
            return Err(format!("optimiser.epsilon is {epsilon} and must be a positive 32-bit float"));
        }
        Ok(())
    }
}

/// A TOML error as one line: what is wrong, and in which line of the text.
fn located(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().trim().replace('\n', " ");
    match error.span() {
        Some(span) => {
            let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
            format!("line {line}: {message}")
        }
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_layer(layer: &str) -> Result<Recipe, RecipeError> {
        Recipe::parse(&format!("name = \"a\"\nlayers = [{layer}]\n[training]\nepochs = 1\nbatch = 1\n"), "a.toml")
    }

    #[test]
    fn what_is_written_out_is_read_back() {
        for name in Recipe::built_in_names() {
            let recipe = Recipe::find(name).unwrap();
            assert_eq!(Recipe::parse(&recipe.to_toml(), "text").unwrap(), recipe);
        }
    }

    #[test]
    fn no_layer_takes_a_field_that_it_does_not_have() {
        for layer in
            ["relu", "flatten", "leaky_relu", "max_pool\", size = 2, type2 = \"", "dropout\", rate = 0.5, x = \""]
        {
            let text = with_layer(&format!("{{ type = \"{layer}\", bogus = 3 }}"));
            let message = text.unwrap_err().to_string();
            assert!(message.contains("unknown field") && message.contains("line 2"), "{layer}: {message}");
        }
    }

    #[test]
    fn numbers_that_vanish_in_f32_are_refused() {
        for field in ["epsilon = 1e-46", "learning_rate = 1e-46", "learning_rate = 1e39", "epsilon = 0.0"] {
            let text = format!(
                "name = \"a\"\nlayers = []\n[optimiser]\ntype = \"adam\"\n{field}\n[training]\nepochs = 1\nbatch = 1\n"
            );
            assert!(Recipe::parse(&text, "a.toml").is_err(), "{field}");
        }
    }
}
