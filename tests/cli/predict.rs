//! The classes of pictures: the same numbers everywhere, and what is done about pictures that are none.

use std::fs;
use std::path::Path;

use modiste_data::Dataset;
use modiste_sources::{Silent, Source, load};
use serde_json::{Value, json};

use crate::runner::{Ended, World};

/// A network that has seen a little of the drawn garments, whose recipe has views.
const RECIPE: &str = "
name = 'glance'
layers = [
  { type = 'conv', filters = 8, kernel = 3, padding = 'same', bias = false },
  { type = 'batch_norm' },
  { type = 'relu' },
  { type = 'max_pool', size = 4 },
  { type = 'flatten' },
  { type = 'dense', activation = 'softmax' },
]
[data]
validation = 0
[training]
epochs = 2
batch = 50
[evaluation]
flip = true
shift = 1
";

/// A world with a run in `run`, and the set that it was trained on.
fn trained() -> (World, Dataset) {
    let world = World::new();
    world.file("glance.toml", RECIPE.as_bytes());
    let ended = world.words("train glance.toml --data drawn-garments --limit 1000 --out run --quiet");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    (world, load(&Source::DrawnGarments, None, &Silent).unwrap())
}

/// Test images of the set as PNG files: `pictures/0.png` and so on.
fn pictures(world: &World, set: &Dataset, count: usize) {
    for index in 0..count {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 28, 28);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(set.test.image(index)).unwrap();
        world.file(&format!("pictures/{index}.png"), bytes);
    }
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What must be the same whoever asks: the classes and their probabilities, digit for digit.
fn scores(answer: &Value) -> (&Value, &Value, &Value) {
    (&answer["index"], &answer["probability"], &answer["top"])
}

#[test]
fn an_image_has_the_same_probabilities_alone_among_others_as_a_file_and_in_its_set() {
    let (world, set) = trained();
    pictures(&world, &set, 23);
    let of_set = lines(&world.words("predict run --data drawn-garments --json --top 10"));
    let of_folder = lines(&world.words("predict run pictures --json --top 10"));
    assert_eq!((of_set.len(), of_folder.len()), (set.test.len() + 1, 23));
    for (index, answer) in of_folder.iter().enumerate() {
        assert_eq!(answer["input"], format!("pictures/{index}.png"));
        assert_eq!(scores(answer), scores(&of_set[index]), "image {index}");
    }
    for (rest, index) in [("pictures/7.png", 7), ("--threads 1 pictures/7.png", 7), ("pictures/1?.png", 10)] {
        let alone = lines(&world.words(&format!("predict run {rest} --json --top 10")));
        assert_eq!(scores(&alone[0]), scores(&of_folder[index]), "{rest}");
    }
    // The accuracy is what `evaluate` says.
    let evaluated = world.words("evaluate run --json");
    let evaluated: Value = serde_json::from_str(&evaluated.stdout).unwrap();
    let last = of_set.last().unwrap();
    assert_eq!(last["accuracy"], evaluated["accuracy"]);
    let right = of_set[..set.test.len()].iter().filter(|answer| answer["class"] == answer["truth"]).count();
    assert_eq!(last["right"], right);
}

#[test]
fn an_answer_has_the_fields_that_programs_rely_on() {
    let (world, set) = trained();
    pictures(&world, &set, 1);
    let answer = &lines(&world.words("predict run pictures/0.png --json"))[0];
    let top = answer["top"].as_array().unwrap();
    assert_eq!((top.len(), &top[0]["class"], &top[0]["index"]), (3, &answer["class"], &answer["index"]));
    assert_eq!((&top[0]["probability"], &answer["prepared"]), (&answer["probability"], &json!("as it is")));
    assert_eq!(set.class_names[answer["index"].as_u64().unwrap() as usize], answer["class"].as_str().unwrap());
    let (single, views) = (world.words("predict run pictures/0.png --json --single-view"), answer);
    assert_ne!(lines(&single)[0]["probability"], views["probability"]);
}

#[test]
fn a_damaged_picture_is_named_and_the_others_are_classified() {
    let (world, set) = trained();
    pictures(&world, &set, 3);
    world.file("pictures/1.png", b"no picture");
    let ended = world.words("predict run pictures gone.png --json");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let answers = lines(&ended);
    assert_eq!(answers.iter().filter(|answer| answer["class"].is_string()).count(), 2);
    for (place, input) in [(1, "pictures/1.png"), (3, "gone.png")] {
        assert_eq!(answers[place]["input"], input);
        assert!(!answers[place]["error"].as_str().unwrap().is_empty());
        assert!(ended.stderr.contains(input), "{ended:?}");
    }
}

#[test]
fn answers_are_told_in_a_table_a_file_and_folders() {
    let (world, set) = trained();
    pictures(&world, &set, 12);
    let table = world.words("predict run pictures");
    assert_eq!((table.status, table.stdout.lines().count()), (Some(0), 13), "{table:?}");
    let ended = world.words("predict run pictures --out answers.csv --copy-to sorted --top 2");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    let text = fs::read_to_string(world.path("answers.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        rows[0],
        [
            "input",
            "truth",
            "class",
            "index",
            "probability",
            "class_2",
            "probability_2",
            "unfamiliar",
            "prepared",
            "error"
        ]
    );
    assert_eq!(rows.len(), 13);
    for row in &rows[1..] {
        let name = Path::new(row[0]).file_name().unwrap();
        let copy = world.path("sorted").join(row[2].replace('/', "_")).join(name);
        assert_eq!(fs::read(copy).unwrap(), fs::read(world.path(row[0])).unwrap());
    }
    let ended = world.words("predict run pictures --out answers.jsonl");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let text = fs::read_to_string(world.path("answers.jsonl")).unwrap();
    assert_eq!(text, world.words("predict run pictures --json").stdout);
}

#[test]
fn names_are_replaced_and_what_is_not_certain_is_unsure() {
    let (world, set) = trained();
    pictures(&world, &set, 2);
    let names: Vec<String> = (0..10).map(|class| format!("thing {class}")).collect();
    world.file("names.txt", names.join("\n").into_bytes());
    let named = &lines(&world.words("predict run pictures --json --names names.txt"))[0];
    assert_eq!(named["class"], format!("thing {}", named["index"]));
    let unsure = &lines(&world.words("predict run pictures --json --min-confidence 1"))[0];
    assert_eq!((&unsure["class"], &unsure["index"]), (&json!("unsure"), &Value::Null));
    assert_eq!(unsure["top"][0]["probability"], named["probability"]);
    world.file("names.txt", b"one\ntwo");
    assert!(world.words("predict run pictures --names names.txt").sentence().contains("2 names"));
}

#[test]
fn what_cannot_be_meant_is_refused_in_one_sentence() {
    let (world, set) = trained();
    pictures(&world, &set, 1);
    fs::create_dir(world.path("empty")).unwrap();
    for (rest, said) in [
        ("predict run", "nothing to classify"),
        ("predict run empty", "holds no picture"),
        ("predict run 'z*.png'", "nothing is called"),
        ("predict run pictures --data drawn-garments", "name one of them"),
        ("predict run --data drawn-garments --copy-to a", "--copy-to goes with pictures"),
        ("predict run pictures --out answers.txt", "end in .csv or .jsonl"),
        ("predict pictures", "no trained run"),
    ] {
        let sentence = world.words(&rest.replace('\'', "")).sentence();
        assert!(sentence.contains(said), "{rest}: {sentence}");
    }
    for rest in ["--top 0", "--min-confidence 2", "--split some"] {
        world.words(&format!("predict run pictures {rest}")).misuse();
    }
}

#[test]
fn an_explanation_is_drawn_of_each_picture() {
    let (world, set) = trained();
    pictures(&world, &set, 2);
    for _ in 0..2 {
        let ended = world.words("predict run pictures --explain why");
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
    let ended = world
        .run_with_input(["predict", "run", "-", "--explain", "why"], &fs::read(world.path("pictures/0.png")).unwrap());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for name in ["0.png", "1.png", "0-2.png", "1-2.png", "standard-input.png"] {
        let file = fs::File::open(world.path("why").join(name)).unwrap();
        let picture = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
        assert!(picture.info().width > 2 * 320, "{name}");
    }
}
