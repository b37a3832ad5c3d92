//! Pictures that belong to no set: all that lie below a folder.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::forms::folder::is_picture;
use crate::tree::FileTree;
use crate::tree::directory::Directory;
use crate::tree::listing::is_hidden;

/// The pictures of a folder and of all folders in it, known by the ends of their names, in natural order; and how many other
/// files there are. Hidden files count as neither.
///
/// # Errors
/// When the system does not let a folder be read.
pub fn pictures_below(folder: &Path) -> Result<(Vec<PathBuf>, usize), Error> {
    let directory = Directory::open(folder)?;
    let files = directory.listing().files.iter().map(|file| file.path.as_str()).zip(directory.paths());
    let visible = files.filter(|(path, _)| !path.split('/').any(is_hidden));
    let (pictures, others): (Vec<_>, Vec<_>) = visible.partition(|(path, _)| is_picture(path));
    Ok((pictures.into_iter().map(|(_, path)| path.clone()).collect(), others.len()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn pictures_are_found_in_all_folders_and_in_natural_order() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("holiday");
        for path in ["a/10.png", "a/9.JPG", "a/b/1.webp", "notes.txt", ".hidden.png", "a/.trash/2.png"] {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let (pictures, others) = pictures_below(directory.path()).unwrap();
        let expected = ["a/9.JPG", "a/10.png", "a/b/1.webp"].map(|path| folder.join(path));
        assert_eq!((pictures, others), (expected.to_vec(), 1));
        assert!(pictures_below(&folder.join("none")).is_err());
    }
}
