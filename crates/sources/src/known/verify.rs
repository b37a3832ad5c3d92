//! Whether a file on disk is the published one.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use modiste_files::regular_file;
use sha2::{Digest, Sha256};

use super::sets::{KnownFile, KnownSet, known_sets};

/// What a file was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Size and checksum are the published ones.
    Good,
    /// There is none.
    Missing,
    /// It is too short or too long.
    WrongSize {
        /// Bytes it has.
        found: u64,
        /// Bytes it should have.
        expected: u64,
    },
    /// Its bytes are others.
    WrongChecksum {
        /// SHA-256 of the file, in hexadecimal.
        found: String,
        /// SHA-256 it should have.
        expected: String,
    },
    /// The system did not let us read it.
    Unreadable(String),
}

impl FileState {
    /// Whether it is the published file.
    pub fn is_good(&self) -> bool {
        *self == FileState::Good
    }
}

impl std::fmt::Display for FileState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FileState::Good => f.write_str("good"),
            FileState::Missing => f.write_str("missing"),
            FileState::WrongSize { found, expected } => write!(f, "{found} bytes instead of {expected}"),
            FileState::WrongChecksum { found, expected } => write!(f, "SHA-256 {found} instead of {expected}"),
            FileState::Unreadable(why) => write!(f, "unreadable: {why}"),
        }
    }
}

/// What [`verify`] found out about one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Where it is, or should be.
    pub path: PathBuf,
    /// What it should be.
    pub file: &'static KnownFile,
    /// What it is.
    pub state: FileState,
}

/// The known set whose labels lie in the directory. They are small, and no two sets have the same.
pub(crate) fn set_in(dir: &Path) -> Option<&'static KnownSet> {
    let has = |file: &KnownFile| read_checked(&dir.join(file.name), file).is_ok();
    known_sets().iter().find(|set| has(&set.files[1]) && has(&set.files[3]))
}

/// Checks the files of `set` in the directory that holds them (as [`find_dir`](crate::find_dir) says) by size and
/// checksum.
pub fn verify(set: &'static KnownSet, dir: &Path) -> Vec<FileReport> {
    let report = |file: &'static KnownFile| {
        let path = dir.join(file.name);
        let state = read_checked(&path, file).err().unwrap_or(FileState::Good);
        FileReport { path, file, state }
    };
    set.files.iter().map(report).collect()
}

/// The bytes of a file, if they are the published ones.
pub(crate) fn read_checked(path: &Path, known: &KnownFile) -> Result<Vec<u8>, FileState> {
    let read = || {
        let (mut file, found) = regular_file::open(path)?;
        if found != known.size {
            return Ok(Err(FileState::WrongSize { found, expected: known.size }));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(known.size as usize).map_err(|_| io::ErrorKind::OutOfMemory)?;
        // A file that grows meanwhile is not followed.
        (&mut file).take(known.size + 1).read_to_end(&mut bytes)?;
        Ok(Ok(bytes))
    };
    let bytes = read().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => FileState::Missing,
        _ => FileState::Unreadable(error.to_string()),
    })??;
    let found = hexadecimal(&Sha256::digest(&bytes));
    if found != known.sha256 {
        return Err(FileState::WrongChecksum { found, expected: known.sha256.to_owned() });
    }
    Ok(bytes)
}

/// Bytes in lower case, two digits each.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
