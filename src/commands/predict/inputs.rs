//! What is to be classified, as it was typed: files, folders, patterns, standard input.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use modiste_files::regular_file;
use modiste_sources::pictures_below;

use crate::output;

/// Bytes of a picture at most: more are no picture that somebody has.
const LARGEST: u64 = 1 << 30;

/// A picture that has not been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    File(PathBuf),
    Standard,
}

impl Input {
    /// What answers call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Standard => "-".to_owned(),
        }
    }

    /// All of it.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::File(path) => regular_file::read(path),
            Self::Standard => {
                let mut bytes = Vec::new();
                io::stdin().lock().take(LARGEST).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

/// The pictures of what was typed, each once. What does not exist stays: its answer is that it cannot be read.
pub fn inputs(typed: &[PathBuf]) -> Result<Vec<Input>> {
    let (mut inputs, mut seen) = (Vec::new(), HashSet::new());
    let mut add = |input: Input| {
        if seen.insert(input.name()) {
            inputs.push(input);
        }
    };
    for path in typed {
        if path == OsStr::new("-") {
            add(Input::Standard);
        } else if path.is_dir() {
            below(path)?.into_iter().for_each(|path| add(Input::File(path)));
        } else if path.exists() {
            add(Input::File(path.clone()));
        } else {
            for path in matching(path)? {
                if path.is_dir() {
                    below(&path)?.into_iter().for_each(|path| add(Input::File(path)));
                } else {
                    add(Input::File(path));
                }
            }
        }
    }
    Ok(inputs)
}

fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (pictures, others) = pictures_below(folder)?;
    let place = folder.display();
    if pictures.is_empty() {
        bail!("{place} holds no picture (PNG, JPEG, WebP, BMP, GIF, TIFF, PNM): name pictures, or a folder of some");
    }
    if others > 0 {
        output::note(&format!("note: {} in {place} that are no pictures are left out", output::count(others, "file")));
    }
    Ok(pictures)
}

/// What a pattern that the shell has left alone names; the path itself where it is none.
fn matching(path: &Path) -> Result<Vec<PathBuf>> {
    let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) else {
        return Ok(vec![path.to_owned()]);
    };
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let Ok(found) = glob::glob_with(pattern, options) else { return Ok(vec![path.to_owned()]) };
    let found: Vec<PathBuf> = found.flatten().collect();
    if found.is_empty() {
        bail!("nothing is called {pattern}: name pictures, or a folder of some");
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_folders_and_patterns_name_each_picture_once() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("more")).unwrap();
        for name in ["a1.png", "a2.png", "b[1].png", "more/c.jpg"] {
            fs::write(at(name), "x").unwrap();
        }
        let typed = ["a2.png", "a*.png", "more", "b[1].png", "gone.png"].map(at);
        let expected = ["a2.png", "a1.png", "more/c.jpg", "b[1].png", "gone.png"].map(|name| Input::File(at(name)));
        assert_eq!(inputs(&typed).unwrap(), expected);
        assert_eq!(inputs(&["-".into(), "-".into()]).unwrap(), [Input::Standard]);
        assert!(inputs(&[at("z*.png")]).is_err());
    }
}
