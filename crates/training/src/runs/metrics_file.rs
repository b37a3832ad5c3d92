//! What each epoch came to: a line of JSON each, in `metrics.jsonl`.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use modiste_files::{FileError, atomic, regular_file};

use crate::progress::EpochRecord;

/// The file of them, open to be added to.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    file: File,
    length: u64,
}

impl History {
    /// Opens the file, keeping the records of the first `epochs` epochs. A run that was killed may have left more
    /// than its checkpoint knows of, or half a line.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(path: &Path, epochs: usize) -> Result<Self, FileError> {
        let io = |source| FileError::io("write", path, source);
        let mut kept = String::new();
        for record in read(path)?.into_iter().filter(|record| record.epoch <= epochs) {
            kept.push_str(&line(&record).map_err(io)?);
        }
        atomic::write(path, |writer| writer.write_all(kept.as_bytes()))?;
        let file = OpenOptions::new().append(true).open(path).map_err(io)?;
        Ok(Self { path: path.to_owned(), file, length: kept.len() as u64 })
    }

    /// Adds a record and syncs it.
    ///
    /// # Errors
    /// When the system refuses; then the file is what it was.
    pub fn add(&mut self, record: &EpochRecord) -> Result<(), FileError> {
        let added = line(record).and_then(|line| {
            self.file.write_all(line.as_bytes())?;
            self.file.sync_data()?;
            Ok(line.len() as u64)
        });
        match added {
            Ok(length) => {
                self.length += length;
                Ok(())
            }
            Err(error) => {
                // A full disk takes half a line and no more: that half must go.
                let _ = self.file.set_len(self.length);
                Err(FileError::io("write", &self.path, error))
            }
        }
    }
}

/// All records of a file, each epoch once and in order; none if there is no file. Lines that are none are left out.
///
/// # Errors
/// When the system refuses.
pub fn read(path: &Path) -> Result<Vec<EpochRecord>, FileError> {
    let bytes = match regular_file::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::io("read", path, error)),
    };
    let mut records: Vec<EpochRecord> =
        bytes.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    records.sort_by_key(|record| record.epoch);
    records.dedup_by_key(|record| record.epoch);
    Ok(records)
}

/// The epochs up to `epochs` of which a file has no record: their lines are damaged or gone.
///
/// # Errors
/// When the system refuses.
pub fn missing(path: &Path, epochs: usize) -> Result<Vec<usize>, FileError> {
    let recorded: HashSet<usize> = read(path)?.into_iter().map(|record| record.epoch).collect();
    Ok((1..=epochs).filter(|epoch| !recorded.contains(epoch)).collect())
}

fn line(record: &EpochRecord) -> io::Result<String> {
    Ok(serde_json::to_string(record)? + "\n")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn record(epoch: usize) -> EpochRecord {
        EpochRecord { epoch, train_loss: 1.0 / epoch as f64, ..EpochRecord::default() }
    }

    fn epochs(path: &Path) -> Vec<usize> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str::<EpochRecord>(line).unwrap().epoch).collect()
    }

    #[test]
    fn a_killed_run_leaves_no_duplicate_gap_or_half_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.jsonl");
        let mut history = History::open(&path, 0).unwrap();
        (1..=3).for_each(|epoch| history.add(&record(epoch)).unwrap());
        drop(history);
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("{\"epoch\":4,\"ste");
        fs::write(&path, text).unwrap();
        // The checkpoint is of epoch 2.
        let mut history = History::open(&path, 2).unwrap();
        assert_eq!(epochs(&path), [1, 2]);
        (3..=4).for_each(|epoch| history.add(&record(epoch)).unwrap());
        assert_eq!(epochs(&path), [1, 2, 3, 4]);
        assert_eq!(read(&path).unwrap()[2], record(3));
    }

    #[test]
    fn epochs_whose_lines_are_damaged_are_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.jsonl");
        let mut history = History::open(&path, 0).unwrap();
        (1..=5).for_each(|epoch| history.add(&record(epoch)).unwrap());
        assert_eq!(missing(&path, 5).unwrap(), [0; 0]);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"epoch\":2", "epoch:2").replace("\"epoch\":4", "\"epoch\":3")).unwrap();
        assert_eq!(missing(&path, 5).unwrap(), [2, 4]);
        assert_eq!(missing(&path, 3).unwrap(), [2]);
    }

    #[test]
    fn no_file_is_no_history() {
        assert!(read(Path::new("/nonexistent/metrics.jsonl")).unwrap().is_empty());
    }
}
