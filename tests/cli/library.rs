//! The library at work without the command line: the example, and what README shows of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::runner::Ended;

const NAME: &str = "train_and_classify";

/// The example as `cargo test` has built it, or else by way of Cargo.
fn example() -> Command {
    let built: PathBuf = Path::new(env!("CARGO_BIN_EXE_modiste")).with_file_name("examples").join(NAME);
    if built.exists() {
        return Command::new(built);
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--locked", "--quiet", "--example", NAME]).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

#[test]
fn a_program_trains_resumes_and_classifies() {
    let stdout = Ended::of(&mut example()).done();
    let lines: Vec<_> = stdout.lines().collect();
    let begins = ["epoch 1:", "epoch 2:", "stopped after 2 epochs", "epoch 3:", "epoch 4:"];
    assert!(lines.iter().zip(begins).all(|(line, begin)| line.starts_with(begin)), "{lines:?}");
    let share = lines[5].strip_suffix("% of the test images are classified rightly").unwrap();
    assert!(share.parse::<f64>().unwrap() > 60.0, "{share}%");
    assert!(lines.len() > 6 && lines[6..].iter().all(|line| line.contains(" is taken for a ")), "{lines:?}");
}

#[test]
fn readme_shows_lines_of_the_example() {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let example = read(&format!("examples/{NAME}.rs"));
    let known: Vec<_> = example.lines().map(str::trim).collect();
    let readme = read("README.md");
    let (_, shown) = readme.split_once("```rust\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    assert!(shown.lines().count() > 10);
    for line in shown.lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(known.contains(&line), "examples/{NAME}.rs has no line {line}");
    }
}
