//! The built-in recipes on data other than what they were made for.

use std::fs;
use std::path::Path;

use crate::runner::World;

/// Those that were made here, not after the post.
const RECIPES: [&str; 7] = ["speedrun-94", "speedrun-95", "resnet", "separable", "best", "vgg", "mlp"];

/// The four IDX files of a set of colour images of 32 × 32, each class with a stripe of a colour at a height.
fn colour_set(directory: &Path, images: usize, classes: usize) {
    const SIDE: usize = 32;
    fs::create_dir_all(directory).unwrap();
    for part in ["train", "t10k"] {
        let mut pixels = vec![0, 0, 8, 4];
        for size in [images, SIDE, SIDE, 3] {
            pixels.extend((size as u32).to_be_bytes());
        }
        let mut labels = vec![0, 0, 8, 1];
        labels.extend((images as u32).to_be_bytes());
        for image in 0..images {
            let class = image % classes;
            for place in 0..SIDE * SIDE * 3 {
                let (row, colour) = (place / 3 / SIDE, place % 3);
                let in_stripe = row / 6 == 1 + class / 3;
                pixels.push(if in_stripe && colour == class % 3 {
                    230
                } else {
                    20 + (place * 7 + image * 13) as u8 % 40
                });
            }
            labels.push(class as u8);
        }
        fs::write(directory.join(format!("{part}-images-idx4-ubyte")), pixels).unwrap();
        fs::write(directory.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

#[test]
fn recipes_learn_from_colour_images_of_another_size() {
    let world = World::new();
    colour_set(&world.path("stripes"), 300, 10);
    for recipe in RECIPES {
        let ended = world.words(&format!(
            "train {recipe} --data stripes --epochs 4 --batch 25 --validation 0 --out {recipe} --quiet --json"
        ));
        let accuracy = ended.json()["test_accuracy"].as_f64().unwrap();
        assert!(accuracy > 0.9, "{recipe} reaches {accuracy}");
        assert_eq!(world.words(&format!("evaluate {recipe} --json")).json()["accuracy"], accuracy, "{recipe}");
    }
}

#[test]
fn recipes_take_as_many_classes_as_there_are() {
    let world = World::new();
    colour_set(&world.path("four"), 200, 4);
    for recipe in RECIPES {
        let ended = world.words(&format!(
            "train {recipe} --data four --epochs 3 --batch 20 --validation 0 --out {recipe} --quiet --json"
        ));
        let accuracy = ended.json()["test_accuracy"].as_f64().unwrap();
        assert!(accuracy > 0.9, "{recipe} reaches {accuracy}");
    }
}

#[test]
fn recipes_learn_from_drawn_garments() {
    let world = World::new();
    for recipe in RECIPES {
        let ended = world.words(&format!(
            "train {recipe} --data drawn-garments --limit 2000 --epochs 2 --batch 50 --out {recipe} --quiet --json"
        ));
        let accuracy = ended.json()["test_accuracy"].as_f64().unwrap();
        assert!(accuracy > 0.6, "{recipe} reaches {accuracy}");
    }
}
