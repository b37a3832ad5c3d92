//! Runs the program in an empty world: no data sets, no network address is ever asked.

use std::ffi::OsStr;
use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use modiste_data::ImageShape;
use serde_json::Value;
use tempfile::TempDir;

/// A directory to work in, gone at the end of the test.
pub struct World {
    directory: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// As the shell sees it; `None` when a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Names of what lies in the directory, hidden or not.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modiste"));
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command
            .env_remove("MODISTE_DATA")
            .env_remove("MODISTE_ISA")
            .env_remove("MODISTE_CONVOLUTIONS")
            .env("XDG_CACHE_HOME", self.path("cache"));
        command
    }

    pub fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
        Ended::of(self.command().args(arguments))
    }

    /// Runs with these bytes on standard input.
    pub fn run_with_input(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, input: &[u8]) -> Ended {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input).unwrap();
        file.rewind().unwrap();
        Ended::of(self.command().args(arguments).stdin(file))
    }

    /// Runs words that are separated by spaces.
    pub fn words(&self, words: &str) -> Ended {
        self.run(words.split_whitespace())
    }
}

impl Ended {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What was printed, where all went well.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// The one JSON document that was printed and nothing else.
    #[track_caller]
    pub fn json(self) -> Value {
        let stdout = self.done();
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
        serde_json::from_str(&stdout).unwrap()
    }

    /// The one sentence of a failure.
    #[track_caller]
    pub fn sentence(self) -> String {
        assert_eq!((self.status, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        for word in ["panicked", "RUST_BACKTRACE", "unwrap", "Error {", "Os {"] {
            assert!(!self.stderr.contains(word), "{self:?}");
        }
        self.stderr.strip_prefix("error: ").expect("errors begin alike").trim_end().to_owned()
    }

    /// What was said about wrong usage.
    #[track_caller]
    pub fn misuse(self) -> String {
        assert_eq!((self.status, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self.stderr
    }
}

/// The four IDX files of a set of two classes: images of class c are filled with `levels[c]`.
pub fn two_class_set(directory: &Path, levels: [u8; 2], images: usize, (rows, columns): (usize, usize)) {
    fs::create_dir_all(directory).unwrap();
    for part in ["train", "t10k"] {
        let mut pixels = vec![0, 0, 8, 3];
        for size in [images, rows, columns] {
            pixels.extend((size as u32).to_be_bytes());
        }
        let mut labels = vec![0, 0, 8, 1];
        labels.extend((images as u32).to_be_bytes());
        for index in 0..images {
            pixels.extend(vec![levels[index % 2]; rows * columns]);
            labels.push((index % 2) as u8);
        }
        fs::write(directory.join(format!("{part}-images-idx3-ubyte")), pixels).unwrap();
        fs::write(directory.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

/// A set of images of one shape, `[n, height, width, channels]`, and their classes, `[n]`.
pub struct Part {
    pub shape: ImageShape,
    pub pixels: Vec<u8>,
    pub labels: Vec<u8>,
}

/// Writes training and test images as the four IDX files of a data set.
pub fn write_set(directory: &Path, parts: [Part; 2]) {
    fs::create_dir_all(directory).unwrap();
    for (name, Part { shape, pixels, labels }) in ["train", "t10k"].iter().zip(parts) {
        let mut images = vec![0, 0, 8, 4];
        for size in [labels.len(), shape.height, shape.width, shape.channels] {
            images.extend((size as u32).to_be_bytes());
        }
        images.extend(pixels);
        let mut classes = vec![0, 0, 8, 1];
        classes.extend((labels.len() as u32).to_be_bytes());
        classes.extend(labels);
        fs::write(directory.join(format!("{name}-images-idx4-ubyte")), images).unwrap();
        fs::write(directory.join(format!("{name}-labels-idx1-ubyte")), classes).unwrap();
    }
}
