//! A known set's directory, completed by what can be downloaded.
//!
//! One process at a time writes to it: it holds the lock file. The others wait, and then find the files already there. A
//! file appears under its name only when whole and checked.

use std::fs;
use std::path::Path;

use modiste_files::{DirectoryLock, atomic};

use super::download::Downloader;
use super::known::KnownSet;
use super::progress::{Event, Progress};
use super::retry::RetryPolicy;
use super::verify::{FileState, read_checked};
use crate::error::Error;

/// Downloads into `dir` what is not good there.
pub(super) fn complete(set: &KnownSet, dir: &Path, retry: &RetryPolicy, progress: &dyn Progress) -> Result<(), Error> {
    fs::create_dir_all(dir).map_err(|source| Error::io("create", dir, source))?;
    let lock = DirectoryLock::wait(dir, || {
        let notice = format!("another process is fetching into {}; waiting for it", dir.display());
        progress.report(Event::Notice(&notice));
    })?;
    let downloader = Downloader::new(*retry, progress);
    let half_present = set.files.iter().any(|file| dir.join(file.name).exists());
    for file in &set.files {
        let path = dir.join(file.name);
        match read_checked(&path, file) {
            Ok(_) => continue,
            Err(FileState::Missing) if half_present => {
                progress.report(Event::Notice(&format!("{} is missing; fetching it", path.display())));
            }
            Err(FileState::Missing) => {}
            Err(state) => {
                let notice = format!("{} is damaged ({state}); fetching it again", path.display());
                progress.report(Event::Notice(&notice));
            }
        }
        let part = dir.join(part_name(file.name, &lock));
        downloader.fetch(file, set.mirrors, &part)?;
        atomic::replace(&part, &path)?;
    }
    Ok(())
}

/// What a file is called before it is whole. Others may continue it under the lock alone; without one the name is ours.
fn part_name(file: &str, lock: &DirectoryLock) -> String {
    if lock.is_exclusive() { format!("{file}.part") } else { format!("{file}.{}.part", std::process::id()) }
}
