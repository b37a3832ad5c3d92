//! `evaluate`: the same numbers as the run's own, whatever it is given to find the model by.

use std::fs;

use serde_json::Value;

use crate::runner::{World, two_class_set};

const SMALL: &str = "
name = 'small'
layers = [{ type = 'flatten' }, { type = 'dense', units = 10, activation = 'softmax' }]
[training]
epochs = 2
batch = 32
";

/// A world with one run: `runs/small-1`.
fn world() -> World {
    let world = World::new();
    world.file("small.toml", SMALL);
    world.words("train small.toml --data drawn-garments --limit 1000").done();
    world
}

fn result(world: &World) -> Value {
    serde_json::from_slice(&fs::read(world.path("runs/small-1/result.json")).unwrap()).unwrap()
}

#[test]
fn it_finds_what_the_run_found() {
    let world = world();
    let result = result(&world);
    let test = world.words("evaluate --json").json();
    assert_eq!((&test["accuracy"], &test["loss"]), (&result["test_accuracy"], &result["test_loss"]));
    assert_eq!(
        (&test["data"], &test["split"], &test["images"]),
        (&"drawn-garments".into(), &"test".into(), &2000.into())
    );
    let validation = world.words("evaluate runs/small-1 --split validation --json").json();
    assert_eq!(validation["accuracy"], result["validation_accuracy"]);
    assert_eq!(validation["loss"], result["validation_loss"]);
    assert_eq!(validation["images"], result["sizes"]["validation"]);
    let train = world.words("evaluate runs/small-1 --split train --json").json();
    assert_eq!(train["images"], result["sizes"]["train"]);
}

#[test]
fn it_classifies_by_the_views_of_the_recipe() {
    let world = world();
    let plain = result(&world);
    world.file("views.toml", format!("{SMALL}[evaluation]\nflip = true\nshift = 1\n"));
    world.words("train views.toml --data drawn-garments --limit 1000 --out views").done();
    let views: Value = serde_json::from_slice(&fs::read(world.path("views/result.json")).unwrap()).unwrap();
    assert_ne!(plain["test_loss"], views["test_loss"]);
    // So few training images that all of them are measured at the end.
    let train = world.words("evaluate views --split train --json").json();
    assert_eq!(train["accuracy"], views["fitted_train_accuracy"]);
    for (split, loss) in [("test", "test_loss"), ("validation", "validation_loss")] {
        assert_eq!(world.words(&format!("evaluate views --split {split} --json")).json()["loss"], views[loss]);
    }
}

#[test]
fn its_numbers_agree_with_each_other() {
    let world = world();
    let document = world.words("evaluate --json").json();
    let classes = document["classes"].as_array().unwrap();
    assert_eq!((classes.len(), &classes[0]), (10, &"T-shirt/top".into()));
    let confusion: Vec<Vec<u64>> = serde_json::from_value(document["confusion"].clone()).unwrap();
    assert!(confusion.iter().all(|row| row.iter().sum::<u64>() == 200));
    let correct: u64 = (0..10).map(|class| confusion[class][class]).sum();
    assert_eq!(document["accuracy"].as_f64().unwrap(), correct as f64 / 2000.0);
    for (class, score) in document["per_class"].as_array().unwrap().iter().enumerate() {
        assert_eq!(score["name"], classes[class]);
        assert_eq!(score["recall"].as_f64().unwrap(), confusion[class][class] as f64 / 200.0);
        let taken: u64 = confusion.iter().map(|row| row[class]).sum();
        let precision = confusion[class][class] as f64 / taken.max(1) as f64;
        assert_eq!(score["precision"].as_f64().unwrap(), precision);
        assert_eq!(score["support"], 200);
    }
    assert!((0.0..1.0).contains(&document["calibration_error"].as_f64().unwrap()));
}

#[test]
fn people_read_a_page() {
    let world = world();
    let page = world.words("evaluate").done();
    for word in ["drawn-garments", "accuracy", "precision", "Ankle boot", "macro average", "calibration", "Sand"] {
        assert!(page.contains(word), "{word} is not in\n{page}");
    }
    assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    assert_eq!(world.words("evaluate --quiet").done().lines().count(), 1);
}

#[test]
fn the_model_file_alone_is_enough() {
    let world = world();
    let there = world.words("evaluate --json").json();
    fs::rename(world.path("runs/small-1/model.safetensors"), world.path("moved.safetensors")).unwrap();
    fs::remove_dir_all(world.path("runs")).unwrap();
    let alone = world.words("evaluate moved.safetensors --json").json();
    for field in ["accuracy", "loss", "confusion", "per_class", "recipe", "epochs"] {
        assert_eq!(alone[field], there[field], "{field}");
    }
}

#[test]
fn the_newest_run_is_taken() {
    let world = world();
    world.words("train small.toml --data drawn-garments --limit 500 --epochs 1").done();
    assert_eq!(world.words("evaluate --json").json()["model"], "runs/small-2");
    world.words("train --resume runs/small-1 --epochs 3").done();
    assert_eq!(world.words("evaluate --json").json()["model"], "runs/small-1");
}

#[test]
fn data_that_does_not_fit_is_told() {
    let world = world();
    two_class_set(&world.path("set"), [10, 200], 40, (4, 4));
    let sentence = world.words("evaluate --data set").sentence();
    assert!(sentence.contains("images of 28x28x1") && sentence.contains("set are 4x4x1"), "{sentence}");
}

#[test]
fn splits_that_do_not_exist_are_told() {
    let world = World::new();
    world.file("small.toml", SMALL.replace("[training]", "[data]\nvalidation = 0\n[training]"));
    world.words("train small.toml --data drawn-garments --limit 500").done();
    assert!(world.words("evaluate --split validation").sentence().contains("no validation images"));
    world.file("small.toml", SMALL.replace("[training]", "[data]\nvalidation = 'test'\n[training]"));
    world.words("train small.toml --data drawn-garments --limit 500 --out post").done();
    assert_eq!(world.words("evaluate post --split validation --json").json()["images"], 2000);
}

#[test]
fn what_is_no_model_is_told_by_name() {
    let world = World::new();
    assert!(world.words("evaluate").sentence().contains("modiste train"));
    assert!(world.words("evaluate none").sentence().contains("there is no none: name a run"));
    world.file("empty/x", "");
    assert!(world.words("evaluate empty").sentence().contains("empty is not a run directory"));
    for (name, bytes) in
        [("a.safetensors", &b""[..]), ("b.safetensors", b"PK\x03\x04 something else"), ("c", &[255; 99])]
    {
        world.file(name, bytes);
        let sentence = world.words(&format!("evaluate {name}")).sentence();
        assert!(sentence.contains(&format!("{name} is not a valid model file")), "{sentence}");
    }
    let trained = self::world();
    let path = trained.path("runs/small-1/model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let sentence = trained.words("evaluate").sentence();
    assert!(sentence.contains("model.safetensors") && sentence.contains("damaged"), "{sentence}");
}

/// What was held out stays held out, by whatever words its data is named; of other data nothing was.
#[test]
fn its_own_data_is_known_by_its_content() {
    let world = World::new();
    for (set, images) in [("set", 60), ("copy", 60), ("other", 40)] {
        two_class_set(&world.path(set), [20, 200], images, (4, 5));
    }
    world.file("two.toml", SMALL.replace("units = 10", "units = 2"));
    world.words("train two.toml --data set --limit 40 --out run").done();
    let images = |words: &str| world.words(&format!("evaluate run --json {words}")).json()["images"].clone();
    for (split, held) in [("validation", 4), ("train", 36)] {
        assert_eq!(images(&format!("--split {split}")), held);
        assert_eq!(images(&format!("--split {split} --data copy")), held);
    }
    assert_eq!(images("--split train --data other"), 40);
    let sentence = world.words("evaluate run --split validation --data other").sentence();
    assert!(sentence.contains("nothing of it was held out"), "{sentence}");
}
