//! CIFAR-10 and CIFAR-100 as their authors have packed them: files of records, each labels and then planes of 32 × 32 pixels.
//!
//! The format: <https://www.cs.toronto.edu/~kriz/cifar.html>.

use std::fs;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use modiste_data::{ImageShape, Images};
use modiste_files::regular_file;

use super::planes::interleave;
use crate::error::Error;
use crate::options::LoadOptions;
use crate::parts::Parts;

const SHAPE: ImageShape = ImageShape { height: 32, width: 32, channels: 3 };
const PIXELS: usize = SHAPE.height * SHAPE.width * SHAPE.channels;
/// Files of training images that CIFAR-10 has.
const BATCHES: usize = 5;
/// Bytes: far more than names of classes take.
const LARGEST_NAMES: u64 = 1 << 20;

/// What tells the two sets apart.
struct Kind {
    classes: usize,
    /// Labels of a record, of which the last is the class.
    labels: usize,
    /// The file of names.
    names: &'static str,
}

const CIFAR_10: Kind = Kind { classes: 10, labels: 1, names: "batches.meta.txt" };
const CIFAR_100: Kind = Kind { classes: 100, labels: 2, names: "fine_label_names.txt" };

/// Whether a file's name is that of a batch.
pub(crate) fn is_name(name: &str) -> bool {
    (name.starts_with("data_batch_") && name.ends_with(".bin"))
        || ["train.bin", "test.bin", "test_batch.bin"].contains(&name)
}

/// Reads the set in a folder with `data_batch_1.bin` …, or with `train.bin`.
pub(crate) fn read(dir: &Path, _: &LoadOptions) -> Result<Parts<Images>, Error> {
    let mut notes = Vec::new();
    let (kind, train, test) = match batches(dir, &mut notes)? {
        batches if batches.is_empty() => (CIFAR_100, vec![dir.join("train.bin")], dir.join("test.bin")),
        batches => (CIFAR_10, batches, dir.join("test_batch.bin")),
    };
    let class_names = match names(&dir.join(kind.names), kind.classes)? {
        Some(names) => names,
        None => {
            notes.push(format!("{} is not there, so classes are called by their numbers", kind.names));
            (0..kind.classes).map(|class| class.to_string()).collect()
        }
    };
    let train = kind.read(&train)?;
    let test = if test.exists() { Some(kind.read(&[test])?) } else { None };
    Ok(Parts { class_names, train, validation: None, test, notes, left_out: Vec::new() })
}

/// The files of training images of CIFAR-10 that are there.
fn batches(dir: &Path, notes: &mut Vec<String>) -> Result<Vec<PathBuf>, Error> {
    let name = |number: usize| format!("data_batch_{number}.bin");
    let (there, missing): (Vec<usize>, Vec<usize>) = (1..=BATCHES).partition(|&number| dir.join(name(number)).exists());
    if let (Some(&missing), Some(&last)) = (missing.first(), there.last()) {
        if missing < last {
            return Err(Error::form(dir, format!("{} is not there; fetch it too", name(missing))));
        }
        notes.push(format!("only {} of {BATCHES} files of training images are there", there.len()));
    }
    Ok(there.into_iter().map(|number| dir.join(name(number))).collect())
}

impl Kind {
    /// The images of some files, one behind the other.
    fn read(&self, paths: &[PathBuf]) -> Result<Images, Error> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for path in paths {
            self.append(path, &mut pixels, &mut labels)?;
        }
        interleave(&mut pixels, SHAPE);
        let path = paths.first().map_or(Path::new(""), PathBuf::as_path);
        Images::new(SHAPE, pixels, labels, self.classes).map_err(|why| Error::form(path, why.to_string()))
    }

    fn append(&self, path: &Path, pixels: &mut Vec<u8>, labels: &mut Vec<u8>) -> Result<(), Error> {
        let failed = |source| Error::io("read", path, source);
        let (file, stored) = regular_file::open(path).map_err(failed)?;
        let record = self.labels + PIXELS;
        if stored == 0 || !stored.is_multiple_of(record as u64) {
            let why = format!("it has {stored} bytes, which are no whole records of {record}; fetch it anew");
            return Err(Error::form(path, why));
        }
        let count = stored / record as u64;
        let has_memory = usize::try_from(count).is_ok_and(|count| {
            let values = count.checked_mul(PIXELS);
            values.is_some_and(|values| pixels.try_reserve_exact(values).is_ok()) && labels.try_reserve(count).is_ok()
        });
        if !has_memory {
            return Err(failed(ErrorKind::OutOfMemory.into()));
        }
        let mut bytes = vec![0; record];
        let mut stream = BufReader::with_capacity(1 << 16, file);
        for at in 0..count {
            stream.read_exact(&mut bytes).map_err(failed)?;
            let (labels_of, image) = bytes.split_at(self.labels);
            let label = labels_of[self.labels - 1];
            if usize::from(label) >= self.classes {
                let highest = self.classes - 1;
                let why = format!("image {at} has label {label}, where 0 to {highest} can be; fetch it anew");
                return Err(Error::form(path, why));
            }
            labels.push(label);
            pixels.extend_from_slice(image);
        }
        Ok(())
    }
}

/// The names of `classes` classes, one on each line; `None` if there is no such file.
fn names(path: &Path, classes: usize) -> Result<Option<Vec<String>>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let failed = |source| Error::io("read", path, source);
    if fs::metadata(path).map_err(failed)?.len() > LARGEST_NAMES {
        return Err(Error::form(path, "it is far larger than names of classes are; fetch it anew"));
    }
    let text = regular_file::read(path).map_err(failed)?;
    let text = String::from_utf8_lossy(&text);
    let names: Vec<String> = text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.len() != classes {
        let why = format!("it has {} names, where {classes} should be, one on each line; fetch it anew", names.len());
        return Err(Error::form(path, why));
    }
    Ok(Some(names))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_files(files: &[(&str, Vec<u8>)]) -> Result<Parts<Images>, String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        read(dir.path(), &LoadOptions::default()).map_err(|error| error.to_string())
    }

    /// An image whose planes are 1, 2 and 3.
    fn record(labels: &[u8]) -> Vec<u8> {
        [labels, &[1; 1024], &[2; 1024], &[3; 1024]].concat()
    }

    fn names(count: usize) -> Vec<u8> {
        (0..count).map(|class| format!("class {class}\n")).chain(["\n".to_owned()]).collect::<String>().into_bytes()
    }

    #[test]
    fn cifar_10_has_its_batches_in_order_and_its_names() {
        let batch = |number: u8| (["1", "2", "3", "4", "5"][usize::from(number)], record(&[number]));
        let batches = (0..5).map(batch).map(|(number, bytes)| (format!("data_batch_{number}.bin"), bytes));
        let files: Vec<_> = batches.chain([("test_batch.bin".to_owned(), record(&[9]))]).collect();
        let mut files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        files.push(("batches.meta.txt", names(10)));
        let parts = read_files(&files).unwrap();
        assert_eq!(parts.train.labels(), [0, 1, 2, 3, 4]);
        assert_eq!(parts.train.image(4)[..6], [1, 2, 3, 1, 2, 3]);
        assert_eq!(parts.test.unwrap().labels(), [9]);
        assert_eq!((parts.class_names.len(), parts.class_names[9].as_str()), (10, "class 9"));
        assert!(parts.notes.is_empty());

        let parts = read_files(&files[..2]).unwrap();
        assert_eq!((parts.train.len(), parts.test.is_none(), parts.class_names[9].as_str()), (2, true, "9"));
        assert!(parts.notes[0].contains("only 2 of 5") && parts.notes[1].contains("batches.meta.txt is not there"));
        assert!(read_files(&files[1..]).err().unwrap().contains("data_batch_1.bin is not there"));
    }

    #[test]
    fn cifar_100_has_its_fine_labels() {
        let files = [
            ("train.bin", [record(&[19, 99]), record(&[0, 4])].concat()),
            ("test.bin", record(&[1, 2])),
            ("fine_label_names.txt", names(100)),
        ];
        let parts = read_files(&files).unwrap();
        assert_eq!((parts.train.labels(), parts.test.unwrap().labels()), (&[99, 4][..], &[2][..]));
        assert_eq!(parts.class_names[99], "class 99");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (name, bytes, words) in [
            ("train.bin", record(&[0]), "train.bin cannot be read as a set of images: it has 3073 bytes"),
            ("train.bin", [record(&[0, 1]), record(&[0, 100])].concat(), "image 1 has label 100"),
            ("data_batch_1.bin", record(&[10]), "image 0 has label 10"),
            ("data_batch_1.bin", vec![], "it has 0 bytes"),
            ("other.bin", vec![], "train.bin"),
        ] {
            let why = read_files(&[(name, bytes)]).err().unwrap();
            assert!(why.contains(words), "expected '{words}' in: {why}");
        }
        let why = read_files(&[("data_batch_1.bin", record(&[1])), ("batches.meta.txt", names(9))]).err().unwrap();
        assert!(why.contains("it has 9 names, where 10"), "{why}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn damage_never_brings_it_down(cut in 0.0..1.0, place in 0.0..1.0, byte in any::<u8>()) {
            let mut files = [("data_batch_1.bin", record(&[1])), ("batches.meta.txt", names(10))];
            for (_, bytes) in &mut files {
                let length = bytes.len() as f64;
                bytes[(place * length) as usize] = byte;
            }
            let _ = read_files(&files);
            for (_, bytes) in &mut files {
                bytes.truncate((cut * bytes.len() as f64) as usize);
            }
            prop_assert!(read_files(&files).is_err());
        }
    }
}
