//! One process at a time in a directory: it holds a lock on a file there.
//!
//! The system gives the lock back when the process ends, in whatever way. The file itself stays: removing it would let a
//! third process lock a new one while the second still waits for the old. Whoever removes the directory removes the file
//! with it, and may make both again: so what counts is the lock on the file that is there now.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::error::FileError;
use crate::regular_file;

/// The name of the locked file in its directory. It is empty.
pub const LOCK_FILE: &str = ".lock";

/// How long to wait before a lock is asked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// The right to write to a directory, given up when dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    directory: PathBuf,
    /// The lock ends with it.
    file: File,
    exclusive: bool,
}

impl DirectoryLock {
    /// Takes the lock, or gives `None` while another process has it.
    ///
    /// # Errors
    /// When the lock file cannot be made, or something else has its name.
    pub fn try_take(directory: &Path) -> Result<Option<Self>, FileError> {
        loop {
            let lock = match attempt(directory)? {
                Attempt::Taken(lock) => lock,
                Attempt::Busy => return Ok(None),
            };
            if lock.is_in_place()? {
                return Ok(Some(lock));
            }
        }
    }

    /// Takes the lock. While another process has it, this calls `waiting` once and then waits.
    ///
    /// # Errors
    /// When the lock file cannot be made, or something else has its name.
    pub fn wait(directory: &Path, waiting: impl FnOnce()) -> Result<Self, FileError> {
        let mut waiting = Some(waiting);
        loop {
            match (Self::try_take(directory)?, waiting.take()) {
                (Some(lock), _) => return Ok(lock),
                (None, Some(waiting)) => waiting(),
                (None, None) => sleep(PAUSE),
            }
        }
    }

    /// Whether no other process can have taken the lock too. Some network file systems know no locks: a directory there
    /// is as safe as its user is careful.
    pub fn is_exclusive(&self) -> bool {
        self.exclusive
    }

    /// Whether the directory is still the one that was locked: nobody has removed, moved or replaced it. To be asked
    /// before each write, since the path may lead to what is another process's by now.
    ///
    /// # Errors
    /// [`FileError::Replaced`] when it is not, and when the system refuses to say.
    pub fn check(&self) -> Result<(), FileError> {
        if self.is_in_place()? { Ok(()) } else { Err(FileError::Replaced { directory: self.directory.clone() }) }
    }

    fn is_in_place(&self) -> Result<bool, FileError> {
        let path = self.directory.join(LOCK_FILE);
        let same = match fs::symlink_metadata(&path) {
            Ok(found) => self.file.metadata().map(|held| is_same(&held, &found)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(error),
        };
        same.map_err(|error| FileError::io("read", &path, error))
    }
}

/// What came of asking for a lock.
enum Attempt {
    /// It is ours; exclusive unless the file system knows no locks.
    Taken(DirectoryLock),
    /// Another process has it.
    Busy,
}

fn attempt(directory: &Path) -> Result<Attempt, FileError> {
    let path = directory.join(LOCK_FILE);
    let file = open(&path).map_err(|error| FileError::io("write", &path, error))?;
    let exclusive = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => return Ok(Attempt::Busy),
        Err(TryLockError::Error(_)) => false,
    };
    Ok(Attempt::Taken(DirectoryLock { directory: directory.to_owned(), file, exclusive }))
}

/// Opens the lock file, making it if there is none. Nothing is emptied, and no link is followed.
fn open(path: &Path) -> io::Result<File> {
    loop {
        match File::options().create_new(true).append(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made,
        }
        match fs::symlink_metadata(path) {
            Ok(found) => regular_file::check(found.file_type())?,
            // Removed meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        }
        match File::options().append(true).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened,
        }
    }
}

/// Whether both are of the same file.
#[cfg(unix)]
fn is_same(held: &Metadata, found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (held.dev(), held.ino()) == (found.dev(), found.ino())
}

/// Elsewhere an open file keeps its directory from being removed.
#[cfg(not(unix))]
fn is_same(_: &Metadata, found: &Metadata) -> bool {
    found.is_file()
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
    #[test]
    fn a_lock_in_a_directory_that_another_has_made_anew_is_worth_nothing() {
        let world = tempfile::tempdir().unwrap();
        let directory = world.path().join("run");
        fs::create_dir(&directory).unwrap();
        let first = DirectoryLock::try_take(&directory).unwrap().unwrap();
        first.check().unwrap();
        let words = format!("{} was removed, moved or replaced", directory.display());
        fs::rename(&directory, world.path().join("moved")).unwrap();
        assert!(first.check().unwrap_err().to_string().starts_with(&words));
        fs::create_dir(&directory).unwrap();
        assert!(first.check().unwrap_err().to_string().starts_with(&words));
        let second = DirectoryLock::try_take(&directory).unwrap().unwrap();
        assert!(matches!(first.check(), Err(FileError::Replaced { .. })));
        second.check().unwrap();
        // Put back by whoever moved it away.
        fs::remove_dir_all(&directory).unwrap();
        fs::rename(world.path().join("moved"), &directory).unwrap();
        first.check().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_lock_file_is_neither_followed_nor_emptied_nor_waited_for() {
        use std::os::unix::fs::symlink;
        let world = tempfile::tempdir().unwrap();
        let [thesis, missing] = ["thesis.tex", "missing"].map(|name| world.path().join(name));
        fs::write(&thesis, "all of it").unwrap();
        let directory = world.path().join("run");
        fs::create_dir(&directory).unwrap();
        let lock = directory.join(LOCK_FILE);
        let refused = |what: &str| {
            let problem = DirectoryLock::try_take(&directory).unwrap_err().to_string();
            assert!(problem.contains(&format!(".lock: it is {what}, not a file")), "{problem}");
        };
        for target in [&thesis, &missing] {
            symlink(target, &lock).unwrap();
            refused("a link");
            fs::remove_file(&lock).unwrap();
        }
        assert_eq!((fs::read(&thesis).unwrap(), missing.exists()), (b"all of it".to_vec(), false));
        assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
        refused("a named pipe");
        fs::remove_file(&lock).unwrap();
        fs::create_dir(&lock).unwrap();
        refused("a directory");
        fs::remove_dir(&lock).unwrap();
        // Whatever is in it stays.
        fs::write(&lock, "x").unwrap();
        DirectoryLock::try_take(&directory).unwrap().unwrap();
        assert_eq!(fs::read(&lock).unwrap(), b"x");
    }
}
