//! `class_weights = "balanced"`: rare classes count as much as common ones.

use modiste_data::ImageShape;
use serde_json::Value;

use crate::runner::{Ended, Part, World, write_set};

const SHAPE: ImageShape = ImageShape { height: 2, width: 2, channels: 1 };

const PLAIN: &str = "
name = 'plain'
layers = [{ type = 'flatten' }, { type = 'dense', activation = 'softmax' }]
data = { validation = 0 }
optimiser = { type = 'adam', learning_rate = 0.03 }
[training]
epochs = 20
batch = 30
";

/// Images of two classes, a few of which are as bright as some of the other: so many of the one, then so many of the other.
fn overlapping(counts: [usize; 2]) -> Part {
    let labels = [vec![0; counts[0]], vec![1; counts[1]]].concat();
    let bright = |(image, label): (usize, &u8)| {
        // 0 to 119, and 60 to 179.
        let noise = (image * 7919 % 40 + image * 104_729 % 41 + image * 31 % 41) as u8;
        std::iter::repeat_n(noise + 60 * label, SHAPE.len())
    };
    Part { shape: SHAPE, pixels: labels.iter().enumerate().flat_map(bright).collect(), labels }
}

fn recipes(world: &World) {
    world.file("plain.toml", PLAIN);
    world.file("weighted.toml", format!("{PLAIN}class_weights = 'balanced'\n"));
}

fn train(world: &World, words: &str) -> Ended {
    world.words(&format!("train {words} --quiet --json"))
}

fn result(ended: &Ended) -> Value {
    assert_eq!(ended.status, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn a_rare_class_is_recognised_where_its_images_count_more() {
    let world = World::new();
    recipes(&world);
    write_set(&world.path("set"), [overlapping([400, 20]), overlapping([100, 100])]);
    let plain = train(&world, "plain.toml --data set --out plain");
    let weighted = train(&world, "weighted.toml --data set --out weighted");
    assert!(
        plain.stderr.contains("400 images of 0 and 20 of 1") && plain.stderr.contains("class_weights"),
        "{plain:?}"
    );
    assert_eq!((weighted.status, weighted.stderr.as_str()), (Some(0), ""));
    let balanced =
        |run: &str| world.words(&format!("evaluate {run} --json")).json()["balanced_accuracy"].as_f64().unwrap();
    let (plain, weighted) = (balanced("plain"), balanced("weighted"));
    assert!(weighted > 0.75 && weighted > plain + 0.15, "{weighted} with weights and {plain} without");
}

#[test]
fn weights_of_equal_classes_change_nothing() {
    let world = World::new();
    recipes(&world);
    write_set(&world.path("set"), [overlapping([60, 60]), overlapping([20, 20])]);
    let losses = |recipe: &str| {
        let result = result(&train(&world, &format!("{recipe}.toml --data set --out {recipe}")));
        (result["train_loss"].clone(), result["test_loss"].clone())
    };
    assert_eq!(losses("weighted"), losses("plain"));
}

#[test]
fn a_run_with_weights_goes_on_as_if_it_had_never_stopped() {
    let world = World::new();
    recipes(&world);
    write_set(&world.path("set"), [overlapping([60, 10]), overlapping([20, 20])]);
    let whole = result(&train(&world, "weighted.toml --data set --out whole"));
    result(&train(&world, "weighted.toml --data set --out parts --epochs 7"));
    let parts = result(&train(&world, "--resume parts --epochs 20"));
    assert_eq!((&parts["train_loss"], &parts["test_loss"]), (&whole["train_loss"], &whole["test_loss"]));
}
