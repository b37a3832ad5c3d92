//! A directory of the system as a tree of files.

use std::fs;
use std::path::{Path, PathBuf};

use modiste_files::regular_file;

use super::FileTree;
use super::listing::{Listing, TreeFile};
use crate::error::Error;

/// Everything below a directory. Links are followed, but not back to a folder that they are in.
pub(crate) struct Directory {
    place: PathBuf,
    listing: Listing,
    /// Where each file is.
    paths: Vec<PathBuf>,
}

impl Directory {
    /// Finds the files below a directory.
    ///
    /// # Errors
    /// When the system does not let a folder be read.
    pub(crate) fn open(place: &Path) -> Result<Self, Error> {
        let mut walk = Walk::default();
        walk.folder(place, "")?;
        let notes = walk.notes();
        let (listing, paths) = Listing::new(walk.found, walk.folders, notes);
        Ok(Self { place: place.to_owned(), listing, paths })
    }

    /// Where each file of the listing is.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

impl FileTree for Directory {
    fn place(&self) -> &Path {
        &self.place
    }

    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        let path = &self.paths[index];
        regular_file::read(path).map_err(|source| Error::io("read", path, source))
    }
}

#[derive(Default)]
struct Walk {
    found: Vec<(TreeFile, PathBuf)>,
    folders: Vec<String>,
    /// The folders around the one at hand, by the names that the system knows them by.
    around: Vec<PathBuf>,
    without_text: usize,
    circles: usize,
    no_files: usize,
}

impl Walk {
    /// Goes through a folder whose place in the tree is `prefix`, which is empty or ends with `/`.
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<(), Error> {
        let read = |source| Error::io("read", folder, source);
        let real = fs::canonicalize(folder).map_err(read)?;
        if self.around.contains(&real) {
            self.circles += 1;
            return Ok(());
        }
        self.around.push(real);
        for entry in fs::read_dir(folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                self.without_text += 1;
                continue;
            };
            let (path, place) = (entry.path(), format!("{prefix}{name}"));
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => {
                    self.folder(&path, &format!("{place}/"))?;
                    self.folders.push(place);
                }
                Ok(found) if found.is_file() => {
                    let file = TreeFile { path: place, size: found.len(), modified: found.modified().ok() };
                    self.found.push((file, path));
                }
                // A pipe, a socket, a device, or a link to nothing.
                Ok(_) | Err(_) => self.no_files += 1,
            }
        }
        self.around.pop();
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        let kinds = [
            (self.without_text, "what has a name that is not UTF-8 is left out"),
            (self.circles, "links that lead back to a folder that they are in are not followed"),
            (self.no_files, "what is no file (pipes, devices, links to nothing) is left out"),
        ];
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{what}: {count}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(tree: &Directory) -> Vec<&str> {
        tree.listing().files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn files_are_found_and_read() {
        let directory = tempfile::tempdir().unwrap();
        for folder in ["set/a", "set/b"] {
            fs::create_dir_all(directory.path().join(folder)).unwrap();
        }
        fs::write(directory.path().join("set/a/10"), "ten").unwrap();
        fs::write(directory.path().join("set/a/9"), "nine!").unwrap();
        let tree = Directory::open(directory.path()).unwrap();
        assert_eq!(paths(&tree), ["a/9", "a/10"]);
        assert_eq!((tree.listing().files[0].size, tree.read(1).unwrap()), (5, b"ten".to_vec()));
        assert_eq!(tree.listing().empty_folders, ["b"]);
        assert!(Directory::open(&directory.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles() {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir_all(at("a")).unwrap();
        fs::create_dir_all(at("other/deep")).unwrap();
        fs::write(at("other/deep/1"), "").unwrap();
        symlink("../other", at("a/link")).unwrap();
        symlink("../..", at("other/deep/circle")).unwrap();
        symlink("nothing", at("a/broken")).unwrap();
        fs::write(directory.path().join(std::ffi::OsStr::from_bytes(b"a/\xff")), "").unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(at("a/socket")).unwrap();
        let tree = Directory::open(directory.path()).unwrap();
        assert_eq!(paths(&tree), ["a/link/deep/1", "other/deep/1"]);
        assert_eq!(tree.listing().notes.len(), 3, "{:?}", tree.listing().notes);
    }
}
