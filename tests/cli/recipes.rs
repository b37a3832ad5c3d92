//! The built-in recipes on data other than what they were made for.

use std::path::Path;

use modiste_data::{ImageShape, Images};
use modiste_sources::{Silent, Source, load};

use crate::runner::{Part, World, write_set};

/// Those that were made here, not after the post.
const RECIPES: [&str; 7] = ["speedrun-94", "speedrun-95", "resnet", "separable", "best", "vgg", "mlp"];

/// Colour images of 32 × 32, each class with a stripe of a colour at a height; training and test images are the same.
fn colour_set(directory: &Path, images: usize, classes: usize) {
    const SIDE: usize = 32;
    let shape = ImageShape { height: SIDE, width: SIDE, channels: 3 };
    let pixel = |image: usize, place: usize| {
        let class = image % classes;
        let (row, colour) = (place / 3 / SIDE, place % 3);
        let in_stripe = row / 6 == 1 + class / 3;
        if in_stripe && colour == class % 3 { 230 } else { 20 + (place * 7 + image * 13) as u8 % 40 }
    };
    let part = || Part {
        shape,
        pixels: (0..images).flat_map(|image| (0..shape.len()).map(move |place| pixel(image, place))).collect(),
        labels: (0..images).map(|image| (image % classes) as u8).collect(),
    };
    write_set(directory, [part(), part()]);
}

/// The first of the drawn garments: as many images as a test has time for.
fn garments_set(directory: &Path, train: usize, test: usize) {
    let dataset = load(&Source::DrawnGarments, None, &Silent).unwrap();
    let first = |images: &Images, count: usize| Part {
        shape: images.shape(),
        pixels: (0..count).flat_map(|image| images.image(image).to_vec()).collect(),
        labels: images.labels()[..count].to_vec(),
    };
    write_set(directory, [first(&dataset.train, train), first(&dataset.test, test)]);
}

/// Of another size, in colour, and of fewer classes than a recipe was made for.
#[test]
fn recipes_learn_from_what_they_were_not_made_for() {
    let world = World::new();
    colour_set(&world.path("stripes"), 60, 4);
    for recipe in RECIPES {
        let ended = world.words(&format!(
            "train {recipe} --data stripes --epochs 3 --batch 6 --validation 0 --out {recipe} --quiet --json"
        ));
        let accuracy = ended.json()["test_accuracy"].as_f64().unwrap();
        assert!(accuracy > 0.9, "{recipe} reaches {accuracy}");
        assert_eq!(world.words(&format!("evaluate {recipe} --json")).json()["accuracy"], accuracy, "{recipe}");
    }
}

#[test]
fn recipes_learn_from_drawn_garments() {
    let world = World::new();
    garments_set(&world.path("garments"), 300, 100);
    for recipe in RECIPES {
        let ended = world.words(&format!(
            "train {recipe} --data garments --validation 0 --epochs 2 --batch 10 --out {recipe} --quiet --json"
        ));
        let accuracy = ended.json()["test_accuracy"].as_f64().unwrap();
        // Chance is 0.1.
        assert!(accuracy > 0.35, "{recipe} reaches {accuracy}");
    }
}
