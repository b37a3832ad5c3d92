//! From the name of a source to images in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use crate::check::{FileState, read_checked};
use crate::download::Patience;
use crate::fetch::{complete, find_dir};
use crate::idx::{self, Idx};
use crate::known::{FASHION_MNIST, KnownFile, KnownSet, known_sets};
use crate::progress::{Event, Progress};
use crate::source::{DRAWN_GARMENTS, Source};
use crate::{Dataset, Error, ImageShape, Images, garments};

/// Training images, training labels, test images, test labels.
const FILE_NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// Loads a data set, downloading it first where it is known and not here yet.
///
/// `dir` is where known sets are kept (`--data-dir`; see [`find_dir`]). [`Source::Auto`] falls back to drawn garments
/// when Fashion-MNIST cannot be had, and says so by a notice; nothing else falls back.
///
/// # Errors
/// When files are missing, damaged or do not belong together, and when they cannot be downloaded.
pub fn load(source: &Source, dir: Option<&Path>, progress: &dyn Progress) -> Result<Dataset, Error> {
    match source {
        Source::Auto => load_known(FASHION_MNIST, dir, progress).or_else(|error| {
            let notice =
                format!("{} cannot be had, going on with {DRAWN_GARMENTS} instead: {error}", FASHION_MNIST.name);
            progress.report(Event::Notice(&notice));
            Ok(garments::dataset())
        }),
        Source::Known(set) => load_known(set, dir, progress),
        Source::DrawnGarments => Ok(garments::dataset()),
        Source::Directory(path) => load_directory(path),
    }
}

fn load_known(set: &KnownSet, dir: Option<&Path>, progress: &dyn Progress) -> Result<Dataset, Error> {
    let dir = find_dir(set, dir)?;
    let read = || read_four(|at| read_known(&dir.join(set.files[at].name), &set.files[at]));
    let mut files = read();
    if files.iter().any(|file| matches!(file, Ok(Err(_)))) {
        complete(set, &dir, &Patience::default(), progress)?;
        files = read();
    }
    let mut sound = Vec::with_capacity(4);
    for (file, known) in files.into_iter().zip(&set.files) {
        let path = dir.join(known.name);
        match file? {
            Ok(idx) => sound.push((path, idx)),
            Err(state) => return Err(Error::Damaged { path, why: state.to_string() }),
        }
    }
    let names = set.class_names.map(String::from).to_vec();
    assemble(set.name.to_owned(), Some(names), sound)
}

/// The outer error is for good, the inner one for what fetching can mend.
fn read_known(path: &Path, known: &KnownFile) -> Result<Result<Idx, FileState>, Error> {
    match read_checked(path, known) {
        Ok(bytes) => idx::decode(bytes.as_slice(), known.size, path).map(Ok),
        Err(state) => Ok(Err(state)),
    }
}

fn load_directory(dir: &Path) -> Result<Dataset, Error> {
    if !dir.exists() && dir.components().count() == 1 {
        let mut known: Vec<_> = known_sets().iter().map(|set| set.name).collect();
        known.push(DRAWN_GARMENTS);
        return Err(Error::UnknownSet { name: dir.display().to_string(), known: known.join(", ") });
    }
    fs::read_dir(dir).map_err(|source| Error::io("read", dir, source))?;
    let read = |at: usize| {
        let path = [FILE_NAMES[at].to_owned() + ".gz", FILE_NAMES[at].to_owned()].map(|name| dir.join(name));
        let path = path.into_iter().find(|path| path.exists());
        let path = path.ok_or_else(|| Error::Missing { dir: dir.to_owned(), file: FILE_NAMES[at].to_owned() })?;
        Ok((path.clone(), idx::read(&path)?))
    };
    let files = read_four(read).into_iter().collect::<Result<Vec<_>, _>>()?;
    assemble(dir.display().to_string(), class_names(dir)?, files)
}

/// The lines of `classes.txt`, where there is one.
fn class_names(dir: &Path) -> Result<Option<Vec<String>>, Error> {
    let path = dir.join("classes.txt");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::io("read", &path, source)),
    }
}

/// Runs `read` for the four files at once: unpacking them is what loading a set costs.
fn read_four<T: Send>(read: impl Fn(usize) -> T + Sync) -> [T; 4] {
    let read = &read;
    thread::scope(|scope| {
        let others = [1, 2, 3].map(|at| scope.spawn(move || read(at)));
        let first = read(0);
        let [second, third, fourth] =
            others.map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        [first, second, third, fourth]
    })
}

/// Makes a set of its four files. Without names, classes are called by their number.
fn assemble(name: String, class_names: Option<Vec<String>>, files: Vec<(PathBuf, Idx)>) -> Result<Dataset, Error> {
    let highest = [&files[1], &files[3]].into_iter().filter_map(|(_, labels)| labels.values.iter().max()).max();
    let class_names = class_names.unwrap_or_else(|| {
        let classes = highest.map_or(0, |&label| usize::from(label) + 1);
        (0..classes).map(|class| class.to_string()).collect()
    });
    let mut files = files.into_iter();
    let mut part = || -> Result<Arc<Images>, Error> {
        let ((images_path, images), (labels_path, labels)) = match (files.next(), files.next()) {
            (Some(images), Some(labels)) => (images, labels),
            _ => unreachable!("a set has four files"),
        };
        Ok(Arc::new(pair(images, &images_path, labels, &labels_path, class_names.len())?))
    };
    let (train, test) = (part()?, part()?);
    Ok(Dataset { name, class_names, train, test })
}

fn pair(images: Idx, images_path: &Path, labels: Idx, labels_path: &Path, classes: usize) -> Result<Images, Error> {
    let [_, height, width] = images.dims[..] else {
        let rank = images.dims.len();
        return Err(Error::idx(images_path, format!("it has {rank} dimensions, where images have 3")));
    };
    if labels.dims.len() != 1 {
        let rank = labels.dims.len();
        return Err(Error::idx(labels_path, format!("it has {rank} dimensions, where labels have 1")));
    }
    if images.values.is_empty() {
        return Err(Error::idx(images_path, "it holds no pixel"));
    }
    let shape = ImageShape { height, width, channels: 1 };
    Images::new(shape, images.values, labels.values, classes).map_err(|why| Error::pair(images_path, labels_path, why))
}
