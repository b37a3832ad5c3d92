//! Directories of one name that are told apart by their numbers: `NAME-1`, `NAME-2` and so on.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::FileError;

/// Makes `PARENT/NAME-N` with the number after the highest there is. Two processes at once get different ones.
///
/// # Errors
/// When the system refuses.
pub fn create(parent: &Path, name: &str) -> Result<PathBuf, FileError> {
    fs::create_dir_all(parent).map_err(|error| FileError::io("create", parent, error))?;
    let mut number = last(parent, name);
    loop {
        number = number.saturating_add(1);
        let path = parent.join(format!("{name}-{number}"));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < u64::MAX => {}
            Err(error) => return Err(FileError::io("create", &path, error)),
        }
    }
}

/// The highest N of every `NAME-N` in `parent`; 0 if there is none.
pub fn last(parent: &Path, name: &str) -> u64 {
    let prefix = format!("{name}-");
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_prefix(&prefix)?.parse().ok();
    fs::read_dir(parent).into_iter().flatten().flatten().filter_map(number).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn processes_that_start_at_once_get_different_directories() {
        let runs = tempfile::tempdir().unwrap();
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| create(runs.path(), "a").unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let made: HashSet<_> = made.into_iter().collect();
        assert_eq!(made, (1..=8).map(|number| runs.path().join(format!("a-{number}"))).collect());
    }

    #[test]
    fn the_next_number_follows_the_highest_of_this_name() {
        let runs = tempfile::tempdir().unwrap();
        for name in ["a-2", "a-9", "b-40", "a-x", "a"] {
            fs::create_dir(runs.path().join(name)).unwrap();
        }
        assert_eq!(create(runs.path(), "a").unwrap(), runs.path().join("a-10"));
    }
}
