//! What a network is trained by where no recipe is named.

use std::fs;

use modiste_data::ImageShape;

use crate::runner::{Part, World, write_set};

/// Letters of a kind on 6 × 6 pixels: class 0 has its bar at the left, class 1 at the top; neither looks like itself mirrored
/// or like the other.
fn bars(world: &World, name: &str, each: usize) {
    let shape = ImageShape { height: 6, width: 6, channels: 1 };
    let part = |first: usize, count: usize| {
        let labels: Vec<u8> = (0..count).map(|image| (image % 2) as u8).collect();
        let pixel = |image: usize, place: usize| {
            let (row, column) = (place / 6, place % 6);
            let is_bright = if image.is_multiple_of(2) {
                column == 1 || row == 3 && column < 3
            } else {
                row == 1 || row < 3 && column == 1
            };
            (if is_bright { 190 } else { 20 }) + ((image * 31 + place * 17 + image * place) % 40) as u8
        };
        let pixels = (first..first + count).flat_map(|image| (0..36).map(move |place| pixel(image, place))).collect();
        Part { shape, pixels, labels }
    };
    write_set(&world.path(name), [part(0, 2 * each), part(1000, 20)]);
}

#[test]
fn a_set_of_ones_own_is_learned_by_a_recipe_chosen_for_it_that_says_why() {
    let world = World::new();
    bars(&world, "bars", 5);
    let trained = world.words("train --data bars --epochs 12 --out run");
    assert_eq!(trained.status, Some(0), "{trained:?}");
    assert!(trained.stderr.contains("auto on") || trained.stdout.contains("auto on"), "{trained:?}");
    assert!(trained.stdout.contains("accuracy 1.0000"), "{trained:?}");
    let recipe = fs::read_to_string(world.path("run/recipe.toml")).unwrap();
    let above = |field: &str| {
        let lines: Vec<&str> = recipe.lines().collect();
        let place = lines.iter().position(|line| line.starts_with(field)).unwrap();
        lines[place - 1].to_owned()
    };
    assert!(above("name = \"auto\"").contains("10 training images of 6x6x1 in 2 classes, 5 of each"), "{recipe}");
    assert!(above("flip = \"none\"").contains("of a mirrored one in"), "{recipe}");
    assert!(above("batch = ").starts_with("# "), "{recipe}");
    // What was typed needs no reason.
    assert!(!above("epochs = 12").starts_with('#'), "{recipe}");
    // The recipe is an ordinary one, and trains the same network.
    let again = world.words("train run/recipe.toml --data bars --out again --quiet");
    assert_eq!(again.status, Some(0), "{again:?}");
    let model = |run: &str| fs::read(world.path(run).join("model.safetensors")).unwrap();
    assert_eq!(model("run"), model("again"));
}

#[test]
fn a_known_set_of_which_little_is_used_is_learned_like_ones_own() {
    let world = World::new();
    let ended = world.words("train --data drawn-garments --limit 10 --epochs 1 --out little --quiet");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let recipe = fs::read_to_string(world.path("little/recipe.toml")).unwrap();
    assert!(recipe.contains("name = \"auto\"") && recipe.contains("10 training images"), "{recipe}");
}

#[test]
fn a_recipe_for_images_needs_images() {
    let world = World::new();
    bars(&world, "bars", 4);
    assert!(world.words("summary auto").sentence().contains("--data"));
    assert!(world.words("bench step --recipe auto").sentence().contains("name another recipe"));
    let summary = world.words("summary auto --data bars");
    assert!(summary.stdout.contains("6, 6, 32"), "{summary:?}");
}

#[test]
fn a_time_is_a_time_and_goes_with_nothing_that_contradicts_it() {
    let world = World::new();
    bars(&world, "bars", 4);
    for rest in ["--time soon", "--time 0s", "--time 60s --epochs 3", "--time 60s --resume run"] {
        world.words(&format!("train --data bars {rest}")).misuse();
    }
    let ended = world.words("train --data bars --time 1ms --out run --quiet");
    assert!(ended.sentence().contains("--time is too short: a pass over the training images"));
    assert!(!world.path("run").exists());
}
