//! The directory that a map is written to: it appears whole, or it is as it was.
//!
//! Files are written in a hidden directory that this process has locked, and which becomes the map's when all are there. Where
//! the map's directory is there already, and empty, the hidden one lies in it and the files move up: it may be a mount
//! point, or somebody's working directory, which nothing can take the place of.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use modiste_files::{DirectoryLock, FileError, LOCK_FILE, atomic, numbered_directory};

/// What the name of a hidden directory ends in; and all of its name within the map's.
const UNFINISHED: &str = ".unfinished";

/// Where a map will be, and the directory in which it is made; this goes again unless the map is published.
pub struct MapDirectory {
    path: PathBuf,
    /// The hidden one.
    work: PathBuf,
    /// The directories above it that were not there before, the innermost first.
    made: Vec<PathBuf>,
    /// What the map's files are called.
    files: &'static [&'static str],
    is_published: bool,
    _lock: DirectoryLock,
}

impl MapDirectory {
    /// For a map of these files in this very directory, which is empty or not there.
    pub fn create(path: &Path, files: &'static [&'static str]) -> Result<Self> {
        match Self::claim(path, files)? {
            Some(directory) => Ok(directory),
            None => bail!("another process is making a map in {}: wait for it, or end it first", path.display()),
        }
    }

    /// For a map in `MAPS/NAME-N`, with the number after the highest there is.
    pub fn create_numbered(maps: &Path, name: &str, files: &'static [&'static str]) -> Result<Self> {
        let mut number = numbered_directory::last(maps, name);
        loop {
            number = number.saturating_add(1);
            let path = maps.join(format!("{name}-{number}"));
            if path.exists() {
                continue;
            }
            match Self::claim(&path, files) {
                Ok(Some(directory)) => return Ok(directory),
                Ok(None) => {}
                // Another process has just published it.
                Err(_) if path.exists() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the directory, or gives `None` while another process has it.
    fn claim(path: &Path, files: &'static [&'static str]) -> Result<Option<Self>> {
        check_free(path, files)?;
        let cannot_create = || format!("cannot create {}", path.display());
        let work = match path.file_name() {
            Some(name) if !path.is_dir() => path.with_file_name(hidden(name)),
            _ => path.join(UNFINISHED),
        };
        let made = work.parent().map(missing).unwrap_or_default();
        let lock = loop {
            fs::create_dir_all(&work).with_context(cannot_create)?;
            match DirectoryLock::try_take(&work) {
                Ok(None) => return Ok(None),
                Ok(Some(lock)) => break lock,
                // Another process that had it has just removed or published it.
                Err(FileError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(cannot_create),
            }
        };
        let directory = Self { path: path.to_owned(), work, made, files, is_published: false, _lock: lock };
        // Only now can no other process publish a map there.
        check_free(path, files)?;
        // What a killed process has left, in the hidden directory or on its way up from it.
        if directory.is_inside() {
            remove(path, files);
        }
        remove(&directory.work, files);
        Ok(Some(directory))
    }

    /// Whether files move up from the hidden directory.
    fn is_inside(&self) -> bool {
        self.work.parent() == Some(&self.path)
    }

    /// Writes one of the files where it is not seen yet.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let written = File::create(self.work.join(name)).and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
        Ok(written.map_err(|source| FileError::io("write", &self.path.join(name), source))?)
    }

    /// All is there: from now on it is seen, and stays. If it cannot, it is as if it had never been; if only a loss of power
    /// may take it, it stays, and the error says so.
    pub fn publish(mut self) -> Result<PathBuf> {
        let is_inside = self.is_inside();
        if is_inside {
            self.move_up().inspect_err(|_| remove(&self.path, self.files))?;
            self.remove_work();
        } else {
            self.rename()?;
        }
        self.is_published = true;
        let entry = if is_inside { self.path.join(self.files[0]) } else { self.path.clone() };
        atomic::sync_entry(&entry)?;
        Ok(self.path.clone())
    }

    /// Removes the hidden directory, unless others have put something there.
    fn remove_work(&self) {
        remove(&self.work, self.files);
        let _ = fs::remove_file(self.work.join(LOCK_FILE));
        let _ = fs::remove_dir(&self.work);
    }

    fn move_up(&self) -> Result<(), FileError> {
        for file in self.files {
            let path = self.path.join(file);
            fs::rename(self.work.join(file), &path).map_err(|source| FileError::io("write", &path, source))?;
        }
        Ok(())
    }

    fn rename(&self) -> Result<(), FileError> {
        // Nothing is there yet, so that nothing is called written.
        atomic::sync_entry(&self.work.join(LOCK_FILE)).map_err(|error| match error {
            FileError::NotSynced { source, .. } => FileError::io("write", &self.path, source),
            error => error,
        })?;
        fs::rename(&self.work, &self.path).map_err(|source| FileError::io("write", &self.path, source))?;
        // Only now: whoever finds no lock in the hidden directory takes that for its own.
        let _ = fs::remove_file(self.path.join(LOCK_FILE));
        Ok(())
    }
}

impl Drop for MapDirectory {
    fn drop(&mut self) {
        // A hidden directory that is there after all is another process's.
        if !self.is_published {
            self.remove_work();
            self.made.iter().for_each(|directory| drop(fs::remove_dir(directory)));
        }
    }
}

/// Whether [`MapDirectory::create`] could take `path` now, unless another process has it.
pub fn check_free(path: &Path, files: &[&str]) -> Result<()> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot write a map to {}", path.display())),
    };
    let names: Vec<OsString> = entries.flatten().map(|entry| entry.file_name()).collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    // With it, some of the files are those of a process that was killed while they moved up; all of them are a map.
    let is_unfinished = has(UNFINISHED) && !files.iter().all(|file| has(file));
    let is_ours = |name: &OsString| name == UNFINISHED || files.iter().any(|file| name == file);
    if names.is_empty() || (is_unfinished && names.iter().all(is_ours)) {
        return Ok(());
    }
    bail!("{} is not empty: a map needs a directory of its own, so give a new or an empty one", path.display())
}

/// Removes a map's files. What cannot be removed does no harm.
fn remove(directory: &Path, files: &[&str]) {
    for file in files {
        let _ = fs::remove_file(directory.join(file));
    }
}

fn hidden(name: &OsStr) -> OsString {
    [OsStr::new("."), name, OsStr::new(UNFINISHED)].into_iter().collect()
}

/// This directory and those above it, as far as they are not there.
fn missing(path: &Path) -> Vec<PathBuf> {
    let named = path.ancestors().filter(|path| !path.as_os_str().is_empty());
    named.take_while(|path| !path.exists()).map(Path::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[&str] = &["map.csv", "map.npy"];

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_not_published_is_not_seen_and_leaves_nothing() {
        let world = tempfile::tempdir().unwrap();
        let (maps, empty) = (world.path().join("deep/maps"), world.path().join("empty"));
        fs::create_dir(&empty).unwrap();
        let give_up = |directory: MapDirectory| {
            directory.write("map.csv", b"0,1,2").unwrap();
            assert!(!directory.path.join("map.csv").exists());
        };
        give_up(MapDirectory::create_numbered(&maps, "a", FILES).unwrap());
        give_up(MapDirectory::create(&maps.join("b"), FILES).unwrap());
        give_up(MapDirectory::create(&empty, FILES).unwrap());
        assert_eq!((names(world.path()), names(&empty)), (vec!["empty".to_owned()], Vec::new()));
    }

    #[test]
    fn a_map_appears_whole_and_is_not_written_over() {
        let world = tempfile::tempdir().unwrap();
        fs::create_dir(world.path().join("empty")).unwrap();
        for path in ["new", "empty"].map(|name| world.path().join(name)) {
            let directory = MapDirectory::create(&path, FILES).unwrap();
            FILES.iter().for_each(|file| directory.write(file, b"0,1,2").unwrap());
            assert!(MapDirectory::create(&path, FILES).err().unwrap().to_string().starts_with("another process"));
            assert_eq!(directory.publish().unwrap(), path);
            assert_eq!(names(&path), FILES);
            let problem = MapDirectory::create(&path, FILES).err().unwrap().to_string();
            assert!(problem.contains("is not empty"), "{problem}");
            assert!(check_free(&path.join("map.csv"), FILES).is_err());
        }
        assert_eq!(names(world.path()), ["empty", "new"]);
    }

    #[test]
    fn what_a_killed_process_has_left_is_taken_over() {
        let world = tempfile::tempdir().unwrap();
        let path = world.path().join("map");
        for (work, leftover) in
            [(world.path().join(".map.unfinished"), "map.csv"), (path.join(UNFINISHED), "../map.csv")]
        {
            fs::create_dir_all(&work).unwrap();
            fs::write(work.join(LOCK_FILE), "").unwrap();
            fs::write(work.join(leftover), "old").unwrap();
            let directory = MapDirectory::create(&path, FILES).unwrap();
            FILES.iter().for_each(|file| directory.write(file, b"new").unwrap());
            directory.publish().unwrap();
            assert_eq!(
                (names(&path), fs::read(path.join("map.csv")).unwrap()),
                (FILES.iter().map(|&name| name.into()).collect(), b"new".to_vec())
            );
            assert_eq!(names(world.path()), ["map"]);
            fs::remove_dir_all(&path).unwrap();
        }
        // All files are a map, whatever lies beside them.
        fs::create_dir_all(path.join(UNFINISHED)).unwrap();
        FILES.iter().for_each(|file| fs::write(path.join(file), "whole").unwrap());
        assert!(MapDirectory::create(&path, FILES).is_err());
        assert_eq!(fs::read(path.join("map.csv")).unwrap(), b"whole");
        fs::remove_dir_all(&path).unwrap();
        // Without the hidden directory, a file of that name is somebody's.
        fs::create_dir(&path).unwrap();
        fs::write(path.join("map.csv"), "mine").unwrap();
        assert!(MapDirectory::create(&path, FILES).is_err());
    }

    #[test]
    fn maps_that_are_made_at_once_have_different_numbers() {
        let world = tempfile::tempdir().unwrap();
        let [one, other] = [(); 2].map(|()| MapDirectory::create_numbered(world.path(), "a", FILES).unwrap());
        assert_ne!(one.path, other.path);
        drop(one);
        FILES.iter().for_each(|file| other.write(file, b"").unwrap());
        assert_eq!(names(&other.publish().unwrap()), FILES);
        assert_eq!(names(world.path()), ["a-2"]);
    }
}
