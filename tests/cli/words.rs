//! Names that come from files on their way to people: told apart, harmless to a terminal, and ready to be typed.

use std::fs;

use modiste_data::ImageShape;
use modiste_network::model::{self, Model};
use serde_json::Value;

use crate::runner::{Ended, Part, World, two_class_set, write_set};

const SMALL: &str = "
name = 'small'
layers = [{ type = 'flatten' }, { type = 'dense', activation = 'softmax' }]
[training]
epochs = 1
batch = 16
";

/// A world with a recipe and a set of two classes of these names.
fn world(names: [&str; 2]) -> World {
    let world = World::new();
    world.file("small.toml", SMALL);
    two_class_set(&world.path("set"), [10, 200], 20, (4, 4));
    world.file("set/classes.txt", names.join("\n"));
    world
}

/// What `evaluate` prints of a network that has been trained on the set.
fn page(world: &World) -> String {
    world.words("train small.toml --data set --out run --quiet").done();
    world.words("evaluate run").done()
}

/// The rows of two classes in the table of scores, and then in that of confusions.
fn rows(page: &str) -> Vec<&str> {
    let after = |title: &str| page.lines().skip_while(|line| !line.starts_with(title)).skip(1).collect::<Vec<_>>();
    let (scores, confusions) = (after("class "), after("confusions"));
    vec![scores[0], scores[1], confusions[0], confusions[1], confusions[2]]
}

/// Neither stream of a command holds what a terminal would obey, and what it was is to be seen.
#[track_caller]
fn assert_shown_and_not_obeyed(ended: &Ended, shown: &str) {
    for text in [&ended.stdout, &ended.stderr] {
        let obeyed = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
        assert!(!text.contains(obeyed), "{text:?}");
    }
    assert!(ended.stdout.contains(shown) || ended.stderr.contains(shown), "{shown} is not in {ended:?}");
}

#[test]
fn tables_stand_in_columns_in_any_script() {
    let world = world(["犬と猫と鳥", "кот"]);
    let page = page(&world);
    let rows = rows(&page);
    // Each character of the first takes two columns of a terminal.
    let columns = |name: &str, spaces: usize| name.to_owned() + &" ".repeat(spaces) + "0.0000";
    assert!(rows[0].starts_with(&columns("犬と猫と鳥", 8)), "{page}");
    assert!(rows[1].starts_with(&columns("кот", 15)), "{page}");
    assert_eq!(rows[2], "           犬と  кот", "{page}");
    assert_eq!((rows[3], rows[4]), ("犬と猫と鳥    ·   10", "кот          10    ·"));
}

#[test]
fn long_names_that_differ_in_one_place_are_told_apart() {
    let (cold, middle) = ("a garment for cold days, ".repeat(12), "a".repeat(150));
    for (names, short) in [
        ([format!("{cold}grey"), format!("{cold}blue")], ["a garment …ays, grey", "a garment …ays, blue"]),
        (
            [format!("{middle}1{middle}"), format!("{middle}2{middle}")],
            ["0 aaaaaaaaa…aaaaaaaa", "1 aaaaaaaaa…aaaaaaaa"],
        ),
    ] {
        let world = world([&names[0], &names[1]]);
        let page = page(&world);
        for (row, name) in [(0, short[0]), (1, short[1]), (3, short[0]), (4, short[1])] {
            assert!(rows(&page)[row].starts_with(name), "{page}");
        }
    }
}

#[test]
fn no_name_is_obeyed_by_a_terminal() {
    let world = world(["cat", "dog"]);
    world.words("train small.toml --data set --out run --quiet").done();
    let Model { mut card, network, parameters, .. } = Model::open(&world.path("run/model.safetensors")).unwrap();
    // Red from here on; a screen cleared by a single character; a line that begins anew.
    card.class_names = vec!["cat\u{1b}[31m".to_owned(), "\u{9b}2Jdog\r\n".to_owned()];
    card.data.name = "se\u{202e}t".to_owned();
    fs::remove_file(world.path("set/classes.txt")).unwrap();
    model::save(&world.path("odd.safetensors"), &card, &network, &parameters, None).unwrap();
    let page = world.words("evaluate odd.safetensors --data set");
    assert_shown_and_not_obeyed(&page, "0 cat?[31m");
    assert_eq!(rows(&page.stdout)[1].split("  ").next(), Some("1 ?2Jdog??"));
    let document = world.words("evaluate odd.safetensors --data set --json");
    assert_shown_and_not_obeyed(&document, "\\u009b2Jdog\\r\\n");
    let document: Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!(document["classes"], serde_json::json!(card.class_names));

    world.file("set/classes.txt", "cat\u{1b}[31m\ndog");
    let ended = world.words("train small.toml --data set");
    assert_shown_and_not_obeyed(&ended, "line 1 has the character \\u{1b}");
    world.file("odd.toml", SMALL.replace("'small'", "\"s\\u001b[31m\""));
    assert_shown_and_not_obeyed(&world.words("train odd.toml --data set"), "name 's\\u{1b}[31m' must be made of");
    for command in [
        &["summary", "no\u{1b}]0;title\u{7}.toml"][..],
        &["data", "show", "--data", "no\u{1b}]0;title\u{7}"],
        &["data", "fetch", "no\u{1b}]0;title\u{7}"],
        &["evaluate", "no\u{1b}]0;title\u{7}"],
        &["compare", "no\u{1b}]0;title\u{7}"],
        &["embed", "--input", "no\u{1b}]0;title\u{7}.csv"],
    ] {
        assert_shown_and_not_obeyed(&world.run(command), "no\\u{1b}]0;title\\u{7}");
    }
    // What is named after such a set has a name that can be listed.
    two_class_set(&world.path("a\u{1b}[31m"), [10, 200], 4, (4, 4));
    let ended = world.run(["data", "show", "--data", "a\u{1b}[31m"]);
    assert_shown_and_not_obeyed(&ended, "samples in a_[31m.png");
    assert!(world.path("a_[31m.png").is_file());
}

#[test]
fn one_of_a_kind_is_singular() {
    let world = World::new();
    world.file("small.toml", SMALL);
    let part = || Part { shape: ImageShape { height: 4, width: 4, channels: 1 }, pixels: vec![9; 16], labels: vec![0] };
    write_set(&world.path("one"), [part(), part()]);
    assert_eq!(world.words("data show --data one").done(), "one: 1 training image, samples in one.png\n");
    let page = world.words("train small.toml --data one --validation 0 --threads 1 --out run");
    assert_eq!(page.status, Some(0), "{page:?}");
    for words in
        ["small on one: 1 training and 1 test image, none for validation; ", ", 1 thread\n", "\n1 test image of one: "]
    {
        assert!(page.stdout.contains(words), "{words} is not in {}", page.stdout);
    }
    let page = world.words("evaluate run").done();
    assert!(page.contains("small (run, 1 epoch) on the 1 test image of "), "{page}");
}

#[test]
fn suggested_commands_can_be_typed_as_they_are() {
    let world = world(["cat", "dog"]);
    let said = world.run(["train", "small.toml", "--data", "set", "--out", "anna's best run"]).done();
    let line = said.lines().last().unwrap();
    let (kept, command) = line.split_once("; look closer with `").unwrap();
    assert_eq!(kept, "kept in anna's best run");
    let command = command.strip_suffix('`').unwrap();
    assert_eq!(command, "modiste evaluate 'anna'\\''s best run'");
    #[cfg(unix)]
    {
        let typed = command.replacen("modiste", env!("CARGO_BIN_EXE_modiste"), 1);
        let mut shell = std::process::Command::new("sh");
        let page = Ended::of(shell.args(["-c", &typed]).current_dir(world.path(""))).done();
        assert!(page.starts_with("small (anna's best run, 1 epoch)"), "{page}");
    }
    fs::remove_file(world.path("anna's best run/result.json")).unwrap();
    let sentence = world.run(["compare", "anna's best run"]).sentence();
    assert!(sentence.ends_with("`modiste train --resume 'anna'\\''s best run'`"), "{sentence}");
    fs::rename(world.path("set"), world.path("elsewhere")).unwrap();
    let sentence = world.run(["train", "--resume", "anna's best run", "--epochs", "2"]).sentence();
    assert!(sentence.contains("by --data, behind `modiste train --resume 'anna'\\''s best run'`"), "{sentence}");
    fs::rename(world.path("elsewhere"), world.path("set")).unwrap();
    fs::remove_file(world.path("anna's best run/checkpoint.safetensors")).unwrap();
    let sentence = world.run(["train", "--resume", "anna's best run", "--epochs", "2"]).sentence();
    assert!(sentence.ends_with("`modiste train --resume 'anna'\\''s best run' --restart`"), "{sentence}");
    let series = ["train", "small.toml", "--data", "set", "--seeds", "2", "--out", "her series"];
    let said = world.run(series).done();
    assert!(said.ends_with("by naming them behind it: `modiste compare 'her series'`\n"), "{said}");
}

#[test]
fn what_has_the_name_of_something_built_in_is_mentioned() {
    let world = world(["cat", "dog"]);
    fs::create_dir(world.path("seed-mlp")).unwrap();
    fs::create_dir(world.path("mnist")).unwrap();
    world.file("drawn-garments", "");
    let ended = world.words("summary seed-mlp");
    assert_eq!(ended.stderr, "note: seed-mlp is the built-in recipe, not seed-mlp here: that would be ./seed-mlp\n");
    assert!(ended.stdout.contains("384,854"), "{ended:?}");
    let ended = world.words("data show --data drawn-garments");
    let expected = "note: --data drawn-garments is the built-in set, not drawn-garments here: that would be --data \
                    ./drawn-garments\n";
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), expected));
    // It says nothing of another recipe, or of the path.
    assert_eq!(world.words("summary mlp").stderr, "");
    assert_eq!(world.words("data show --data ./set --out set.png").stderr, "");
}
