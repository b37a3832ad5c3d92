//! Where `embed` leaves a map: whole and alone in its directory, or nothing at all.

#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::embed::{EMBED, FILES, heaps, lines, names, read};
use crate::runner::{Ended, World};

#[test]
fn no_map_takes_the_place_of_another() {
    let world = World::new();
    world.file("heaps.csv", lines(&heaps()));
    let embed = "embed --input heaps.csv --perplexity 10 --iterations 30";
    for number in 1..=2 {
        world.words(embed).done();
        assert_eq!(names(&world, &format!("maps/heaps-{number}")), FILES);
    }
    fs::create_dir(world.path("empty")).unwrap();
    world.words(&format!("{embed} --out empty")).done();
    assert_eq!(names(&world, "empty"), FILES);
    world.words(&format!("{embed} --out deep/new")).done();
    assert_eq!(names(&world, "deep/new"), FILES);

    world.file("full/note", "mine");
    for (out, words) in [
        ("full", "full is not empty"),
        ("empty", "a new or an empty one"),
        ("heaps.csv", "cannot write a map to heaps.csv"),
        ("heaps.csv/map", "heaps.csv/map"),
    ] {
        let sentence = world.words(&format!("{embed} --out {out}")).sentence();
        assert!(sentence.contains(words), "{out}: {sentence}");
    }
    assert_eq!((names(&world, "full"), read(&world, "full/note")), (vec!["note".into()], b"mine".to_vec()));
    assert_eq!(read(&world, "heaps.csv"), lines(&heaps()).into_bytes());
    assert_eq!(world.names(), ["deep", "empty", "full", "heaps.csv", "maps"]);
}

/// A map that is being made, once its first line is printed.
#[cfg(unix)]
struct Making {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

#[cfg(unix)]
impl Making {
    fn begin(world: &World, words: &str) -> Self {
        let mut command = world.command();
        command.args(words.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with("t-SNE of "), "{line}");
        Self { child, stdout }
    }

    /// Sends these signals, one right after the other, and has nothing more printed but that nothing is kept.
    fn interrupt(mut self, signals: &[&str]) {
        let process = self.child.id();
        let kills: String = signals.iter().map(|signal| format!("kill -{signal} {process};")).collect();
        Command::new("sh").args(["-c", &kills]).status().unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let output = self.child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), rest.as_str()), (Some(130), ""), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.ends_with("interrupted; nothing of the map is kept\n"), "{said}");
    }
}

/// A map that takes longer than any test.
#[cfg(unix)]
const ENDLESS: &str = "embed --data drawn-garments --samples 1000 --iterations 1000000";

#[cfg(unix)]
#[test]
fn an_interrupted_map_leaves_nothing() {
    let world = World::new();
    fs::create_dir(world.path("empty")).unwrap();
    for (signals, out) in [
        (&["INT"][..], ""),
        (&["TERM"], "--out deep/map"),
        (&["INT"], "--out empty"),
        (&["INT", "INT", "TERM"], ""),
        (&["TERM", "INT", "INT"], "--out empty"),
    ] {
        Making::begin(&world, &format!("{ENDLESS} {out}")).interrupt(signals);
        assert_eq!(world.names(), ["empty"]);
        assert_eq!(names(&world, "empty"), [""; 0]);
    }
}

#[cfg(unix)]
#[test]
fn the_search_for_neighbours_can_be_interrupted() {
    let world = World::new();
    // Nothing rules pairs of such points out: finding their neighbours takes many seconds.
    let (rows, columns) = (40_000, 32);
    let mut state = 1u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32
    });
    let values: Vec<f32> = noise.take(rows * columns).collect();
    let mut file = Vec::new();
    modiste_sources::write_npy(&mut file, columns, &values).unwrap();
    world.file("noise.npy", file);
    let making = Making::begin(&world, "embed --input noise.npy --perplexity 100");
    making.interrupt(&["INT"]);
    assert_eq!(world.names(), ["noise.npy"]);
}

#[cfg(unix)]
#[test]
fn a_directory_takes_one_map_at_a_time() {
    let world = World::new();
    for (out, left) in [("map", &[][..]), ("empty", &["empty"])] {
        if out == "empty" {
            fs::create_dir(world.path("empty")).unwrap();
        }
        let first = Making::begin(&world, &format!("{ENDLESS} --out {out}"));
        let sentence = world.words(&format!("{EMBED} --out {out}")).sentence();
        assert!(sentence.starts_with(&format!("another process is making a map in {out}")), "{sentence}");
        first.interrupt(&["INT"]);
        assert_eq!(world.names(), left);
    }
    // What the first would have been called is the second's name only once there is a map.
    let first = Making::begin(&world, ENDLESS);
    world.words(EMBED).done();
    first.interrupt(&["INT"]);
    assert_eq!(names(&world, "maps"), ["drawn-garments-2"]);
    assert_eq!(names(&world, "maps/drawn-garments-2"), FILES);
}

#[test]
fn a_map_is_made_though_nobody_reads_of_it() {
    let world = World::new();
    for options in ["", "--json", "--quiet"] {
        let mut command = world.command();
        command.args(format!("{EMBED} --out map {options}").split_whitespace());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{options}");
        assert_eq!(names(&world, "map"), FILES, "{options}");
        fs::remove_dir_all(world.path("map")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_may_have_any_name() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let out = OsStr::from_bytes(b"m\xe4p");
    let words = format!("{EMBED} --json --out");
    let document = world.run(words.split_whitespace().map(OsStr::new).chain([out])).json();
    assert_eq!(document["out"], "m\u{fffd}p");
    assert_eq!(fs::read_dir(world.path("").join(out)).unwrap().count(), 4);
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_is_told_and_left_as_it_was() {
    let world = World::new();
    // In units of 512 bytes: more than the picture, less than the page.
    let script = format!("ulimit -f 2000; exec \"$0\" {EMBED}");
    let program = world.command().get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.current_dir(world.path("")).env_remove("MODISTE_DATA").args(["-c", &script]).arg(program);
    let ended = Ended::of(&mut shell);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.starts_with("error: cannot write maps/drawn-garments-1/map.html: "), "{ended:?}");
    assert_eq!(world.names(), [""; 0], "{ended:?}");
}
