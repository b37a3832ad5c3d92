//! A directory in which a target leaves files for a reader, one behind the other.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Memory that stands for a disk, where the system has such.
const IN_MEMORY: &str = "/dev/shm";

/// A directory that goes with the process.
pub struct Place(TempDir);

impl Place {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "it makes a directory")]
    pub fn new() -> Self {
        let memory = Path::new(IN_MEMORY);
        let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self(directory.expect("a directory for files"))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file of it with these bytes, in place of the one that had its name.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the file");
        fs::write(&path, bytes).expect("a file with the bytes");
        path
    }

    /// Takes a file away, if there is one.
    pub fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.path().join(name));
    }
}
