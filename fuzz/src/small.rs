//! The network that seeds of tensor files are of.

use modiste_data::ImageShape;
use modiste_network::{DataReference, ModelCard, Recipe};

/// Its recipe.
pub const SMALL: &str = "name = 'small'
layers = [
    { type = 'conv', filters = 2, kernel = 3, padding = 'same', activation = 'relu' },
    { type = 'batch_norm' },
    { type = 'max_pool', size = 2 },
    { type = 'flatten' },
    { type = 'dense', activation = 'softmax' },
]
[training]
epochs = 1
batch = 4
";

/// It, for images of 4 × 4 and two classes.
pub fn small_card() -> ModelCard {
    ModelCard {
        recipe: Recipe::parse(SMALL, "small").expect("a recipe"),
        class_names: vec!["ant".to_owned(), "bee".to_owned()],
        image_shape: ImageShape { height: 4, width: 4, channels: 1 },
        data: DataReference { name: "set".to_owned(), source: "set".to_owned(), ..DataReference::default() },
        epochs: 1,
        appearance: None,
        temperature: 1.0,
    }
}
