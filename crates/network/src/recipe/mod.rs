//! Experiments as data: a recipe says everything about a training run.

mod comment;
mod complaint;
mod data;
mod layer;
mod optimiser;
mod schedule;
mod training;

use std::path::{Path, PathBuf};

use modiste_data::{Augmentation, Fill, Flip, ImageShape};
use modiste_files::regular_file;
use serde::{Deserialize, Serialize};

pub use self::comment::Comment;
pub use self::data::{DataRecipe, NamedValidation, Validation};
pub use self::layer::{Activation, LayerRecipe, Padding};
pub use self::optimiser::{Adam, Adamw, Muon, Optimiser, Sgd};
pub use self::schedule::Schedule;
pub use self::training::{ClassWeights, EvaluationRecipe, Freeze, Keep, NamedFreeze, TrainingRecipe};

/// The recipes that come with the program, by name.
const BUILT_IN: [(&str, &str); 9] = [
    ("seed-mlp", include_str!("../../../../recipes/seed-mlp.toml")),
    ("seed-vgg", include_str!("../../../../recipes/seed-vgg.toml")),
    ("mlp", include_str!("../../../../recipes/mlp.toml")),
    ("vgg", include_str!("../../../../recipes/vgg.toml")),
    ("speedrun-94", include_str!("../../../../recipes/speedrun-94.toml")),
    ("speedrun-95", include_str!("../../../../recipes/speedrun-95.toml")),
    ("resnet", include_str!("../../../../recipes/resnet.toml")),
    ("separable", include_str!("../../../../recipes/separable.toml")),
    ("best", include_str!("../../../../recipes/best.toml")),
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
    /// What is done to training images anew in each epoch.
    #[serde(default)]
    pub augmentation: Augmentation,
    /// How gradients become new parameters.
    #[serde(default)]
    pub optimiser: Optimiser,
    /// How learning rates change in the course of training.
    #[serde(default)]
    pub schedule: Schedule,
    /// How long, how much at once, from which seed, and what is made of the result.
    pub training: TrainingRecipe,
    /// How images are classified once the network is trained.
    #[serde(default)]
    pub evaluation: EvaluationRecipe,
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
    #[error("cannot read the recipe {}: {source}; check the path and its permissions", path.display())]
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

/// A shift is as long as the images.
#[derive(Debug, thiserror::Error)]
#[error(
    "{field} is {shift} and must be less than the shorter side of the images, which is {side}, or some become all black"
)]
pub struct OutOfSight {
    field: &'static str,
    shift: usize,
    side: usize,
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
            regular_file::read_to_string(path).map_err(|source| RecipeError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads a recipe from TOML; `origin` names it in errors.
    ///
    /// # Errors
    /// When the text is not TOML, has an unknown or missing field, or a value out of range.
    pub fn parse(text: &str, origin: &str) -> Result<Self, RecipeError> {
        let invalid = |message: String| RecipeError::Invalid { origin: origin.to_owned(), message };
        let recipe: Self = toml::from_str(text).map_err(|error| invalid(complaint::of::<Self>(text, &error)))?;
        complaint::of_lists(text, &recipe).map_or(Ok(()), Err).and_then(|()| recipe.check()).map_err(invalid)?;
        Ok(recipe)
    }

    /// The same with another choice of validation images; `origin` names the recipe in errors.
    ///
    /// # Errors
    /// When the recipe chooses an epoch by images that are held out, and then there would be none.
    pub fn with_validation(mut self, validation: Validation, origin: &str) -> Result<Self, RecipeError> {
        self.data.validation = validation;
        self.check().map_err(|message| RecipeError::Invalid { origin: origin.to_owned(), message })?;
        Ok(self)
    }

    /// The same without mirroring images, neither those that are learned nor those that are classified.
    pub fn without_flips(mut self) -> Self {
        self.augmentation.flip = Flip::None;
        self.evaluation.flip = false;
        self
    }

    /// Whether its shifts leave something of images of this shape.
    ///
    /// # Errors
    /// When one may take all of an image out of sight and put black in its place.
    pub fn check_shifts(&self, shape: ImageShape) -> Result<(), OutOfSight> {
        let side = shape.height.min(shape.width);
        let blackens = self.augmentation.fill == Fill::Zero;
        let shifts = [
            ("augmentation.shift", self.augmentation.shift, blackens),
            ("evaluation.shift", self.evaluation.shift, true),
        ];
        match shifts.into_iter().find(|&(_, shift, blackens)| blackens && shift >= side) {
            Some((field, shift, _)) => Err(OutOfSight { field, shift, side }),
            None => Ok(()),
        }
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
        self.training.check()?;
        self.data.check()?;
        self.augmentation.check().map_err(|problem| format!("augmentation.{problem}"))?;
        self.optimiser.check()?;
        self.schedule.check()?;
        self.evaluation.check()?;
        self.check_choice()
    }

    /// Whatever is chosen must be chosen by images that are neither learned from nor reported on.
    fn check_choice(&self) -> Result<(), String> {
        let validation = match self.data.validation {
            Validation::Named(NamedValidation::Test) => "\"test\"",
            Validation::Share(0.0) => "0",
            Validation::Share(_) => return Ok(()),
        };
        let choice = match self.training {
            TrainingRecipe { keep: Keep::Best, .. } => "training.keep = \"best\"",
            TrainingRecipe { patience: Some(_), .. } => "training.patience",
            _ => return Ok(()),
        };
        Err(format!(
            "{choice} chooses by images held out for validation, and data.validation = {validation} holds out none: \
             give a share such as 0.1 there, or leave {choice} out"
        ))
    }
}

/// Whether a number is positive in f32, in which devices compute: there a smaller one is zero and a larger one infinite.
fn representable(value: f64) -> bool {
    value > 0.0 && (value as f32).is_normal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

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
    fn a_flaw_behind_many_layers_is_found_without_trying_each() {
        let error = with_layer(&("{ type = \"relu\" },\n".repeat(20_000) + "{ type = \"relux\" }")).unwrap_err();
        assert!(error.to_string().contains("line 20002: layer 20001: type is \"relux\""), "{error}");
    }

    /// The documentation for those who write recipes.
    const GUIDE: &str = include_str!("../../../../recipes/README.md");

    #[test]
    fn the_guide_names_the_fields_of_all_recipes_and_its_examples_are_some() {
        let examples = GUIDE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let examples: Vec<_> = examples.map(|text| Recipe::parse(text, "the guide").unwrap()).collect();
        assert_eq!(examples.len(), 2);
        for recipe in &examples {
            Network::new(&recipe.layers, ImageShape { height: 28, width: 28, channels: 1 }, 10).unwrap();
        }
        let built_in = Recipe::built_in_names().into_iter().map(|name| Recipe::find(name).unwrap());
        for recipe in examples.into_iter().chain(built_in) {
            for line in recipe.to_toml().lines() {
                let field = line.split_once('=').map_or(line, |(field, _)| field);
                for name in field.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_')) {
                    let named = name.is_empty() || GUIDE.contains(&format!("`{name}`"));
                    assert!(
                        named || GUIDE.contains(&format!("[{name}]")),
                        "{name} of {line} is not in recipes/README.md"
                    );
                }
            }
        }
    }

    #[test]
    fn no_layer_takes_a_field_that_it_does_not_have() {
        for layer in
            ["relu", "flatten", "leaky_relu", "max_pool\", size = 2, type2 = \"", "dropout\", rate = 0.5, x = \""]
        {
            let text = with_layer(&format!("{{ type = \"{layer}\", bogus = 3 }}"));
            let message = text.unwrap_err().to_string();
            assert!(message.contains("layer 1 has no field '") && message.contains("line 2"), "{layer}: {message}");
        }
    }

    #[test]
    fn no_schedule_takes_a_field_that_it_does_not_have() {
        for schedule in ["constant\"\nwarm_up = 0.1", "cosine\"\nfirst = 0.1", "linear\"\nlats = 0.1"] {
            let text = format!(
                "name = \"a\"\nlayers = []\n[schedule]\ntype = \"{schedule}\n[training]\nepochs = 1\nbatch = 1\n"
            );
            let message = Recipe::parse(&text, "a.toml").unwrap_err().to_string();
            assert!(message.contains("schedule has no field '"), "{schedule}: {message}");
        }
    }

    #[test]
    fn a_wrong_value_is_named_with_its_field_and_what_it_must_be() {
        let conv = |rest: &str| format!("[{{ type = 'flatten' }}, {{ type = 'conv', {rest} }}]");
        let residual = "[{ type = 'residual', layers = [{ type = 'conv', filters = '8', kernel = 3 }] }]";
        let cases = [
            (
                "[]",
                "[augmentation]\nflip = true",
                "line 7: augmentation.flip is true and must be \"none\", \"random\" or \"alternating\"",
            ),
            (
                "[]",
                "[augmentation]\nflip = 'bets'",
                "augmentation.flip is \"bets\" and must be \"none\", \"random\" or",
            ),
            ("[]", "[augmentation]\nshift = -1", "augmentation.shift is -1 and must be a whole number from 0"),
            ("[]", "[augmentation]\nshift = 1.5", "augmentation.shift is 1.5 and must be a whole number"),
            (
                "[]",
                "[augmentation]\nerase = true",
                "augmentation.erase is true and must be a table of 'probability', 'area' and 'aspect'",
            ),
            (
                "[]",
                "[augmentation]\nerase = { area = 0.5 }",
                "augmentation.erase.area is 0.5 and must be a list of 2 numbers",
            ),
            (
                "[]",
                "[augmentation.erase]\narea = [0.5]",
                "augmentation.erase.area is [0.5] and must be a list of 2 numbers",
            ),
            (
                "[]",
                "[augmentation]\nbogus = 1",
                "line 7: augmentation has no field 'bogus'; its fields are 'flip', 'rotate',",
            ),
            ("[]", "keep = 'bets'", "training.keep is \"bets\" and must be \"last\" or \"best\""),
            ("[]", "keep = true", "training.keep is true and must be \"last\" or \"best\""),
            ("[]", "class_weights = 'even'", "training.class_weights is \"even\" and must be \"balanced\""),
            ("[]", "class_weights = [1, 2]", "training.class_weights is [1, 2] and must be \"balanced\""),
            ("[]", "seed = -1", "training.seed is -1 and must be a whole number from 0"),
            ("[]", "[data]\nvalidation = true", "data.validation is true and must be \"test\" or a share"),
            ("[]", "[data]\nscaling = { divide = 1 }", "line 7: data.scaling lacks the field 'subtract'"),
            (
                "[]",
                "[optimiser]\ntype = 'adam'\nlearning_rate = 'x'",
                "line 8: optimiser.learning_rate is \"x\" and must be a number",
            ),
            (
                "[]",
                "[optimiser]\ntype = 'adma'",
                "line 7: optimiser.type is \"adma\" and must be \"adam\", \"adamw\", \"sgd\" or \"muon\"",
            ),
            ("[]", "[optimiser]\ntype = 1", "optimiser.type is 1 and must be \"adam\","),
            ("[]", "[optimiser]\nlearning_rate = 0.1", "optimiser lacks the field 'type'"),
            ("[]", "[optimiser]\ntype = 'sgd'\nnesterov = 1", "optimiser.nesterov is 1 and must be true or false"),
            ("[]", "[optimiser]\ntype = 'sgd'\nlr = 1", "optimiser has no field 'lr'; its fields are 'learning_rate',"),
            (
                "[]",
                "[optimiser]\ntype = 'muon'\n[optimiser.others]\nbeta_1 = []",
                "optimiser.others.beta_1 is [] and must be a number",
            ),
            ("[]", "[schedule]\ntype = 'steps'\nat = 0.5\nfactor = 0.1", "schedule.at is 0.5 and must be a list"),
            (
                "[]",
                "[schedule]\ntype = 'steps'\nat = [0.5, 'x']\nfactor = 0.1",
                "schedule.at[1] is \"x\" and must be a number",
            ),
            ("[]", "[schedule]\ntype = 'steps'", "schedule lacks the field 'at'"),
            (
                "[]",
                "[[augmentation]]\nflip = 'none'",
                "augmentation is [{ flip = \"none\" }] and must be a table of 'flip',",
            ),
            (
                "[]",
                "[[optimiser]]\ntype = 'adam'",
                "optimiser is [{ type = \"adam\" }] and must be a table with a 'type'",
            ),
            ("[]", "[[data]]\nvalidation = 0", "data is [{ validation = 0 }] and must be a table of 'scaling' and"),
            ("[]", "[data]\nscaling = [1, 2, 3]", "line 7: data.scaling is [1, 2, 3] and must be a table of 'divide',"),
            (
                "[]",
                "[augmentation.erase]\narea = [0.1, 0.2, 0.3]",
                "augmentation.erase.area is [0.1, 0.2, 0.3] and must be a list of 2 numbers",
            ),
            ("[]", "seed = 1\nseed = 2", "line 7: 'seed' is there twice"),
            ("[['flatten']]", "", "line 2: layer 1 is [\"flatten\"] and must be a table with a 'type'"),
            ("[{ type = 'flatten', size = 3 }]", "", "layer 1 has no field 'size', only 'type'"),
            ("3", "", "line 2: layers is 3 and must be a list in brackets"),
            ("['conv']", "", "layer 1 is \"conv\" and must be a table with a 'type'"),
            ("[{ tipe = 'conv' }]", "", "layer 1 lacks the field 'type'"),
            ("[{ type = 'convv' }]", "", "layer 1: type is \"convv\" and must be \"conv\", \"depthwise_conv\","),
            (&conv("filters = '8', kernel = 3"), "", "line 2: layer 2: filters is \"8\" and must be a whole number"),
            (&conv("filters = '8', kernel = '8'"), "", "layer 2"),
            (&conv("filters = 8, kernel = [3, 3]"), "", "layer 2: kernel is [3, 3] and must be a whole number"),
            (&conv("filters = 8"), "", "layer 2 lacks the field 'kernel'"),
            (
                &conv("filters = 8, kernel = 3, padding = 1"),
                "",
                "layer 2: padding is 1 and must be \"valid\" or \"same\"",
            ),
            (
                &conv("filters = 8, kernel = 3, activation = true"),
                "",
                "layer 2: activation is true and must be \"relu\",",
            ),
            ("[{ type = 'relu', x = 1 }]", "", "layer 1 has no field 'x', only 'type'"),
            (residual, "", "layer 1: layer 1: filters is \"8\" and must be a whole number"),
        ];
        for (layers, rest, words) in cases {
            let text = format!("name = 'a'\nlayers = {layers}\n[training]\nepochs = 1\nbatch = 1\n{rest}\n");
            let message = Recipe::parse(&text, "a.toml").unwrap_err().to_string();
            assert!(message.contains(words), "expected {words}\nin {message}");
        }
    }

    #[test]
    fn nothing_is_chosen_without_images_held_out() {
        let text = |validation: &str, choice: &str| {
            format!(
                "name = 'a'\nlayers = []\n[data]\nvalidation = {validation}\n[training]\nepochs = 1\nbatch = 1\n{choice}\n"
            )
        };
        for choice in ["keep = 'best'", "patience = 3", "patience = 3\nkeep = 'best'"] {
            for validation in ["0", "0.0", "'test'"] {
                let message = Recipe::parse(&text(validation, choice), "a.toml").unwrap_err().to_string();
                assert!(message.contains("held out") && message.contains("data.validation"), "{message}");
            }
            let recipe = Recipe::parse(&text("0.1", choice), "a.toml").unwrap();
            assert!(recipe.with_validation(Validation::Share(0.0), "a").is_err());
        }
        let recipe = Recipe::parse(&text("0", "keep = 'last'"), "a.toml").unwrap();
        let test = Validation::Named(NamedValidation::Test);
        assert_eq!(recipe.with_validation(test, "a").unwrap().data.validation, test);
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

    #[test]
    fn wrong_values_are_refused_by_name() {
        let cases = [
            ("optimiser", "adam", "learning_rate", "0.0"),
            ("optimiser", "adam", "beta_1", "1.0"),
            ("optimiser", "adamw", "learning_rate", "-0.1"),
            ("optimiser", "adamw", "weight_decay", "-0.1"),
            ("optimiser", "adamw", "weight_decay", "1000.0"),
            ("optimiser", "adamw", "beta_2", "nan"),
            ("optimiser", "adamw", "epsilon", "0.0"),
            ("optimiser", "sgd", "learning_rate", "inf"),
            ("optimiser", "sgd", "momentum", "1.0"),
            ("optimiser", "sgd", "weight_decay", "nan"),
            ("optimiser", "muon", "learning_rate", "0.0"),
            ("optimiser", "muon", "momentum", "-0.5"),
            ("optimiser", "muon", "weight_decay", "-1.0"),
            ("optimiser", "muon", "iterations", "0"),
            ("optimiser", "muon", "iterations", "21"),
            ("optimiser", "muon", "others.learning_rate", "0.0"),
            ("optimiser", "muon", "others.weight_decay", "-0.1"),
            ("schedule", "steps", "at", "[0.5, 0.5]"),
            ("schedule", "steps", "at", "[0.0]"),
            ("schedule", "steps", "at", "[0.5, 1.0]"),
            ("schedule", "steps", "at", "[nan]"),
            ("schedule", "steps", "factor", "0.0"),
            ("schedule", "steps", "factor", "1.5"),
            ("schedule", "cosine", "warm_up", "1.0"),
            ("schedule", "cosine", "last", "-0.1"),
            ("schedule", "one_cycle", "warm_up", "-0.1"),
            ("schedule", "one_cycle", "first", "1.1"),
            ("schedule", "one_cycle", "last", "nan"),
            ("schedule", "linear", "warm_up", "nan"),
            ("schedule", "linear", "first", "-1.0"),
            ("schedule", "linear", "last", "2.0"),
            ("training", "", "epochs", "0"),
            ("training", "", "batch", "65537"),
            ("training", "", "label_smoothing", "1.0"),
            ("training", "", "label_smoothing", "-0.1"),
            ("training", "", "clip_norm", "0.0"),
            ("training", "", "clip_norm", "nan"),
            ("training", "", "average", "1.0"),
            ("training", "", "patience", "0"),
        ];
        for (table, kind, field, value) in cases {
            let mut tables = toml::toml! {
                name = "a"
                layers = []
                [training]
                epochs = 1
                batch = 1
            };
            let text = match kind {
                "" => format!("{field} = {value}"),
                // The other field that this one cannot do without.
                "steps" => {
                    let rest = if field == "at" { "factor = 0.5" } else { "at = [0.5]" };
                    format!("type = 'steps'\n{rest}\n{field} = {value}")
                }
                _ => format!("type = '{kind}'\n{field} = {value}"),
            };
            let fields: toml::Table = text.parse().unwrap();
            let entry = tables.entry(table).or_insert(toml::Table::new().into());
            entry.as_table_mut().unwrap().extend(fields);
            let message = Recipe::parse(&tables.to_string(), "a.toml").unwrap_err().to_string();
            assert!(message.contains(&format!("{table}.{field}")), "{table}.{field} = {value}: {message}");
        }
    }
}
