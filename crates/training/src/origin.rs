//! By what a checkpoint was made, so that a run which goes on in another way can say so.

use modiste_network::{DeviceInfo, Recipe};
use serde::{Deserialize, Serialize};

use super::differences::{Difference, differences};

/// What made a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The recipe, as TOML.
    recipe: String,
    /// What each class was called.
    pub class_names: Vec<String>,
    /// The instruction set, or what a device has in its place: results depend on it in their last bits.
    pub isa: String,
}

impl Origin {
    /// A recipe for these classes, on a device.
    pub fn new(recipe: &Recipe, class_names: &[String], info: &DeviceInfo) -> Self {
        Self { recipe: recipe.to_toml(), class_names: class_names.to_vec(), isa: info.isa.to_owned() }
    }

    /// Whether the recipe had other layers than this one.
    pub fn has_other_layers(&self, recipe: &Recipe) -> bool {
        differences(&self.recipe, &recipe.to_toml()).iter().any(Difference::is_of_layers)
    }

    /// Fields of the recipe that are others now, each with both its values: `optimiser.learning_rate was 0.1 and is 0.2`. The
    /// number of epochs is not among them: more of them are asked for aloud.
    pub fn changes(&self, recipe: &Recipe) -> Vec<String> {
        let text = |difference: &Difference| difference.text("was", "is");
        differences(&self.recipe, &recipe.to_toml()).iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(optimiser: &str, units: usize) -> Recipe {
        let text = format!(
            "name = 'a'
            layers = [{{ type = 'flatten' }}, {{ type = 'dense', units = {units}, activation = 'softmax' }}]
            {optimiser}
            [training]
            epochs = 2
            batch = 8"
        );
        Recipe::parse(&text, "test").unwrap()
    }

    #[test]
    fn what_has_changed_is_named_with_both_values() {
        let sgd = |rate: f64| recipe(&format!("optimiser = {{ type = 'sgd', learning_rate = {rate:?} }}"), 2);
        let info = DeviceInfo { device: "cpu", isa: "avx2".into(), threads: 1 };
        let origin = Origin::new(&sgd(0.1), &[], &info);
        let mut longer = sgd(0.1);
        longer.training.epochs = 5;
        assert!(origin.changes(&longer).is_empty());
        assert_eq!(origin.changes(&sgd(0.2)), ["optimiser.learning_rate was 0.1 and is 0.2"]);
        assert_eq!(origin.changes(&sgd(1e38)), ["optimiser.learning_rate was 0.1 and is 1e38"]);
        assert_eq!(
            origin.changes(&recipe("optimiser = { type = 'sgd', learning_rate = 0.1 }", 3)),
            ["layers are others"]
        );
        let adam = origin.changes(&recipe("optimiser = { type = 'adam' }", 2));
        assert!(adam.contains(&"optimiser.nesterov was true and is not there".to_owned()), "{adam:?}");
    }
}
