//! One process at a time in a directory: it holds a lock on a file there.
//!
//! The system gives the lock back when the process ends, in whatever way. The file itself stays: removing it would let a
//! third process lock a new one while the second still waits for the old.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::error::FileError;

/// The name of the locked file in its directory. It is empty.
pub const LOCK_FILE: &str = ".lock";

/// How long to wait before a lock is asked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// The right to write to a directory, given up when dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    /// The lock ends with it.
    _file: File,
    exclusive: bool,
}

impl DirectoryLock {
    /// Takes the lock, or gives `None` while another process has it.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn try_take(directory: &Path) -> Result<Option<Self>, FileError> {
        let file = open(directory)?;
        Ok(match lock(&file) {
            Attempt::Taken { exclusive } => Some(Self { _file: file, exclusive }),
            Attempt::Busy => None,
        })
    }

    /// Takes the lock. While another process has it, this calls `waiting` once and then waits.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn wait(directory: &Path, waiting: impl FnOnce()) -> Result<Self, FileError> {
        let file = open(directory)?;
        let mut waiting = Some(waiting);
        loop {
            match (lock(&file), waiting.take()) {
                (Attempt::Taken { exclusive }, _) => return Ok(Self { _file: file, exclusive }),
                (Attempt::Busy, Some(waiting)) => waiting(),
                (Attempt::Busy, None) => sleep(PAUSE),
            }
        }
    }

    /// Whether no other process can have taken the lock too. Some network file systems know no locks: a directory there
    /// is as safe as its user is careful.
    pub fn is_exclusive(&self) -> bool {
        self.exclusive
    }
}

/// What came of asking for a lock.
enum Attempt {
    /// It is ours; `exclusive` unless the file system knows no locks.
    Taken { exclusive: bool },
    /// Another process has it.
    Busy,
}

fn open(directory: &Path) -> Result<File, FileError> {
    let path = directory.join(LOCK_FILE);
    File::options().create(true).append(true).open(&path).map_err(|error| FileError::io("write", &path, error))
}

fn lock(file: &File) -> Attempt {
    match file.try_lock() {
        Ok(()) => Attempt::Taken { exclusive: true },
        Err(TryLockError::WouldBlock) => Attempt::Busy,
        Err(TryLockError::Error(_)) => Attempt::Taken { exclusive: false },
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_lock_is_had_once_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let first = DirectoryLock::try_take(directory.path()).unwrap().unwrap();
        assert!(first.is_exclusive());
        assert!(DirectoryLock::try_take(directory.path()).unwrap().is_none());
        drop(first);
        assert!(DirectoryLock::try_take(directory.path()).unwrap().is_some());
    }

    #[test]
    fn whoever_waits_says_so_once_and_gets_the_lock_in_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let held = Cell::new(DirectoryLock::try_take(directory.path()).unwrap());
        let notices = Cell::new(0);
        let waiting = || {
            notices.set(notices.get() + 1);
            held.take();
        };
        assert!(DirectoryLock::wait(directory.path(), waiting).unwrap().is_exclusive());
        assert_eq!(notices.get(), 1);
        let no_notice = || panic!("nobody has the lock");
        DirectoryLock::wait(directory.path(), no_notice).unwrap();
    }

    #[test]
    fn a_directory_that_is_not_there_cannot_be_locked() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("none");
        let problem = DirectoryLock::try_take(&missing).unwrap_err().to_string();
        assert!(problem.starts_with(&format!("cannot write {}: ", missing.join(".lock").display())), "{problem}");
    }
}
