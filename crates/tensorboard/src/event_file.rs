//! The file that TensorBoard reads while it is written.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use modiste_files::{FileError, atomic, regular_file};
use prost::Message;

use crate::clock::seconds_since_1970;
use crate::messages::{Event, EventContent, Summaries, Summary};
use crate::{hyperparameters, record};

/// What the file is called: TensorBoard reads what has `tfevents` in its name. The name has no time or machine in it, so that a
/// resumed training finds its file again.
pub const FILE_NAME: &str = "events.out.tfevents.modiste";

/// By which TensorBoard knows how to read on.
const VERSION: &str = "brain.Event:2";

/// An event file, open to be added to.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl EventFile {
    /// Begins a file with these summaries; of an earlier file, what it has of steps 1 to `steps` follows them, up to the first record
    /// that is damaged or says that the training has ended. Gives the last step that the file has, too.
    ///
    /// # Errors
    /// When the system refuses; then the file is what it was.
    pub fn open(path: &Path, head: Vec<Summary>, steps: u64) -> Result<(Self, u64), FileError> {
        let mut content = Vec::new();
        let version = EventContent::FileVersion(VERSION.to_owned());
        record::write(&mut content, &event(0, version).encode_to_vec());
        record::write(&mut content, &event(0, EventContent::Summaries(Summaries { values: head })).encode_to_vec());
        let mut last = 0;
        for (data, event) in events(&bytes(path)?) {
            if event.step > steps as i64 || event.summaries().iter().any(hyperparameters::is_end) {
                break;
            }
            if event.step > 0 {
                record::write(&mut content, data);
                last = event.step as u64;
            }
        }
        atomic::write(path, |writer| writer.write_all(&content))?;
        let file = OpenOptions::new().append(true).open(path).map_err(|error| FileError::io("write", path, error))?;
        Ok((Self { path: path.to_owned(), file, length: content.len() as u64 }, last))
    }

    /// Adds what was measured at a step, and syncs it.
    ///
    /// # Errors
    /// When the system refuses; then the file is what it was.
    pub fn append(&mut self, step: u64, summaries: Vec<Summary>) -> Result<(), FileError> {
        let mut added = Vec::new();
        let content = EventContent::Summaries(Summaries { values: summaries });
        record::write(&mut added, &event(step, content).encode_to_vec());
        match self.file.write_all(&added).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.length += added.len() as u64;
                Ok(())
            }
            Err(error) => {
                // A full disk takes a part of a record: that must go.
                let _ = self.file.set_len(self.length);
                Err(FileError::io("write", &self.path, error))
            }
        }
    }
}

/// All events of a file, up to the first record that is damaged or not all there; none if there is no file.
///
/// # Errors
/// When the system refuses.
pub fn read(path: &Path) -> Result<Vec<Event>, FileError> {
    Ok(events(&bytes(path)?).map(|(_, event)| event).collect())
}

fn bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    match regular_file::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|error| FileError::io("read", path, error)),
    }
}

/// Each event, and its bytes.
fn events(file: &[u8]) -> impl Iterator<Item = (&[u8], Event)> {
    record::read(file).map_while(|data| Some((data, Event::decode(data).ok()?)))
}

fn event(step: u64, content: EventContent) -> Event {
    Event { wall_time: seconds_since_1970(), step: step as i64, content: Some(content) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::messages::Measured;

    fn scalars(path: &Path) -> Vec<(i64, String, f32)> {
        let number = |summary: &Summary| match summary.measured {
            Some(Measured::Scalar(value)) => Some((summary.tag.clone(), value)),
            _ => None,
        };
        let events = read(path).unwrap();
        events
            .iter()
            .flat_map(|event| event.summaries().iter().filter_map(number).map(|(tag, value)| (event.step, tag, value)))
            .collect()
    }

    fn add(file: &mut EventFile, steps: std::ops::RangeInclusive<u64>) {
        for step in steps {
            file.append(step, vec![Summary::scalar("loss", step as f64)]).unwrap();
        }
    }

    fn losses(steps: std::ops::RangeInclusive<i64>) -> Vec<(i64, String, f32)> {
        steps.map(|step| (step, "loss".to_owned(), step as f32)).collect()
    }

    #[test]
    fn a_resumed_training_has_each_step_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        let (mut file, last) = EventFile::open(&path, Vec::new(), 0).unwrap();
        assert_eq!(last, 0);
        add(&mut file, 1..=5);
        let (mut file, last) = EventFile::open(&path, Vec::new(), 3).unwrap();
        assert_eq!(last, 3);
        add(&mut file, 4..=6);
        assert_eq!(scalars(&path), losses(1..=6));
        let first = read(&path).unwrap().into_iter().next().unwrap();
        assert_eq!(first.content, Some(EventContent::FileVersion(VERSION.to_owned())));
    }

    #[test]
    fn what_a_killed_process_has_left_half_written_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        let (mut file, _) = EventFile::open(&path, Vec::new(), 0).unwrap();
        add(&mut file, 1..=3);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 2]).unwrap();
        let (mut file, last) = EventFile::open(&path, Vec::new(), 3).unwrap();
        assert_eq!(last, 2);
        add(&mut file, 3..=4);
        assert_eq!(scalars(&path), losses(1..=4));
    }

    #[test]
    fn a_training_that_goes_on_has_not_ended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        let head = || vec![hyperparameters::begin([("seed".to_owned(), 7.0.into())])];
        let (mut file, _) = EventFile::open(&path, head(), 0).unwrap();
        add(&mut file, 1..=2);
        file.append(2, vec![hyperparameters::end(), Summary::scalar("test", 0.5)]).unwrap();
        let (mut file, last) = EventFile::open(&path, head(), 2).unwrap();
        assert_eq!(last, 2);
        add(&mut file, 3..=3);
        assert_eq!(scalars(&path), losses(1..=3));
        let begun = |event: &&Event| event.summaries().iter().any(|summary| summary.tag.contains("hparams"));
        assert_eq!(read(&path).unwrap().iter().filter(begun).count(), 1);
    }
}
