//! Pictures of one's own are decoded once, and kept for the next command.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::runner::World;

/// A thousand and ten pictures of two classes, none of which has just changed.
fn many_pictures(world: &World) {
    for number in 0..1_010_u32 {
        let class = ["ant", "bee"][number as usize % 2];
        let pixels = number.to_le_bytes();
        picture(world, &format!("set/{class}/{number}.pgm"), &pixels, 100);
    }
}

fn picture(world: &World, name: &str, pixels: &[u8; 4], age: u64) {
    let path = world.file(name, [b"P5 2 2 255 ".as_slice(), pixels].concat());
    let time = SystemTime::now() - Duration::from_secs(age);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// The files that keep decoded sets.
fn kept(world: &World) -> Vec<PathBuf> {
    let entries = fs::read_dir(world.path("cache/modiste/images")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// What the set comes to, to the last pixel.
fn snapshot(world: &World, flags: &str) -> Vec<u8> {
    let ended = world.words(&format!("data check set --json {flags}"));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    [ended.stdout, ended.stderr].concat().into_bytes()
}

#[test]
fn what_is_kept_is_what_was_decoded() {
    let world = World::new();
    many_pictures(&world);
    let decoded = snapshot(&world, "--no-cache");
    assert!(kept(&world).is_empty(), "--no-cache keeps nothing");
    assert_eq!(snapshot(&world, ""), decoded);
    let [file] = kept(&world).try_into().expect("one file for a set");
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(snapshot(&world, ""), decoded);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "it was read, not written again");

    // A damaged file is replaced.
    let whole = fs::read(&file).unwrap();
    let mut bytes = whole.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(snapshot(&world, ""), decoded);
    assert_eq!(fs::read(&file).unwrap(), whole);
}

#[test]
fn a_changed_picture_is_seen() {
    let world = World::new();
    many_pictures(&world);
    let before = snapshot(&world, "");
    assert_eq!(kept(&world).len(), 1);
    // Equal to another one, which the check counts.
    picture(&world, "set/ant/0.pgm", &2_u32.to_le_bytes(), 50);
    let after = snapshot(&world, "");
    assert_ne!(after, before);
    assert_eq!(snapshot(&world, "--no-cache"), after);
    assert_eq!(kept(&world).len(), 1, "the old one has been replaced");
}
