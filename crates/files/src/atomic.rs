//! Files that are either wholly there or not at all.
//!
//! A file is written beside its final place, synced, renamed over it, and the directory synced: whoever looks, and
//! whenever power fails, sees the old content or the new one. A full disk costs the new content only.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::FileError;

/// What names of unfinished files end in.
const SUFFIX: &str = ".unfinished";

/// Writes `path` by way of a file beside it.
///
/// # Errors
/// When the system refuses or `fill` fails; then the file at `path` is what it was. [`FileError::NotSynced`] when the new
/// one is there, but may be lost with power.
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), FileError> {
    let (unfinished, file) = fill_beside(path, fill)?;
    file.sync_all().map_err(|source| FileError::io("write", path, source))?;
    drop(file);
    replace(&unfinished.0, path)?;
    std::mem::forget(unfinished);
    Ok(())
}

/// The same without waiting for the disk: for what can be made again and tells by itself whether it is whole, since a loss
/// of power may leave anything.
///
/// # Errors
/// When the system refuses or `fill` fails; then the file at `path` is what it was.
pub fn write_unsynced(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), FileError> {
    let (unfinished, file) = fill_beside(path, fill)?;
    drop(file);
    replace_and(&unfinished.0, path, |_| Ok(()))?;
    std::mem::forget(unfinished);
    Ok(())
}

fn fill_beside(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(Unfinished, File), FileError> {
    let unfinished = Unfinished(beside(path));
    let io = |source| FileError::io("write", path, source);
    let mut writer = BufWriter::with_capacity(1 << 18, create(&unfinished.0).map_err(io)?);
    fill(&mut writer).map_err(io)?;
    let file = writer.into_inner().map_err(|error| io(error.into_error()))?;
    Ok((unfinished, file))
}

/// Renames `finished`, a synced file in the same directory, to `path`, and makes that last through a loss of power.
///
/// # Errors
/// When the system refuses; [`FileError::NotSynced`] when only the last of it fails.
pub fn replace(finished: &Path, path: &Path) -> Result<(), FileError> {
    replace_and(finished, path, sync_directory)
}

/// Makes what was renamed to `path` last through a loss of power.
///
/// # Errors
/// [`FileError::NotSynced`] when the system refuses.
pub fn sync_entry(path: &Path) -> Result<(), FileError> {
    sync_entry_by(path, sync_directory)
}

/// Renames `finished` to `path` and has `sync` make that last.
fn replace_and(finished: &Path, path: &Path, sync: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), FileError> {
    fs::rename(finished, path).map_err(|source| FileError::io("write", path, source))?;
    sync_entry_by(path, sync)
}

fn sync_entry_by(path: &Path, sync: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), FileError> {
    match sync(directory_of(path)) {
        // Some network file systems have no such thing as a directory that is synced.
        Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Err(FileError::NotSynced { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Removes what a killed process left unfinished in `directory`. What cannot be removed does no harm.
pub fn remove_leftovers(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if is_leftover(&entry.file_name()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file of this name was left unfinished by a killed process, or is being written.
pub fn is_leftover(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') && name.ends_with(SUFFIX)
}

/// The unfinished file; dropping it removes it.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Hidden, in the same directory (a rename must not cross file systems), and one for each process.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}{SUFFIX}", std::process::id()))
}

/// Makes the unfinished file in place of whatever has its name, be it a link or a named pipe: that can only be what a killed
/// process with the same number has left.
fn create(unfinished: &Path) -> io::Result<File> {
    match fs::remove_file(unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::create_new(unfinished)
}

/// The directory that holds `path`.
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a rename in `directory` last. Only Unix can open a directory to sync it; elsewhere the rename suffices.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_keeps_the_old_content_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("checkpoint");
        write(&path, |writer| writer.write_all(b"old")).unwrap();
        // A disk that fills up after a megabyte, well after the buffer has gone out.
        let error = write(&path, |writer| {
            writer.write_all(&vec![1; 1 << 20])?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot write {}: ", path.display())), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["checkpoint"]);
    }

    #[test]
    fn a_finished_file_takes_the_place_of_another() {
        let directory = tempfile::tempdir().unwrap();
        let [finished, path] = ["set.part", "set"].map(|name| directory.path().join(name));
        fs::write(&path, "old").unwrap();
        fs::write(&finished, "new").unwrap();
        replace(&finished, &path).unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(directory.path())), (b"new".to_vec(), vec!["set".to_owned()]));
        let problem = replace(&finished, &path).unwrap_err().to_string();
        assert!(problem.starts_with(&format!("cannot write {}: ", path.display())), "{problem}");
    }

    #[test]
    fn a_file_that_is_there_is_not_called_unwritten() {
        let directory = tempfile::tempdir().unwrap();
        let [finished, path] = ["set.part", "set"].map(|name| directory.path().join(name));
        let replaced = |kind: ErrorKind| {
            fs::write(&finished, "new").unwrap();
            replace_and(&finished, &path, |_| Err(kind.into()))
        };
        let problem = replaced(ErrorKind::Other).unwrap_err().to_string();
        assert!(problem.starts_with(&format!("{} is written, but ", path.display())), "{problem}");
        assert_eq!((fs::read(&path).unwrap(), names(directory.path())), (b"new".to_vec(), vec!["set".to_owned()]));
        replaced(ErrorKind::InvalidInput).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_has_the_name_of_the_unfinished_file_is_neither_followed_nor_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let [thesis, path] = ["thesis.tex", "set"].map(|name| directory.path().join(name));
        fs::write(&thesis, "all of it").unwrap();
        std::os::unix::fs::symlink(&thesis, beside(&path)).unwrap();
        write(&path, |writer| writer.write_all(b"new")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(beside(&path)).status().unwrap().success());
        write(&path, |writer| writer.write_all(b"newer")).unwrap();
        assert_eq!([thesis, path].map(|path| fs::read(path).unwrap()), [b"all of it".to_vec(), b"newer".to_vec()]);
        assert_eq!(names(directory.path()), ["set", "thesis.tex"]);
    }

    #[test]
    fn leftovers_of_a_killed_process_are_removed_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        for name in [".model.safetensors.123.unfinished", "model.safetensors", ".hidden", "notes.unfinished"] {
            fs::write(directory.path().join(name), "x").unwrap();
        }
        remove_leftovers(directory.path());
        assert_eq!(names(directory.path()), [".hidden", "model.safetensors", "notes.unfinished"]);
    }
}
