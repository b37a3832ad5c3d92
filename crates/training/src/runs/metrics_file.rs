//! What each epoch came to: a line of JSON each, in `metrics.jsonl`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use modiste_files::{FileError, atomic};

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
    let mut bytes = Vec::new();
    match File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::io("read", path, error)),
    }
    let mut records: Vec<EpochRecord> =
        bytes.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    records.sort_by_key(|record| record.epoch);
    records.dedup_by_key(|record| record.epoch);
    Ok(records)
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
    fn no_file_is_no_history() {
        assert!(read(Path::new("/nonexistent/metrics.jsonl")).unwrap().is_empty());
    }
}
