//! Pictures to try a model with: of its own test images where they are here, or drawn.

use std::path::Path;

use modiste_data::{ImageShape, Images};
use modiste_network::ModelCard;
use modiste_server::Example;
use modiste_sources::{Silent, Source, find_dir, garments, known_set, load};
use modiste_training::data_source;

use crate::commands::trained::Trained;

/// Classes of which there is an example.
const MOST: usize = 12;
/// Images that are drawn, among which each class is, and from which seed.
const DRAWN: (usize, u64) = (10, 2017);

/// An image of each class; none where nothing is known of what the model was trained on.
pub fn of(model: &Path) -> Vec<Example> {
    let Ok(trained) = Trained::find(Some(model)) else { return Vec::new() };
    let card = &trained.model.card;
    own(card, trained.data_dir()).or_else(|| drawn(card)).unwrap_or_default()
}

/// Of the set that it was trained on, if that lies here: nothing is downloaded.
fn own(card: &ModelCard, data_dir: Option<&Path>) -> Option<Vec<Example>> {
    let source = data_source(&card.data);
    let is_here = match &source {
        Source::Known(set) => {
            let directory = find_dir(set, data_dir).ok()?;
            set.files.iter().all(|file| directory.join(file.name).exists())
        }
        Source::Own(path, _) => path.exists(),
        Source::Auto | Source::DrawnGarments => false,
    };
    let set = is_here.then(|| load(&source, data_dir, &Silent).ok()).flatten()?;
    (set.class_names == card.class_names && set.test.shape() == card.image_shape)
        .then(|| first_of_each(&set.test, card))
}

/// Drawn garments, for networks that know their classes.
fn drawn(card: &ModelCard) -> Option<Vec<Example>> {
    let names = known_set("fashion-mnist")?.class_names;
    let shape = ImageShape { height: 28, width: 28, channels: 1 };
    (card.class_names == names && card.image_shape == shape)
        .then(|| first_of_each(&garments::draw(DRAWN.0, DRAWN.1), card))
}

fn first_of_each(images: &Images, card: &ModelCard) -> Vec<Example> {
    let example = |(class, name): (usize, &String)| {
        let index = images.labels().iter().position(|&label| usize::from(label) == class)?;
        Some(Example { class: name.clone(), image: images.image(index).to_vec(), shape: images.shape() })
    };
    card.class_names.iter().enumerate().take(MOST).filter_map(example).collect()
}
