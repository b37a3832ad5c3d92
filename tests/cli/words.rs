//! Names that come from files on their way to people: told apart, harmless to a terminal, and ready to be typed.

use modiste_data::ImageShape;

use crate::runner::{Part, World, two_class_set, write_set};

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
