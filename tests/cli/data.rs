//! `data`: what is here, whether it is whole, what it looks like.

use std::fs::{self, File};
use std::io::BufReader;

use crate::runner::{World, two_class_set};

#[test]
fn the_known_sets_are_listed() {
    let world = World::new();
    let sets = world.words("data list --json").json();
    let names: Vec<&str> = sets.as_array().unwrap().iter().map(|set| set["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["fashion-mnist", "mnist", "kmnist", "drawn-garments"]);
    assert_eq!((&sets[0]["state"], &sets[3]["state"]), (&"absent".into(), &"built_in".into()));
    assert_eq!((&sets[0]["images"], &sets[0]["classes"]), (&70_000.into(), &10.into()));
    let table = world.words("data list").done();
    for name in names {
        assert_eq!(table.lines().filter(|line| line.starts_with(&format!("{name} "))).count(), 1, "{table}");
    }
}

#[test]
fn what_is_here_is_told_from_what_is_not() {
    let world = World::new();
    // Only the size matters to the list.
    world.file("sets/mnist/t10k-labels-idx1-ubyte.gz", vec![0; 4542]);
    let sets = world.words("data list --json --data-dir sets").json();
    assert_eq!((&sets[0]["state"], &sets[1]["state"]), (&"absent".into(), &"incomplete".into()));
    assert_eq!(sets[1]["directory"], "sets/mnist");
}

#[test]
fn verifying_finds_damaged_and_missing_files() {
    let world = World::new();
    let damaged = world.file("sets/mnist/t10k-labels-idx1-ubyte.gz", vec![0; 4542]);
    let ended = world.words("data verify --data-dir sets");
    assert_eq!(ended.status, Some(1));
    assert_eq!(ended.stdout.lines().count(), 4);
    assert!(ended.stdout.contains("t10k-labels-idx1-ubyte.gz: SHA-256 "), "{ended:?}");
    assert!(ended.stderr.contains("4 of 4 files") && ended.stderr.contains("data fetch mnist"), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1);
    assert_eq!(fs::read(damaged).unwrap(), vec![0; 4542], "verifying changes nothing");

    let ended = world.words("data verify mnist --json --data-dir sets");
    let files: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(files.as_array().unwrap().len(), 4);
    assert!(files.as_array().unwrap().iter().all(|file| file["good"] == false && file["set"] == "mnist"));
}

#[test]
fn what_is_built_in_needs_no_fetching() {
    let ended = World::new().words("data fetch drawn-garments --json");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "[]\n"));
    assert_eq!(ended.stderr, "drawn-garments is built in and has no files\n");
}

/// Width, height and RGB pixels of a PNG file.
fn picture(path: impl AsRef<std::path::Path>) -> (usize, usize, Vec<u8>) {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width as usize, info.height as usize, pixels)
}

#[test]
fn the_snapshot_shows_each_class_in_its_row() {
    let world = World::new();
    two_class_set(&world.path("tiny"), [7, 201], 40, (8, 8));
    let shown = world.words("data show --data tiny --out grid.png --json").json();
    let (width, height, pixels) = picture(world.path("grid.png"));
    assert_eq!((&shown["width"], &shown["height"]), (&width.into(), &height.into()));
    assert_eq!((&shown["data"], &shown["split"], &shown["classes"]), (&"tiny".into(), &"train".into(), &2.into()));
    // Rows of the picture that show a grey of one class never show the other's, and the first class comes first.
    let rows_of = |grey: u8| -> Vec<usize> {
        // Words are drawn in shades too, so only long runs of one grey count as images.
        let is_row = |row: &&[u8]| row.chunks(3).filter(|pixel| **pixel == [grey; 3]).count() > 16 * 40;
        pixels.chunks(width * 3).enumerate().filter(|(_, row)| is_row(row)).map(|(index, _)| index).collect()
    };
    let (first, second) = (rows_of(7), rows_of(201));
    assert_eq!((first.len(), second.len()), (48, 48));
    assert!(first.last() < second.first());
    assert_eq!(world.names(), ["grid.png", "tiny"], "nothing unfinished is left");
}

#[test]
fn the_snapshot_is_named_after_the_set() {
    let world = World::new();
    let said = world.words("data show --data drawn-garments --split test").done();
    assert_eq!(said, "drawn-garments: 2,000 test images, samples in drawn-garments.png\n");
    assert_eq!(world.names(), ["drawn-garments.png"]);
    assert_eq!(world.words("data show --data drawn-garments --out again.png --quiet").done(), "");
    let (width, height, _) = picture(world.path("drawn-garments.png"));
    assert!(width > 16 * 56 && height > 10 * 56);
}

#[test]
fn a_snapshot_may_go_into_a_new_folder_and_says_what_it_replaces() {
    let world = World::new();
    two_class_set(&world.path("tiny"), [7, 201], 4, (8, 8));
    let said = world.words("data show --data tiny --out new/folder/grid.png").done();
    assert_eq!(said, "tiny: 4 training images, samples in new/folder/grid.png\n");
    let before = fs::read(world.path("new/folder/grid.png")).unwrap();
    let again = world.words("data show --data tiny --split test --out new/folder/grid.png --json");
    assert_eq!(again.status, Some(0));
    assert_eq!(again.stderr, "note: new/folder/grid.png was there and has been replaced\n");
    assert_ne!(fs::read(world.path("new/folder/grid.png")).unwrap(), before);
    // Its name need not be text.
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"\xff.png");
        let shown = world
            .run(["data", "show", "--json", "--data", "tiny", "--out"].map(AsRef::as_ref).into_iter().chain([name]));
        assert_eq!(shown.json()["out"], "\u{fffd}.png");
    }
}

#[test]
fn names_that_cannot_be_drawn_do_not_look_the_same() {
    let world = World::new();
    two_class_set(&world.path("tiny"), [7, 201], 4, (8, 8));
    world.file("tiny/classes.txt", "犬\n猫\n");
    world.words("data show --data tiny --out grid.png");
    let (width, _, pixels) = picture(world.path("grid.png"));
    // What is left of the images of a class of this grey, which are as high as each other.
    let name_beside = |grey: u8| -> Vec<&[u8]> {
        let row = |row: &'_ [u8]| row.chunks(3).position(|pixels| *pixels == [grey; 3]);
        let is_row = |row: &&[u8]| row.chunks(3).filter(|pixel| **pixel == [grey; 3]).count() > 40;
        let rows: Vec<&[u8]> = pixels.chunks(width * 3).filter(is_row).collect();
        rows.iter().map(|pixels| &pixels[..row(pixels).unwrap() * 3]).collect()
    };
    let (first, second) = (name_beside(7), name_beside(201));
    assert_eq!(first.len(), second.len());
    assert!(first.len() > 40 && first != second);
}

#[test]
fn which_letters_a_picture_lacks_is_said_and_a_font_may_have_them() {
    let world = World::new();
    two_class_set(&world.path("tiny"), [7, 201], 4, (8, 8));
    world.file("tiny/classes.txt", "кот\nσκύλος\n");
    assert_eq!(world.words("data show --data tiny").stderr, "");
    world.file("tiny/classes.txt", "犬\n猫 cat\n");
    let said = world.words("data show --data tiny --out lacking.png").stderr;
    assert!(said.contains("question marks, 犬猫;") && said.contains("--font FILE"), "{said}");

    world.file("none.ttf", "no font");
    let refused = world.words("data show --data tiny --font none.ttf");
    assert_eq!(refused.status, Some(1));
    assert!(refused.stderr.contains("none.ttf as a font: name a .ttf or .otf file"), "{refused:?}");
    assert!(world.words("data show --data tiny --font away.ttf").stderr.contains("cannot read the font away.ttf"));
}
