//! From the name of a source to images in memory.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::class_names::{self, ClassNames};
use super::directory::{self, FileContent};
use super::fetch::complete;
use super::idx::{self, Idx};
use super::known::{FASHION_MNIST, KnownFile, KnownSet, known_sets};
use super::place::find_dir;
use super::progress::{Event, Progress};
use super::retry::RetryPolicy;
use super::verify::{FileState, read_checked};
use super::{DRAWN_GARMENTS, Source, garments};
use crate::dataset::{Dataset, ImageShape, Images};
use crate::error::Error;

/// Loads a data set, downloading it first where it is known and not here yet.
///
/// `dir` is where known sets are kept (`--data-dir`; see [`find_dir`]). [`Source::Auto`] falls back to drawn garments
/// when Fashion-MNIST cannot be fetched (no network, trouble at every server, nowhere to keep it, or a program built without
/// downloads), and says so and why by a notice; nothing else falls back.
///
/// A [`Source::Directory`] holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`, each raw or with `.gz`, or files whose names differ from these by case, dots for dashes, `test`
/// for `t10k` or a set's name before them. Images are grey, `[n, height, width]`, or of red, green and blue,
/// `[n, height, width, 3]`; files of colour images may be called `idx4` instead of `idx3`. Line k of `classes.txt`, where
/// there is one, names class k, counted from 0.
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
        Source::Directory(path) => load_directory(path, progress),
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
    let names = ClassNames { names: set.class_names.map(String::from).to_vec(), file: None };
    assemble(set.name.to_owned(), Some(names), files)
}

/// The outer error is for good, the inner one for what fetching can mend.
fn read_known(path: &Path, known: &KnownFile) -> Result<Result<Idx, FileState>, Error> {
    match read_checked(path, known) {
        Ok(bytes) => idx::decode(bytes.as_slice(), known.size, path).map(Ok),
        Err(state) => Ok(Err(state)),
    }
}

fn load_directory(dir: &Path, progress: &dyn Progress) -> Result<Dataset, Error> {
    if !dir.exists() && dir.components().count() <= 1 {
        let mut known: Vec<_> = known_sets().iter().map(|set| set.name).collect();
        known.push(DRAWN_GARMENTS);
        return Err(Error::UnknownSet { name: dir.display().to_string(), known: known.join(", ") });
    }
    let places = directory::find(dir)?;
    let [train_images, train_labels, test_images, test_labels] = read_four(|at| directory::read(&places[at], progress));
    let files = [train_images?, train_labels?, test_images?, test_labels?];
    if directory::is_emnist(&files[0].0) {
        progress.report(Event::Notice(&format!(
            "note: the files of EMNIST hold images with rows and columns swapped, and those in {} are used as they lie; \
             swap those of any other picture before it is classified",
            dir.display()
        )));
    }
    assemble(dir.display().to_string(), class_names::find(dir, progress)?, files)
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

/// Makes a set of its four files. Without names, classes are called by their number.
fn assemble(name: String, class_names: Option<ClassNames>, files: [FileContent; 4]) -> Result<Dataset, Error> {
    let [train_images, train_labels, test_images, test_labels] = files;
    let (train_path, test_path) = (train_images.0.clone(), test_images.0.clone());
    let highest = train_labels.1.values.iter().chain(&test_labels.1.values).max().copied();
    let class_names = match class_names {
        Some(class_names) => {
            highest.map_or(Ok(()), |highest| class_names.check_header(highest))?;
            for (path, labels) in [&train_labels, &test_labels] {
                class_names.check_labels(&labels.values, path)?;
            }
            class_names.names
        }
        None => {
            let classes = highest.map_or(0, |label| usize::from(label) + 1);
            (0..classes).map(|class| class.to_string()).collect()
        }
    };
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
        let what = if images.dims[0] == 0 { "no images" } else { "images without pixels" };
        let (why, remedy) = (format!("it holds {what}"), "put a file there that has at least one image");
        return Err(Error::Idx { path: images_path, why, remedy });
    }
    Images::new(shape, images.values, labels.values, classes)
        .map_err(|why| Error::pair(&images_path, &labels_path, why))
}

fn dimensions(dims: &[usize]) -> String {
    if dims.len() == 1 { "1 dimension".to_owned() } else { format!("{} dimensions", dims.len()) }
}
