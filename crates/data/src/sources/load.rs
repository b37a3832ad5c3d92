//! From the name of a source to images in memory.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, thread};

use super::fetch::{complete, find_dir};
use super::idx::{self, Idx};
use super::known::{FASHION_MNIST, KnownFile, KnownSet, known_sets};
use super::progress::{Event, Progress};
use super::retry::RetryPolicy;
use super::verify::{FileState, read_checked};
use super::{DRAWN_GARMENTS, Source, garments};
use crate::dataset::{Dataset, ImageShape, Images};
use crate::error::Error;

/// Training images, training labels, test images, test labels. The number is that of the dimensions: images of colour may
/// also be called `idx4`.
const FILE_NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// Loads a data set, downloading it first where it is known and not here yet.
///
/// `dir` is where known sets are kept (`--data-dir`; see [`find_dir`]). [`Source::Auto`] falls back to drawn garments
/// when Fashion-MNIST cannot be fetched (no network, trouble at every server, nowhere to keep it, or a program built without
/// downloads), and says so and why by a notice; nothing else falls back.
///
/// A [`Source::Directory`] holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`, each raw or with `.gz`, and may hold `classes.txt` with a class's name on each line. Images are
/// grey, `[n, height, width]`, or of red, green and blue, `[n, height, width, 3]`; files of colour images may be called
/// `idx4` instead of `idx3`.
///
/// # Errors
/// When files are missing, damaged or do not belong together, and when they cannot be downloaded.
pub fn load(source: &Source, dir: Option<&Path>, progress: &dyn Progress) -> Result<Dataset, Error> {
    match source {
        Source::Auto => match load_known(FASHION_MNIST, dir, progress) {
            Err(error) if cannot_be_had(&error) => {
                let notice =
                    format!("{} cannot be had, going on with {DRAWN_GARMENTS} instead: {error}", FASHION_MNIST.name);
                progress.report(Event::Notice(&notice));
                Ok(garments::dataset())
            }
            loaded_or_damaged => loaded_or_damaged,
        },
        Source::Known(set) => load_known(set, dir, progress),
        Source::DrawnGarments => Ok(garments::dataset()),
        Source::Directory(path) => load_directory(path),
    }
}

/// Whether the trouble is with fetching a set, not with what has been fetched.
fn cannot_be_had(error: &Error) -> bool {
    use Error::{Download, File, NoCache, NoNetwork, WithoutDownloads};
    matches!(error, NoNetwork { .. } | Download { .. } | WithoutDownloads { .. } | File(_) | NoCache)
}

fn load_known(set: &KnownSet, dir: Option<&Path>, progress: &dyn Progress) -> Result<Dataset, Error> {
    let dir = find_dir(set, dir)?;
    let read = || read_four(|at| read_known(&dir.join(set.files[at].name), &set.files[at]));
    let mut files = read();
    if files.iter().any(|file| matches!(file, Ok(Err(_)))) {
        complete(set, &dir, &RetryPolicy::default(), progress)?;
        files = read();
    }
    let [train_images, train_labels, test_images, test_labels] = files;
    let valid = |at: usize, file: Result<Result<Idx, FileState>, Error>| {
        let path = dir.join(set.files[at].name);
        match file? {
            Ok(idx) => Ok((path, idx)),
            Err(state) => Err(Error::Damaged { path, why: state.to_string() }),
        }
    };
    let files = [valid(0, train_images)?, valid(1, train_labels)?, valid(2, test_images)?, valid(3, test_labels)?];
    let names = set.class_names.map(String::from).to_vec();
    assemble(set.name.to_owned(), Some(names), files)
}

/// The outer error is for good, the inner one for what fetching can mend.
fn read_known(path: &Path, known: &KnownFile) -> Result<Result<Idx, FileState>, Error> {
    match read_checked(path, known) {
        Ok(bytes) => idx::decode(bytes.as_slice(), known.size, path).map(Ok),
        Err(state) => Ok(Err(state)),
    }
}

fn load_directory(dir: &Path) -> Result<Dataset, Error> {
    if !dir.exists() && dir.components().count() <= 1 {
        let mut known: Vec<_> = known_sets().iter().map(|set| set.name).collect();
        known.push(DRAWN_GARMENTS);
        return Err(Error::UnknownSet { name: dir.display().to_string(), known: known.join(", ") });
    }
    fs::read_dir(dir).map_err(|source| Error::io("read", dir, source))?;
    let read = |at: usize| {
        let names = [FILE_NAMES[at].to_owned(), FILE_NAMES[at].replace("idx3", "idx4")];
        let mut paths = names.into_iter().flat_map(|name| [dir.join(name.clone() + ".gz"), dir.join(name)]);
        let path = paths.find(|path| path.exists());
        let path = path.ok_or_else(|| Error::Missing { dir: dir.to_owned(), file: FILE_NAMES[at].to_owned() })?;
        Ok::<_, Error>((path.clone(), idx::read(&path)?))
    };
    let [train_images, train_labels, test_images, test_labels] = read_four(read);
    let files = [train_images?, train_labels?, test_images?, test_labels?];
    assemble(dir.display().to_string(), class_names(dir)?, files)
}

/// What the classes of a directory are called: the lines of its `classes.txt`, or the names of the known set whose
/// labels it holds.
fn class_names(dir: &Path) -> Result<Option<Vec<String>>, Error> {
    let path = dir.join("classes.txt");
    if !path.exists() {
        // Labels are small, and no two sets have the same.
        let has = |file: &KnownFile| read_checked(&dir.join(file.name), file).is_ok();
        let set = known_sets().iter().find(|set| has(&set.files[1]) && has(&set.files[3]));
        return Ok(set.map(|set| set.class_names.map(String::from).to_vec()));
    }
    let bad = |why: String| Error::Classes { path: path.clone(), why };
    if !path.is_file() {
        return Err(bad("it is not a file".into()));
    }
    let text = fs::read_to_string(&path).map_err(|source| match source.kind() {
        ErrorKind::InvalidData => bad("it is not UTF-8 text".into()),
        _ => Error::io("read", &path, source),
    })?;
    let names: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    // A label is a byte.
    if names.len() > 256 {
        return Err(bad(format!("it has {} names, where labels tell at most 256 classes apart", names.len())));
    }
    Ok(Some(names))
}

/// Runs `read` for the four files at once: unpacking them is what loading a set costs.
fn read_four<T: Send>(read: impl Fn(usize) -> T + Sync) -> [T; 4] {
    let read = &read;
    thread::scope(|scope| {
        let others = [1, 2, 3].map(|at| (at, thread::Builder::new().spawn_scoped(scope, move || read(at))));
        let first = read(0);
        let [second, third, fourth] = others.map(|(at, other)| match other {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // The system gives no thread, so this one does the work.
            Err(_) => read(at),
        });
        [first, second, third, fourth]
    })
}

/// A file's path and what it holds.
type FileContent = (PathBuf, Idx);

/// Makes a set of its four files. Without names, classes are called by their number.
fn assemble(name: String, class_names: Option<Vec<String>>, files: [FileContent; 4]) -> Result<Dataset, Error> {
    let [train_images, train_labels, test_images, test_labels] = files;
    let (train_path, test_path) = (train_images.0.clone(), test_images.0.clone());
    let class_names = class_names.unwrap_or_else(|| {
        let highest = train_labels.1.values.iter().chain(&test_labels.1.values).max();
        let classes = highest.map_or(0, |&label| usize::from(label) + 1);
        (0..classes).map(|class| class.to_string()).collect()
    });
    let train = pair(train_images, train_labels, class_names.len())?;
    let test = pair(test_images, test_labels, class_names.len())?;
    if train.shape() != test.shape() {
        let [train, test] = [train.shape(), test.shape()].map(|shape| match shape.channels {
            1 => format!("{}x{}", shape.height, shape.width),
            channels => format!("{}x{}x{channels}", shape.height, shape.width),
        });
        return Err(Error::pair(&train_path, &test_path, format!("images of {train} and of {test} pixels")));
    }
    Ok(Dataset { name, class_names, train: Arc::new(train), test: Arc::new(test) })
}

fn pair(images: FileContent, labels: FileContent, classes: usize) -> Result<Images, Error> {
    let ((images_path, images), (labels_path, labels)) = (images, labels);
    let shape = match images.dims[..] {
        [_, height, width] => ImageShape { height, width, channels: 1 },
        [_, height, width, channels @ (1 | 3)] => ImageShape { height, width, channels },
        [_, _, _, channels] => {
            let why =
                format!("its last dimension is {channels}, where 1 (grey) or 3 (red, green and blue) can be read");
            return Err(Error::idx(&images_path, why));
        }
        ref dims => {
            let why = format!("it has {} instead of 3 (grey) or 4 (colour)", dimensions(dims));
            return Err(Error::idx(&images_path, why));
        }
    };
    if labels.dims.len() != 1 {
        return Err(Error::idx(&labels_path, format!("it has {} instead of 1", dimensions(&labels.dims))));
    }
    if images.values.is_empty() {
        return Err(Error::idx(&images_path, "it holds no pixel"));
    }
    Images::new(shape, images.values, labels.values, classes)
        .map_err(|why| Error::pair(&images_path, &labels_path, why))
}

fn dimensions(dims: &[usize]) -> String {
    if dims.len() == 1 { "1 dimension".to_owned() } else { format!("{} dimensions", dims.len()) }
}
