//! A directory of runs that differ in their seeds alone: each is a run directory of its own, `seed-N` for seed N.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use modiste_files::FileError;

use super::run_directory::{RunError, RunPaths};

const PREFIX: &str = "seed-";

/// The run of this seed, whether or not there is one.
pub fn run(directory: &Path, seed: u64) -> PathBuf {
    directory.join(format!("{PREFIX}{seed}"))
}

/// The seed whose run has this name, if it is one.
fn seed_of(name: &OsStr) -> Option<u64> {
    name.to_str()?.strip_prefix(PREFIX)?.parse().ok()
}

/// The runs that are there, by their seeds; none if the directory is no such one.
pub fn runs(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let numbered = |entry: fs::DirEntry| {
        let seed = seed_of(&entry.file_name())?;
        RunPaths::new(entry.path()).source().exists().then(|| (seed, entry.path()))
    };
    let mut runs: Vec<_> = entries.filter_map(numbered).collect();
    runs.sort();
    runs.into_iter().map(|(_, path)| path).collect()
}

/// Whether runs of seeds can be put here: there is nothing yet, or nothing else.
///
/// # Errors
/// When the directory is a run itself, or holds anything else, or cannot be read.
pub fn check_directory(path: &Path) -> Result<(), RunError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(FileError::io("create runs in", path, error).into()),
    };
    if RunPaths::new(path).source().exists() {
        return Err(RunError::HoldsRun { path: path.to_owned() });
    }
    if !entries.flatten().all(|entry| seed_of(&entry.file_name()).is_some()) {
        return Err(RunError::NotEmpty { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_in_the_order_of_their_seeds() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["seed-10", "seed-9", "seed-x", "other-1", "seed-11"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        assert!(runs(directory.path()).is_empty());
        for name in ["seed-10", "seed-9", "seed-x", "other-1"] {
            fs::write(RunPaths::new(directory.path().join(name)).source(), "").unwrap();
        }
        assert_eq!(runs(directory.path()), [9, 10].map(|seed| run(directory.path(), seed)));
        assert!(runs(&directory.path().join("none")).is_empty());
    }

    #[test]
    fn runs_of_seeds_do_not_mix_with_anything_else() {
        let directory = tempfile::tempdir().unwrap();
        check_directory(&directory.path().join("new")).unwrap();
        fs::create_dir(directory.path().join("seed-3")).unwrap();
        check_directory(directory.path()).unwrap();
        for name in ["thesis.tex", "seed-vgg-1"] {
            let other = directory.path().join(name);
            fs::create_dir(&other).unwrap();
            assert!(matches!(check_directory(directory.path()), Err(RunError::NotEmpty { .. })), "{name}");
            fs::remove_dir(other).unwrap();
        }
        fs::write(directory.path().join("thesis.tex"), "x").unwrap();
        fs::write(RunPaths::new(directory.path()).source(), "").unwrap();
        assert!(matches!(check_directory(directory.path()), Err(RunError::HoldsRun { .. })));
        let file = directory.path().join("thesis.tex");
        assert!(check_directory(&file).unwrap_err().to_string().contains("thesis.tex"));
    }
}
