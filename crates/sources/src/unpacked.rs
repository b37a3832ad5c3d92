//! An archive that holds files of a set instead of pictures: they lie in a directory for as long as they are read.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::Error;
use crate::forms::{cifar, folder};
use crate::idx::directory::is_idx_name;
use crate::own::of_file;
use crate::progress::{Event, Progress};
use crate::tree::FileTree;
use crate::tree::listing::is_hidden;

/// The most bytes that the files of a set may have together.
const MOST_BYTES: u64 = 4 << 30;

/// Files of an archive, which are removed with it.
pub(crate) struct Unpacked {
    directory: TempDir,
    archive: PathBuf,
    /// What is read: the directory, or the one file in it.
    path: PathBuf,
}

impl Unpacked {
    /// Unpacks the files that a form knows by their names; none where there is no such file, or a picture.
    ///
    /// # Errors
    /// When the archive does not give them, they are too large, or there is no place to put them.
    pub(crate) fn of(tree: &dyn FileTree) -> Result<Option<Self>, Error> {
        let paths: Vec<&str> = tree.listing().files.iter().map(|file| file.path.as_str()).collect();
        let is_seen = |path: &str| !path.split('/').any(is_hidden);
        let mut of_set: Vec<usize> =
            (0..paths.len()).filter(|&at| is_seen(paths[at]) && is_of_set(paths[at])).collect();
        if of_set.is_empty() || paths.iter().any(|path| is_seen(path) && folder::is_picture(path)) {
            return Ok(None);
        }
        let alone = <[usize; 1]>::try_from(of_set.as_slice()).ok().map(|[at]| paths[at]);
        of_set.extend((0..paths.len()).filter(|&at| is_seen(paths[at]) && may_name_classes(paths[at])));

        let temporary = std::env::temp_dir();
        let directory = tempfile::tempdir().map_err(|source| Error::io("write to", &temporary, source))?;
        let mut unpacked = 0;
        for at in of_set {
            let bytes = tree.read(at)?;
            unpacked += bytes.len() as u64;
            if unpacked > MOST_BYTES {
                let why = format!("its files have more than {} MB; unpack it and give the folder", MOST_BYTES >> 20);
                return Err(Error::form(tree.place(), why));
            }
            let path = directory.path().join(paths[at]);
            let folder = path.parent().unwrap_or(directory.path());
            let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes));
            written.map_err(|source| Error::io("write to", &temporary, source))?;
        }
        let alone = alone.map(|name| directory.path().join(name)).filter(|path| of_file(path).is_some());
        let path = alone.unwrap_or_else(|| directory.path().to_owned());
        Ok(Some(Self { directory, archive: tree.place().to_owned(), path }))
    }

    pub(crate) fn archive(&self) -> &Path {
        &self.archive
    }

    /// What is to be read in place of the archive.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A text in which the archive stands for the directory, which nobody knows.
    pub(crate) fn renamed(&self, text: &str) -> String {
        text.replace(&self.directory.path().display().to_string(), &self.archive.display().to_string())
    }
}

/// Passes on what is said of unpacked files, in the archive's name.
pub(crate) struct InName<'a> {
    pub(crate) unpacked: &'a Unpacked,
    pub(crate) progress: &'a dyn Progress,
}

impl Progress for InName<'_> {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Notice(text) => self.progress.report(Event::Notice(&self.unpacked.renamed(text))),
            other => self.progress.report(other),
        }
    }
}

/// Whether a form other than pictures has such a file there.
fn is_of_set(path: &str) -> bool {
    match path.split_once('/') {
        None => is_idx_name(path) || cifar::is_name(path) || of_file(Path::new(path)).is_some(),
        Some(("data", name)) if !name.contains('/') => name.to_ascii_lowercase().ends_with(".parquet"),
        // Some programs put a file into a folder of its name.
        Some((folder, name)) => is_idx_name(folder) && is_idx_name(name),
    }
}

/// The forms have names of classes in files of text.
fn may_name_classes(path: &str) -> bool {
    !path.contains('/') && path.to_ascii_lowercase().ends_with(".txt")
}
