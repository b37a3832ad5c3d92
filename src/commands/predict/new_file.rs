//! Files that take no other's place: where a name is taken, a number stands behind it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Makes a file of this name in a folder, which is made if need be; or `shoe-2.png`, `shoe-3.png` and so on.
pub fn create(folder: &Path, name: &OsStr) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let mut number = 1_u64;
    loop {
        match OpenOptions::new().write(true).create_new(true).open(folder.join(numbered(name, number))) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            made => return made,
        }
    }
}

fn numbered(name: &OsStr, number: u64) -> OsString {
    if number == 1 {
        return name.to_owned();
    }
    let path = Path::new(name);
    let mut numbered = path.file_stem().unwrap_or(name).to_owned();
    numbered.push(format!("-{number}"));
    if let Some(ending) = path.extension() {
        numbered.push(".");
        numbered.push(ending);
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_names_get_numbers_before_their_endings() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("new");
        for name in ["a.b.png", "a.b.png", "a.b.png", "plain", "plain"] {
            create(&folder, OsStr::new(name)).unwrap();
        }
        for name in ["a.b.png", "a.b-2.png", "a.b-3.png", "plain", "plain-2"] {
            assert!(folder.join(name).is_file(), "{name}");
        }
    }
}
