//! The directory that a map is written to: in the end it holds all of it, or it is as it was.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use modiste_files::{atomic, numbered_directory};

/// A directory and what is written to it, which goes again unless it is told to stay.
pub struct MapDirectory {
    path: PathBuf,
    /// Directories that were not there before, the innermost first.
    made: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl MapDirectory {
    /// Makes this very directory, or takes it if it is empty.
    pub fn create(path: &Path) -> Result<Self> {
        check_free(path)?;
        let made = missing(path);
        fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path: path.to_owned(), made, files: Vec::new() })
    }

    /// Makes `MAPS/NAME-N`, as [`numbered_directory::create`] does.
    pub fn create_numbered(maps: &Path, name: &str) -> Result<Self> {
        let parents = missing(maps);
        let path = numbered_directory::create(maps, name)?;
        let made = [path.clone()].into_iter().chain(parents).collect();
        Ok(Self { path, made, files: Vec::new() })
    }

    /// Writes a file, wholly or not at all.
    pub fn write(&mut self, name: &str, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let path = self.path.join(name);
        atomic::write(&path, fill)?;
        self.files.push(path);
        Ok(())
    }

    /// All is there, and stays.
    pub fn keep(mut self) -> PathBuf {
        self.made.clear();
        self.files.clear();
        std::mem::take(&mut self.path)
    }
}

impl Drop for MapDirectory {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        // What others have put there meanwhile stays, and so does the directory then.
        for directory in &self.made {
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Whether [`MapDirectory::create`] could take `path` now.
pub fn check_free(path: &Path) -> Result<()> {
    match fs::read_dir(path).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) => {
            bail!("{} is not empty: a map needs a directory of its own, so give a new or an empty one", path.display())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot write a map to {}", path.display())),
    }
}

/// This directory and those above it, as far as they are not there.
fn missing(path: &Path) -> Vec<PathBuf> {
    let named = path.ancestors().filter(|path| !path.as_os_str().is_empty());
    named.take_while(|path| !path.exists()).map(Path::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_leaves_nothing() {
        let world = tempfile::tempdir().unwrap();
        let (maps, empty) = (world.path().join("deep/maps"), world.path().join("empty"));
        fs::create_dir(&empty).unwrap();
        let give_up = |mut directory: MapDirectory| {
            directory.write("map.csv", |out| out.write_all(b"0,1,2")).unwrap();
            directory.write("map.npy", |_| Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        };
        give_up(MapDirectory::create_numbered(&maps, "a").unwrap());
        give_up(MapDirectory::create(&maps.join("b")).unwrap());
        give_up(MapDirectory::create(&empty).unwrap());
        assert!(!world.path().join("deep").exists());
        assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
    }

    #[test]
    fn what_is_kept_is_not_written_over() {
        let world = tempfile::tempdir().unwrap();
        let path = world.path().join("map");
        let mut directory = MapDirectory::create(&path).unwrap();
        directory.write("map.csv", |out| out.write_all(b"0,1,2")).unwrap();
        assert_eq!(directory.keep(), path);
        assert_eq!(fs::read(path.join("map.csv")).unwrap(), b"0,1,2");
        let problem = check_free(&path).unwrap_err().to_string();
        assert!(problem.contains("is not empty"), "{problem}");
        assert!(check_free(&path.join("map.csv")).is_err());
    }
}
