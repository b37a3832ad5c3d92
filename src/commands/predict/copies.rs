//! `--copy-to`: copies of pictures, in a folder for each class that they are taken for.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::new_file;

/// A folder of folders of pictures. What is there stays.
pub struct Copies {
    folder: PathBuf,
}

impl Copies {
    /// In this folder, which is made if need be.
    pub fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Adds a picture to the folder of a class.
    pub fn add(&self, picture: &Path, class: &str) -> Result<()> {
        let folder = self.folder.join(folder_name(class));
        let cannot = || format!("cannot copy {} to {}", picture.display(), folder.display());
        let mut from = File::open(picture).with_context(cannot)?;
        let name = picture.file_name().unwrap_or(OsStr::new("picture"));
        let mut to = new_file::create(&folder, name).with_context(cannot)?;
        io::copy(&mut from, &mut to).with_context(cannot)?;
        Ok(())
    }
}

/// A class's name as that of a folder: a name may have been meant for people, such as `T-shirt/top`.
fn folder_name(class: &str) -> String {
    let plain = |character: char| if character.is_control() || "/\\:".contains(character) { '_' } else { character };
    let name: String = class.trim().chars().map(plain).collect();
    if name.is_empty() || name.starts_with('.') { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_lie_in_folders_of_their_classes_and_replace_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("other")).unwrap();
        fs::write(at("a.png"), "first").unwrap();
        fs::write(at("other/a.png"), "second").unwrap();
        let copies = Copies::create(&at("sorted/deep")).unwrap();
        copies.add(&at("a.png"), "T-shirt/top").unwrap();
        copies.add(&at("other/a.png"), "T-shirt/top").unwrap();
        copies.add(&at("a.png"), "..").unwrap();
        let read = |name: &str| fs::read_to_string(at(&format!("sorted/deep/{name}"))).unwrap();
        assert_eq!(
            [read("T-shirt_top/a.png"), read("T-shirt_top/a-2.png"), read("_../a.png")],
            ["first", "second", "first"]
        );
        assert!(copies.add(&at("gone.png"), "b").is_err());
    }
}
