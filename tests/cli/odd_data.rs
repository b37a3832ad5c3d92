//! Data, and runs, that are not what one would think: what is computed is right, or it is said what is not.

use std::fs;

use modiste_data::ImageShape;

use crate::runner::{Ended, Part, World, write_set};

const SHAPE: ImageShape = ImageShape { height: 6, width: 6, channels: 1 };

/// Noise that follows from two numbers, below 16.
fn noise(image: usize, place: usize) -> u8 {
    ((image * 7919 + place * 104_729 + image * place * 31) >> 3 & 15) as u8
}

/// Images of one grey each: those of class c are `40 * (c + 1)`.
fn greys(labels: Vec<u8>) -> Part {
    let pixel = |(image, label): (usize, &u8), place: usize| (label % 6 + 1) * 36 + noise(image, place);
    let pixels =
        labels.iter().enumerate().flat_map(|image| (0..SHAPE.len()).map(move |place| pixel(image, place))).collect();
    Part { shape: SHAPE, pixels, labels }
}

/// A data set of greys with these labels in turn, `each` of them, and as many to test on.
fn grey_set(world: &World, name: &str, labels: &[u8], each: usize, names: Option<&str>) {
    let all: Vec<u8> = (0..each * labels.len()).map(|image| labels[image % labels.len()]).collect();
    write_set(&world.path(name), [greys(all.clone()), greys(all)]);
    if let Some(names) = names {
        world.file(&format!("{name}/classes.txt"), names);
    }
}

/// What ended well, with what it said on standard error.
#[track_caller]
fn noted(ended: Ended) -> (String, String) {
    assert_eq!(ended.status, Some(0), "{ended:?}");
    (ended.stdout, ended.stderr)
}

/// The test accuracy of a run of `train --json --quiet`.
#[track_caller]
fn accuracy(ended: &Ended) -> f64 {
    assert_eq!(ended.status, Some(0), "{ended:?}");
    serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap()["test_accuracy"].as_f64().unwrap()
}

const TRAIN: &str = "train mlp --batch 10 --epochs 30 --quiet --json";
const SHORT: &str = "train mlp --batch 10 --epochs 1 --quiet --json";

#[test]
fn few_steps_are_enough_for_running_means() {
    // 200 discs and rings, in six steps.
    let world = World::new();
    let shape = ImageShape { height: 28, width: 28, channels: 1 };
    let part = |shift: usize| {
        let labels: Vec<u8> = (0..200).map(|image| (image % 2) as u8).collect();
        let pixel = |image: usize, place: usize| {
            let offset = |index: usize| ((image + shift) * (31 + index) % 5) as f64 - 2.0;
            let (down, across) = ((place / 28) as f64 - 13.5 - offset(0), (place % 28) as f64 - 13.5 - offset(1));
            let radius = down.hypot(across) / (5.0 + ((image + shift) % 5) as f64);
            let inside = radius < 1.0 && (radius > 0.5 || image.is_multiple_of(2));
            noise(image + shift, place) + if inside { 150 } else { 0 }
        };
        let pixels = (0..200).flat_map(|image| (0..shape.len()).map(move |place| pixel(image, place))).collect();
        Part { shape, pixels, labels }
    };
    write_set(&world.path("discs"), [part(0), part(7)]);
    let ended = world.words("train speedrun-94 --data discs --quiet --json");
    assert!(accuracy(&ended) > 0.95, "{ended:?}");
}

#[test]
fn mirrored_classes_are_told_before_training_and_can_be_learned_without_flips() {
    let world = World::new();
    let part = || {
        let labels: Vec<u8> = (0..80).map(|image| (image % 2) as u8).collect();
        let pixel = |image: usize, place: usize| {
            noise(image, place) + if (place % 6 < 3) == image.is_multiple_of(2) { 180 } else { 20 }
        };
        let pixels = (0..80).flat_map(|image| (0..SHAPE.len()).map(move |place| pixel(image, place))).collect();
        Part { shape: SHAPE, pixels, labels }
    };
    write_set(&world.path("arrows"), [part(), part()]);
    world.file("arrows/classes.txt", "left\nright\n");
    world.file(
        "flips.toml",
        "name = 'flips'
        layers = [{ type = 'flatten' }, { type = 'dense', units = 2, activation = 'softmax' }]
        augmentation = { flip = 'random' }
        evaluation = { flip = true }
        optimiser = { type = 'adam', learning_rate = 0.02 }
        training = { epochs = 8, batch = 10 }",
    );
    let (_, said) = noted(world.words("train flips.toml --data arrows --quiet --json"));
    assert!(
        said.contains("left and right look like each other's mirror image") && said.contains("--no-flip"),
        "{said}"
    );
    let without = world.words("train flips.toml --data arrows --no-flip --out b --quiet --json");
    assert_eq!((accuracy(&without), without.stderr.as_str()), (1.0, ""));
    assert_eq!(world.words("evaluate b --json").json()["accuracy"], 1.0);
}

#[test]
fn a_limit_takes_some_of_each_class() {
    let world = World::new();
    let sorted: Vec<u8> = (0..120).map(|image| (image / 20) as u8).collect();
    write_set(&world.path("sorted"), [greys(sorted.clone()), greys(sorted)]);
    let ended = world.words(&format!("{TRAIN} --data sorted --limit 60 --validation 0 --out a"));
    assert!(accuracy(&ended) > 0.9, "{ended:?}");
    // What it learned from is found again.
    let learned = world.words("evaluate a --split train --json").json();
    assert_eq!(learned["images"], 60);
    let of_each: Vec<_> = learned["per_class"].as_array().unwrap().iter().map(|class| &class["support"]).collect();
    assert_eq!(of_each, [10, 10, 10, 10, 10, 10]);
    // More than there are is all of them.
    let all = world.words(&format!("{TRAIN} --data sorted --limit 100000 --validation 0")).json();
    assert_eq!((&all["sizes"]["train"], &all["limit"]), (&120.into(), &serde_json::Value::Null));
}

#[test]
fn what_is_too_few_to_hold_out_or_to_learn_from_is_said_with_its_cause() {
    let world = World::new();
    grey_set(&world, "six", &[0, 1, 2, 3, 4, 5], 20, None);
    let (_, said) = noted(world.words(&format!("{SHORT} --data six --validation 0.02")));
    assert!(said.contains("no image is held out for validation, since a share of 0.02"), "{said}");
    assert!(said.contains("give at least 0.03"), "{said}");
    let (_, said) = noted(world.words(&format!("{SHORT} --data six --validation 0.03")));
    assert_eq!(said, "");
    let (_, said) = noted(world.words(&format!("{SHORT} --data six --validation 0 --limit 5")));
    assert!(said.starts_with("note: no training image of class ") && said.contains("--limit leaves"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn classes_without_images_have_no_say_in_means() {
    let world = World::new();
    grey_set(&world, "absent", &[0, 2, 5], 20, None);
    let (_, said) = noted(world.words(&format!("{TRAIN} --data absent --validation 0 --out a")));
    assert!(said.contains("no image is of classes 1, 3, 4"), "{said}");
    let measured = world.words("evaluate a --json").json();
    assert_eq!((&measured["accuracy"], &measured["macro_average"]["f1"]), (&1.0.into(), &1.0.into()));
    assert_eq!(measured["per_class"][1]["f1"], serde_json::Value::Null);
    assert_eq!(measured["per_class"][2]["f1"], 1.0);
    let page = world.words("evaluate a").done();
    assert!(page.lines().any(|line| line.split_whitespace().eq(["1", "-", "-", "-", "0"])), "{page}");
}

#[test]
fn classes_are_matched_by_name() {
    let world = World::new();
    grey_set(&world, "names", &[0, 1, 2], 20, Some("ant\nbee\ncat\n"));
    assert_eq!(accuracy(&world.words(&format!("{TRAIN} --data names --validation 0 --out a"))), 1.0);
    // The same images under other numbers, and fewer of them.
    let images = |labels: [u8; 3], classes: usize| {
        let part = || {
            let Part { shape, pixels, .. } = greys((0..60).map(|image| (image % classes) as u8).collect());
            Part { shape, pixels, labels: (0..60).map(|image| labels[image % classes]).collect() }
        };
        [part(), part()]
    };
    for (name, labels, classes, names) in
        [("reversed", [2, 1, 0], 3, "cat\nbee\nant\n"), ("fewer", [1, 0, 0], 2, "bee\nant\n")]
    {
        write_set(&world.path(name), images(labels, classes));
        world.file(&format!("{name}/classes.txt"), names);
        let (found, said) = noted(world.words(&format!("evaluate a --data {name} --json")));
        assert!(found.contains("\"accuracy\":1.0") && found.contains("[\"ant\",\"bee\",\"cat\"]"), "{found}");
        assert!(said.contains("matched with those of the network by name"), "{said}");
    }
    // Numbers in place of names, and labels that end before.
    write_set(&world.path("numbers"), images([0, 1, 0], 2));
    let (found, said) = noted(world.words("evaluate a --data numbers --json"));
    assert!(found.contains("\"accuracy\":1.0") && said.contains("by number"), "{found} {said}");

    write_set(&world.path("misspelt"), images([0, 1, 2], 3));
    world.file("misspelt/classes.txt", "ant\nbee\nkat\n");
    let problem = world.words("evaluate a --data misspelt").sentence();
    assert!(problem.contains("its class 'kat' is none of the network's: ant, bee, cat"), "{problem}");
    grey_set(&world, "more", &[0, 1, 2, 3], 20, None);
    let problem = world.words("evaluate a --data more").sentence();
    assert!(problem.contains("it has images of class 3, and the network knows 3 classes"), "{problem}");
    assert!(problem.contains("leave such images out, or name its classes"), "{problem}");
    // Where neither has names, names are no help.
    grey_set(&world, "two", &[0, 1], 20, None);
    noted(world.words(&format!("{SHORT} --data two --out two-run")));
    let problem = world.words("evaluate two-run --data more").sentence();
    assert!(problem.contains("or train a network on all its classes") && !problem.contains("name"), "{problem}");
}

#[test]
fn one_image_of_a_class_is_learned_and_not_held_out() {
    let world = World::new();
    let labels: Vec<u8> = (0..61).map(|image| if image == 60 { 2 } else { (image % 2) as u8 }).collect();
    write_set(&world.path("one"), [greys(labels), greys((0..60).map(|image| (image % 3) as u8).collect())]);
    let (found, said) = noted(world.words(&format!("{TRAIN} --data one --validation 0.5")));
    assert!(said.contains("no validation image is of class 2"), "{said}");
    assert!(found.contains("\"test_accuracy\":1.0"), "{found}");
}

#[test]
fn normalisation_of_one_value_is_refused_or_told() {
    let world = World::new();
    grey_set(&world, "two", &[0, 1], 10, None);
    let problem = world.words("train mlp --data two --batch 1 --validation 0").sentence();
    assert!(problem.contains("batch normalisation makes 0 of a single value"), "{problem}");
    assert!(!world.path("runs").exists());
    let (_, said) = noted(world.words("train mlp --data two --batch 19 --epochs 1 --validation 0 --quiet"));
    assert!(said.contains("the last batch of each epoch has one image"), "{said}");
}

#[test]
fn patience_says_that_it_has_ended_training() {
    let world = World::new();
    grey_set(&world, "two", &[0, 1], 20, None);
    world.file(
        "patient.toml",
        "name = 'patient'
        layers = [{ type = 'flatten' }, { type = 'dense', units = 2, activation = 'softmax' }]
        data = { validation = 0.25 }
        training = { epochs = 200, batch = 10, patience = 3, keep = 'best' }",
    );
    let page = world.words("train patient.toml --data two").done();
    let line = page.lines().find(|line| line.starts_with("patience ended training")).expect(&page);
    assert!(line.contains("of 200: 3 epochs after epoch ") && line.contains("kept is epoch"), "{line}");
}

#[test]
fn a_run_whose_classes_have_other_names_does_not_go_on() {
    let world = World::new();
    grey_set(&world, "names", &[0, 1, 2], 10, Some("ant\nbee\ncat\n"));
    noted(world.words("train mlp --data names --batch 10 --epochs 2 --out a --quiet"));
    world.file("names/classes.txt", "cat\nbee\nant\n");
    let problem = world.words("train --resume a --epochs 3").sentence();
    assert!(problem.contains("are called cat, bee, ant where a was trained on ant, bee, cat"), "{problem}");
    // Nor where it has a file of a run on the same images under other names.
    grey_set(&world, "other", &[0, 1, 2], 10, Some("cat\nbee\nant\n"));
    world.file("names/classes.txt", "ant\nbee\ncat\n");
    noted(world.words("train mlp --data other --batch 10 --epochs 2 --out other-run --quiet"));
    for file in ["checkpoint.safetensors", "run.toml"] {
        let (run, kept) = (world.path("a").join(file), world.path("kept"));
        fs::rename(&run, &kept).unwrap();
        fs::copy(world.path("other-run").join(file), &run).unwrap();
        let problem = world.words("train --resume a --epochs 3").sentence();
        assert!(problem.contains("the classes of ") && problem.contains("where a was trained on"), "{file}: {problem}");
        fs::rename(kept, run).unwrap();
    }
    world.file("names/classes.txt", "cat\nbee\nant\n");
    // Runs of before do not say what their classes were called, and their models do.
    let source = fs::read_to_string(world.path("a/run.toml")).unwrap();
    let before: String =
        source.lines().filter(|line| !line.starts_with("class_names")).map(|line| format!("{line}\n")).collect();
    world.file("a/run.toml", before);
    assert_eq!(world.words("train --resume a --epochs 3").sentence(), problem);
}

#[test]
fn a_run_without_its_checkpoint_does_not_begin_anew_unless_asked() {
    let world = World::new();
    grey_set(&world, "two", &[0, 1], 10, None);
    noted(world.words("train mlp --data two --batch 10 --epochs 2 --out a --quiet"));
    let result = fs::read_to_string(world.path("a/result.json")).unwrap();
    fs::remove_file(world.path("a/checkpoint.safetensors")).unwrap();
    let model = fs::read(world.path("a/model.safetensors")).unwrap();
    let problem = world.words("train --resume a --epochs 3").sentence();
    assert!(problem.contains("its checkpoint.safetensors is gone") && problem.contains("--restart"), "{problem}");
    assert_eq!(fs::read(world.path("a/model.safetensors")).unwrap(), model);
    noted(world.words("train --resume a --restart --quiet"));
    let score = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["test_loss"].clone();
    assert_eq!(score(&fs::read_to_string(world.path("a/result.json")).unwrap()), score(&result));
    assert_eq!(fs::read_to_string(world.path("a/metrics.jsonl")).unwrap().lines().count(), 2);
}

#[test]
fn a_run_goes_on_where_its_data_is_now_and_says_what_else_has_changed() {
    let world = World::new();
    grey_set(&world, "here", &[0, 1], 10, None);
    noted(world.words("train mlp --data here --batch 10 --epochs 1 --validation 0 --out a --quiet"));
    fs::rename(world.path("here"), world.path("there")).unwrap();
    let problem = world.words("train --resume a --epochs 2").sentence();
    assert!(
        problem.contains("the data of a is not where it was") && problem.contains("by --data, behind"),
        "{problem}"
    );
    let (_, said) = noted(world.words("train --resume a --epochs 2 --data there --quiet"));
    assert_eq!(said, "");
    // From then on it is known.
    noted(world.words("train --resume a --epochs 3 --quiet"));
    grey_set(&world, "other", &[1, 0], 10, None);
    let problem = world.words("train --resume a --epochs 4 --data other").sentence();
    assert!(problem.contains("is not what a was trained on"), "{problem}");

    let recipe = fs::read_to_string(world.path("a/recipe.toml")).unwrap();
    let edited: String = recipe
        .lines()
        .map(|line| if line.starts_with("learning_rate = ") { "learning_rate = 0.5" } else { line })
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(edited, recipe);
    world.file("a/recipe.toml", &edited);
    let command = |words: &str| Ended::of(world.command().args(words.split(' ')).env("MODISTE_ISA", "portable"));
    let (_, said) = noted(command("train --resume a --epochs 4 --quiet"));
    for change in ["learning_rate was ", " and is 0.5", "the instruction set was "] {
        assert!(said.contains(change), "{said}");
    }
    let layers = edited.replacen("units = ", "units = 1", 1);
    assert_ne!(layers, edited);
    world.file("a/recipe.toml", layers);
    let problem = world.words("train --resume a --epochs 5").sentence();
    assert!(problem.contains("the layers of its recipe.toml are not those that were trained"), "{problem}");
}
