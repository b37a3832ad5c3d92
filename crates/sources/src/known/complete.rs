//! A known set's directory, completed by what can be downloaded.
//!
//! One process at a time writes to it: it holds the lock file. The others wait, and then find the files already there. A
//! file appears under its name only when whole and checked. Where it all fails, nothing is left but the part of a file that
//! has come, if any has: another attempt goes on from there.

use std::fs;
use std::path::{Path, PathBuf};

use modiste_files::{DirectoryLock, LOCK_FILE, atomic};

use super::download::Downloader;
use super::retry::RetryPolicy;
use super::sets::KnownSet;
use super::verify::{FileState, read_checked};
use crate::error::Error;
use crate::progress::{Event, Progress};

/// Downloads into `dir` what is not good there.
pub(crate) fn complete(set: &KnownSet, dir: &Path, retry: &RetryPolicy, progress: &dyn Progress) -> Result<(), Error> {
    loop {
        let made = Made::for_lock(dir)?;
        let lock = DirectoryLock::wait(dir, || {
            let notice = format!("another process is fetching into {}; waiting for it", dir.display());
            progress.report(Event::Notice(&notice));
        })?;
        // Whoever held the lock may have failed and removed it, and the directory too.
        if !dir.join(LOCK_FILE).exists() {
            continue;
        }
        let outcome = fill(set, dir, &lock, retry, progress);
        if outcome.is_err() {
            made.remove(dir);
        }
        return outcome;
    }
}

fn fill(
    set: &KnownSet,
    dir: &Path,
    lock: &DirectoryLock,
    retry: &RetryPolicy,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let downloader = Downloader::new(set, dir, *retry, progress);
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
        let part = dir.join(part_name(file.name, lock));
        if let Err(error) = downloader.fetch(file, &part) {
            keep_part(&part, progress);
            return Err(error);
        }
        atomic::replace(&part, &path)?;
    }
    Ok(())
}

/// Says that a part of a file is kept, or removes it where it holds nothing.
fn keep_part(part: &Path, progress: &dyn Progress) {
    match fs::metadata(part).map(|meta| meta.len()) {
        Ok(0) => drop(fs::remove_file(part)),
        Ok(bytes) => {
            let notice = format!(
                "{bytes} bytes have come and are kept in {}; another attempt goes on from there",
                part.display()
            );
            progress.report(Event::Notice(&notice));
        }
        Err(_) => {}
    }
}

/// What a file is called before it is whole. Others may continue it under the lock alone; without one the name is ours.
fn part_name(file: &str, lock: &DirectoryLock) -> String {
    if lock.is_exclusive() { format!("{file}.part") } else { format!("{file}.{}.part", std::process::id()) }
}

/// What was made so that there is a lock.
struct Made {
    /// The lock file.
    lock: bool,
    /// Directories, the innermost first.
    directories: Vec<PathBuf>,
}

impl Made {
    fn for_lock(dir: &Path) -> Result<Self, Error> {
        let is_missing = |dir: &&Path| !dir.as_os_str().is_empty() && !dir.exists();
        let directories = dir.ancestors().take_while(is_missing).map(Path::to_owned).collect();
        fs::create_dir_all(dir).map_err(|source| Error::io("create", dir, source))?;
        Ok(Self { lock: !dir.join(LOCK_FILE).exists(), directories })
    }

    /// Removes it, but for directories in which something is. What cannot be removed does no harm.
    fn remove(self, dir: &Path) {
        if self.lock {
            let _ = fs::remove_file(dir.join(LOCK_FILE));
        }
        for directory in self.directories {
            let _ = fs::remove_dir(directory);
        }
    }
}
