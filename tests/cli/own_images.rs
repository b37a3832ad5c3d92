//! People's own images, from the folders, archives and pictures that they have to a network and its measurement.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::runner::{Ended, World};

/// A PNG file of class `class`, one of three: bright rows, columns or a square on dark noise. In colour, red is missing.
fn picture(class: usize, seed: usize, side: usize, is_in_colour: bool) -> Vec<u8> {
    let bright = |row: usize, column: usize| {
        let inside = |at: usize| (side / 4..side / 2).contains(&at);
        match class % 3 {
            0 => inside(row),
            1 => inside(column),
            _ => row >= side / 2 && column >= side / 2,
        }
    };
    let mut values = Vec::new();
    for place in 0..side * side {
        let noise = (seed * 7919 + place * 104_729 + seed * place * 31) >> 3 & 15;
        let value = noise as u8 + if bright(place / side, place % side) { 200 } else { 20 };
        values.extend(if is_in_colour { [10, value, value] } else { [value; 3] });
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&values).unwrap();
    bytes
}

/// Which pictures a folder gets.
#[derive(Clone, Copy)]
struct Wanted {
    each: usize,
    side: usize,
    is_in_colour: bool,
    /// Sets with other seeds have no picture in common.
    seed: usize,
}

const TRAIN: Wanted = Wanted { each: 20, side: 12, is_in_colour: false, seed: 0 };
const TEST: Wanted = Wanted { each: 6, seed: 100, ..TRAIN };

/// Folders of pictures called 0.png, 1.png …, one for each class.
fn classes(world: &World, place: &str, names: [&str; 3], wanted: Wanted) {
    let Wanted { each, side, is_in_colour, seed } = wanted;
    for (class, name) in names.iter().enumerate() {
        for index in 0..each {
            let bytes = picture(class, seed + index * 3 + class, side, is_in_colour);
            world.file(&format!("{place}/{name}/{index}.png"), bytes);
        }
    }
}

const NAMES: [&str; 3] = ["2", "10", "a"];

/// A set with training and test pictures.
fn set(world: &World, name: &str) {
    classes(world, &format!("{name}/train"), NAMES, TRAIN);
    classes(world, &format!("{name}/test"), NAMES, TEST);
}

/// `train speedrun-94` for some epochs, with the rest of its arguments. What a flip does to noise is not of interest.
fn train(world: &World, epochs: usize, rest: &str) -> Ended {
    world.words(&format!("train speedrun-94 --batch 12 --epochs {epochs} --no-flip --quiet --json {rest}"))
}

/// What was printed last of what ended well.
#[track_caller]
fn result(ended: &Ended) -> Value {
    assert_eq!(ended.status, Some(0), "{ended:?}");
    serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap()
}

/// The line of a run's `run.toml` that begins so.
fn of_run(world: &World, run: &str, beginning: &str) -> String {
    let text = fs::read_to_string(world.path(run).join("run.toml")).unwrap();
    text.lines().find(|line| line.starts_with(beginning)).unwrap_or_default().to_owned()
}

/// Puts a folder and all below it into a zip archive.
fn zipped(folder: &Path, archive: &Path) {
    let mut writer = zip::ZipWriter::new(fs::File::create(archive).unwrap());
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for path in fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder.parent().unwrap()).unwrap().to_str().unwrap();
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(&fs::read(&path).unwrap()).unwrap();
        }
    }
    writer.finish().unwrap();
}

#[test]
fn a_folder_is_trained_on_evaluated_and_gone_on_with() {
    let world = World::new();
    set(&world, "set");
    let trained = result(&train(&world, 2, "--data set --out run"));
    assert_eq!(trained["sizes"], json!({"train": 57, "validation": 3, "test": 18}));
    assert_eq!(of_run(&world, "run", "class_names"), "class_names = [\"2\", \"10\", \"a\"]");
    let measured = world.words("evaluate run --json").json();
    assert_eq!(measured["classes"], json!(["2", "10", "a"]), "in natural order");
    assert_eq!(measured["accuracy"], trained["test_accuracy"]);
    let further = result(&world.words("train --resume run --epochs 4 --quiet --json"));
    assert_eq!((&further["epochs"], &further["test_accuracy"]), (&json!(4), &json!(1.0)));
}

#[test]
fn an_archive_is_the_same_set_as_its_folder() {
    let world = World::new();
    set(&world, "set");
    zipped(&world.path("set"), &world.path("packed.zip"));
    let run = |data: &str, out: &str| {
        let result = result(&train(&world, 2, &format!("--data {data} --out {out} --threads 1")));
        (result["test_loss"].clone(), of_run(&world, out, "fingerprint"))
    };
    let folder = run("set", "a");
    assert!(folder.1.len() > "fingerprint = ".len());
    assert_eq!(folder, run("packed.zip", "b"));
    let moved = world.words("evaluate a --data packed.zip --json").json();
    assert_eq!(moved["loss"], folder.0);
}

#[test]
fn a_set_without_tests_keeps_the_same_fifth_in_every_command() {
    let world = World::new();
    classes(&world, "alone", NAMES, TRAIN);
    let said = "keeps no test images: 12 of its 60 images are kept for testing, the same in every command\n";
    let trained = train(&world, 2, "--data alone --validation 0 --out run");
    assert!(trained.stderr.ends_with(said), "{trained:?}");
    let measured = world.words("evaluate run --json");
    assert!(measured.stderr.ends_with(said), "a run that finds the set changed would say so: {measured:?}");
    let (trained, measured) = (result(&trained), result(&measured));
    assert_eq!((&measured["images"], &measured["loss"]), (&json!(12), &trained["test_loss"]));
    let checked = world.words("data check alone --json");
    assert!(checked.stderr.ends_with(said), "{checked:?}");
    assert_eq!(result(&checked)["images"], json!({"train": 48, "validation": 0, "test": 12}));
}

#[test]
fn a_damaged_picture_is_named_before_training_or_left_out() {
    let world = World::new();
    set(&world, "set");
    let whole = fs::read(world.path("set/train/10/3.png")).unwrap();
    world.file("set/train/10/3.png", &whole[..60]);
    let problem = train(&world, 2, "--data set --out run").sentence();
    assert!(problem.starts_with("1 of 78 pictures of set cannot be read: train/10/3.png ("), "{problem}");
    assert!(problem.contains("--skip-bad") && !world.path("run").exists(), "{problem}");

    let skipped = train(&world, 2, "--data set --out run --skip-bad");
    assert_eq!(result(&skipped)["sizes"], json!({"train": 56, "validation": 3, "test": 18}));
    assert!(skipped.stderr.contains("1 of 78 pictures cannot be read and are left out: train/10/3.png"), "{skipped:?}");
    // The run remembers it.
    let further = result(&world.words("train --resume run --epochs 3 --quiet --json"));
    let measured = result(&world.words("evaluate run --json"));
    assert_eq!(measured["loss"], further["test_loss"]);

    world.words("data check set --json").sentence();
    let checked = result(&world.words("data check set --json --skip-bad"));
    assert_eq!((&checked["left_out"][0]["path"], &checked["images"]["train"]), (&json!("train/10/3.png"), &json!(59)));
}

#[test]
fn other_pictures_become_what_the_network_was_trained_for() {
    let world = World::new();
    set(&world, "grey");
    for (name, wanted) in [("colour", Wanted { is_in_colour: true, ..TRAIN }), ("large", Wanted { side: 40, ..TRAIN })]
    {
        classes(&world, &format!("{name}/train"), NAMES, wanted);
        classes(&world, &format!("{name}/test"), NAMES, Wanted { each: 6, seed: 100, ..wanted });
    }
    // (trained on, in which way, what the network takes)
    for (data, way, taken) in [
        ("grey", "", ["height = 12", "width = 12", "channels = 1", "fit = \"pad\""]),
        ("colour", "--size 10x14 --fit stretch", ["height = 10", "width = 14", "channels = 3", "fit = \"stretch\""]),
    ] {
        result(&train(&world, 6, &format!("--data {data} {way} --out of-{data}")));
        for line in taken {
            assert_eq!(of_run(&world, &format!("of-{data}"), line.split('=').next().unwrap()), line);
        }
        for other in ["grey", "colour", "large"] {
            let measured = result(&world.words(&format!("evaluate of-{data} --data {other} --json")));
            assert_eq!(measured["images"], 18);
            let chance = 1.0 / 3.0;
            assert!(measured["accuracy"].as_f64().unwrap() >= chance, "{data} {other} {measured}");
        }
    }
    let larger = result(&world.words("evaluate of-grey --data large --json"));
    assert!(larger["accuracy"].as_f64().unwrap() > 0.9, "the same things, only larger: {larger}");
    let problem = world.words("evaluate of-grey --data large --size 20").sentence();
    assert!(problem.contains("takes images of 12x12x1, but those of large are 20x20x1"), "{problem}");
    let problem = world.words("evaluate of-grey --fit crop").sentence();
    assert!(problem.starts_with("--fit goes with --data"), "{problem}");
}

#[test]
fn what_is_in_a_set_is_told_to_programs() {
    let world = World::new();
    set(&world, "set");
    world.file("set/train/10/notes.txt", "not a picture");
    // Once more in tests, as another class.
    fs::copy(world.path("set/train/10/0.png"), world.path("set/test/2/again.png")).unwrap();
    let checked = result(&world.words("data check set --json"));
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let all = ["classes", "data", "duplicates", "form", "images", "left_out", "notes", "shape"];
    assert_eq!(fields(&checked), all);
    assert_eq!((&checked["data"], &checked["form"]), (&json!("set"), &json!("folder")));
    assert_eq!(checked["shape"], json!({"height": 12, "width": 12, "channels": 1}));
    assert_eq!(checked["images"], json!({"train": 60, "validation": 0, "test": 19}));
    assert_eq!(checked["classes"][1], json!({"name": "10", "train": 20, "validation": 0, "test": 6}));
    assert_eq!(checked["left_out"], json!([{"path": "train/10/notes.txt", "why": ".txt"}]));
    assert_eq!(
        checked["duplicates"],
        json!({"within_train": 0, "within_test": 0, "across": 1, "conflicting": 2}),
        "{checked}"
    );
    let kinds: Vec<_> = checked["notes"].as_array().unwrap().iter().map(|note| &note["kind"]).collect();
    assert!(kinds.contains(&&json!("duplicates_across")) && kinds.contains(&&json!("few_test_images")), "{kinds:?}");
    assert_eq!(fields(&checked["notes"][0]), ["kind", "text"]);
}

#[test]
fn what_cannot_be_trained_on_fails_the_check() {
    let world = World::new();
    set(&world, "set");
    for class in ["10", "a"] {
        fs::remove_dir_all(world.path("set/train").join(class)).unwrap();
    }
    let checked = world.words("data check set --json");
    assert_eq!(checked.status, Some(1), "{checked:?}");
    assert!(checked.stderr.contains("no network can be trained on set as it is"), "{checked:?}");
    let printed: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(printed["notes"][0]["kind"], "one_class");
}

#[test]
fn what_is_no_set_of_images_is_said_in_one_sentence() {
    let world = World::new();
    world.file("text.txt", "hello");
    world.file("loose/1.png", picture(0, 0, 8, false));
    world.file("loose/2.png", picture(1, 1, 8, false));
    fs::create_dir(world.path("empty")).unwrap();
    for (path, what, advice) in [
        ("./nothing", "cannot read ./nothing", "check the path"),
        ("nothing", "no data set and no file or folder called 'nothing'", "a path to your own images"),
        ("text.txt", "text.txt is no data set that can be read", "give a folder of pictures by class"),
        ("empty", "empty holds no picture", "a folder of pictures for each class"),
        ("loose", "loose holds pictures (2), but none in a folder of its class", "give train/CLASS/…"),
    ] {
        for command in ["data check", "train --data"] {
            let problem = world.words(&format!("{command} {path}")).sentence();
            assert!(problem.contains(what) && problem.contains(advice), "{command} {path}: {problem}");
        }
    }
    for words in ["train --size 20", "data check mnist --size 20", "summary mlp --data drawn-garments --size 20"] {
        let problem = world.words(words).sentence();
        assert!(problem.contains("is read as it is: leave --size out"), "{words}: {problem}");
    }
    let misuse = world.words("train --data loose --size 0").misuse();
    assert!(misuse.contains("--size takes one side, or height and width, from 1 to 512"), "{misuse}");
    let misuse = world.words("data check loose --shape 3").misuse();
    assert!(misuse.contains("--shape takes height, width and"), "{misuse}");
    assert_eq!(world.names(), ["empty", "loose", "text.txt"], "nothing has begun");
}

#[test]
fn names_of_classes_are_shown_and_harm_nothing() {
    let world = World::new();
    classes(&world, "set", ["--size 'a' \u{1b}[31m", "ü ñ", "犬"], TRAIN);
    let shown = world.words("data check set").stdout;
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let column = |line: &str| {
        let numbers = line.find("  16  ").unwrap_or_default();
        unicode_width::UnicodeWidthStr::width(&line[..numbers])
    };
    let lines: Vec<_> = shown.lines().filter(|line| line.contains("  16  ")).map(column).collect();
    assert!(lines.len() == 3 && lines.iter().all(|at| *at == lines[0]), "{shown}");
    let trained = result(&train(&world, 2, "--data set --out run"));
    let measured = result(&world.words("evaluate run --json"));
    assert_eq!(measured["accuracy"], trained["test_accuracy"]);
}
