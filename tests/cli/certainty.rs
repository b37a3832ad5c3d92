//! Probabilities that are as certain as they are right, and pictures that are unlike all that was trained on.

use std::fs;

use modiste_data::Dataset;
use modiste_sources::{Silent, Source, load};
use serde_json::Value;

use crate::runner::World;

/// Trained to be far less certain than it is right.
const MODEST: &str = "
name = 'modest'
layers = [
  { type = 'conv', filters = 8, kernel = 3, stride = 2, activation = 'relu' },
  { type = 'flatten' },
  { type = 'dense', units = 24, activation = 'relu' },
  { type = 'dense', activation = 'softmax' },
]
[data]
validation = 0.2
[optimiser]
type = 'adam'
[training]
epochs = 6
batch = 25
label_smoothing = 0.5
";

/// A world with a run in `run`, whose recipe has another `validation`.
fn trained(validation: &str) -> World {
    let world = World::new();
    world.file("modest.toml", MODEST.replace("0.2", validation));
    world.words("train modest.toml --data drawn-garments --limit 1500 --out run --quiet").done();
    world
}

fn result(world: &World) -> Value {
    serde_json::from_slice(&fs::read(world.path("run/result.json")).unwrap()).unwrap()
}

#[test]
fn probabilities_are_as_certain_as_they_are_right() {
    let world = trained("0.2");
    let document = world.words("evaluate run --json").json();
    let number = |field: &str| document[field].as_f64().unwrap();
    assert!(number("temperature") < 0.9, "{document}");
    assert!(number("calibration_error") < number("calibration_error_raw") / 2.0, "{document}");
    let result = result(&world);
    assert_eq!((&document["temperature"], &document["loss"]), (&result["temperature"], &result["test_loss"]));

    let coverage = document["coverage"].as_array().unwrap();
    let column = |field: &str| coverage.iter().map(|row| row[field].as_f64().unwrap_or(1.0)).collect::<Vec<_>>();
    assert_eq!(column("confidence"), [0.0, 0.5, 0.8, 0.9, 0.95, 0.99]);
    assert_eq!((column("share")[0], column("accuracy")[0]), (1.0, number("accuracy")));
    assert!(column("share").is_sorted_by(|one, other| one >= other), "{coverage:?}");
    assert!(column("accuracy")[3] > number("accuracy"), "{coverage:?}");
    // What `predict` is sure of at that confidence.
    let answers = world.words("predict run --data drawn-garments --json --min-confidence 0.9").done();
    let sure = answers.lines().filter(|line| line.contains(r#""index""#) && !line.contains(r#""index":null"#)).count();
    assert_eq!(column("share")[3], sure as f64 / 2000.0);

    let page = world.words("evaluate run").done();
    assert!(page.contains("without its temperature of 0.") && page.contains("confidence   share"), "{page}");
}

#[test]
fn nothing_is_fitted_on_test_images() {
    for validation in ["'test'", "0"] {
        let world = trained(validation);
        let document = world.words("evaluate run --json").json();
        assert_eq!((&document["temperature"], &result(&world)["temperature"]), (&1.0.into(), &1.0.into()));
        assert_eq!(document["calibration_error"], document["calibration_error_raw"]);
        assert!(!world.words("evaluate run").done().contains("without its temperature"));
    }
}

/// A run that is interrupted and resumed ends with the same model file, down to what it knows of its certainty.
#[test]
fn a_model_is_the_same_after_it_is_made_again() {
    let world = trained("0.2");
    let model = || fs::read(world.path("run/model.safetensors")).unwrap();
    let before = model();
    fs::remove_file(world.path("run/result.json")).unwrap();
    world.words("train --resume run --quiet").done();
    assert!(model() == before);
}

#[test]
fn a_picture_unlike_anything_trained_on_is_told() {
    let world = trained("0.2");
    let set: Dataset = load(&Source::DrawnGarments, None, &Silent).unwrap();
    let picture = |name: &str, pixels: &[u8]| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 28, 28);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        world.file(name, bytes);
    };
    (0..40).for_each(|index| picture(&format!("garments/{index}.png"), set.test.image(index)));
    for kind in 0..4_usize {
        let noise: Vec<u8> = (0..784_usize).map(|at| (((at + kind) * (at + 31) * 2_654_435_761) >> 16) as u8).collect();
        picture(&format!("strangers/{kind}.png"), &noise);
    }
    let unfamiliar = |words: &str| -> Vec<f64> {
        let answers = world.words(words).done();
        answers
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["unfamiliar"].as_f64().unwrap())
            .collect()
    };
    let (garments, strangers) = (unfamiliar("predict run garments --json"), unfamiliar("predict run strangers --json"));
    let high = garments.iter().filter(|&&value| value > 0.5).count();
    assert!((8..=32).contains(&high), "{garments:?}");
    // So small a network, trained so shortly, does not put them all beyond 0.99.
    assert!(strangers.iter().all(|&value| value > 0.9 && value < 1.0), "{strangers:?}");
    let marked = strangers.iter().filter(|&&value| value > 0.99).count();
    let table = world.words("predict run strangers").done();
    assert_eq!(table.matches(" (unfamiliar) ").count(), marked, "{table}");
}
