//! From the name of a source to images in memory.

use std::path::Path;

use modiste_data::Dataset;
use serde::Serialize;

use crate::error::{Error, one_line};
use crate::garments::{self, DRAWN_GARMENTS};
use crate::idx::class_names::{self, ClassNames};
use crate::idx::directory;
use crate::idx::set::{assemble, read_four};
use crate::idx::{self, Idx};
use crate::known::fetch::complete;
use crate::known::place::find_dir;
use crate::known::retry::RetryPolicy;
use crate::known::sets::{FASHION_MNIST, KnownFile, KnownSet, known_sets};
use crate::known::verify::{FileState, read_checked, set_in};
use crate::options::LoadOptions;
use crate::own::{self, Form, Own};
use crate::progress::{Event, Progress};
use crate::source::Source;
use crate::unpacked::{InName, Unpacked};

/// Loads a data set, downloading it first where it is known and not here yet.
///
/// `dir` is where known sets are kept (`--data-dir`; see [`find_dir`]). [`Source::Auto`] falls back to drawn garments
/// when Fashion-MNIST cannot be fetched (no network, trouble at every server, nowhere to keep it, or a program built without
/// downloads), and says so and why by a notice; nothing else falls back.
///
/// What a [`Source::Own`] holds is seen by its names and content: folders of pictures by class, `.npz`, `.csv`, `.parquet`,
/// CIFAR's batches or IDX files, or an archive of any of these. The last of them are `train-images-idx3-ubyte`,
/// `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each raw or with `.gz`, or files whose names differ from these by case, dots for dashes, `test`
/// for `t10k` or a set's name before them. Images are grey, `[n, height, width]`, or of red, green and blue,
/// `[n, height, width, 3]`; files of colour images may be called `idx4` instead of `idx3`. Line k of `classes.txt`, where
/// there is one, names class k, counted from 0.
///
/// # Errors
/// When files are missing, damaged or do not belong together, and when they cannot be downloaded.
pub fn load(source: &Source, dir: Option<&Path>, progress: &dyn Progress) -> Result<Dataset, Error> {
    load_described(source, dir, progress).map(|loaded| loaded.dataset)
}

/// A data set, and what is known of how it was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The images.
    pub dataset: Dataset,
    /// What they lay in: `folder`, `idx`, `npz`, `csv`, `parquet`, `cifar` or `drawn`.
    pub form: &'static str,
    /// What was not read.
    pub left_out: Vec<LeftOut>,
}

/// A file that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Where it lies within the set.
    pub path: String,
    /// Why it was not read.
    pub why: String,
}

/// Loads a data set like [`load`], and says how it was read.
///
/// # Errors
/// Those of [`load`].
pub fn load_described(source: &Source, dir: Option<&Path>, progress: &dyn Progress) -> Result<Loaded, Error> {
    let loaded = |form| move |dataset| Loaded { dataset, form, left_out: Vec::new() };
    let drawn = || loaded("drawn")(garments::dataset());
    match source {
        Source::Auto => match load_known(FASHION_MNIST, dir, progress) {
            Err(error) if cannot_be_had(&error) => {
                let notice =
                    format!("{} cannot be had, going on with {DRAWN_GARMENTS} instead: {error}", FASHION_MNIST.name);
                progress.report(Event::Notice(&notice));
                Ok(drawn())
            }
            loaded_or_damaged => loaded_or_damaged.map(loaded("idx")),
        },
        Source::Known(set) => load_known(set, dir, progress).map(loaded("idx")),
        Source::DrawnGarments => Ok(drawn()),
        Source::Own(path, options) => load_own(path, options, progress),
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
    assemble(set.name.to_owned(), Some(names_of(set)), files)
}

/// The outer error is for good, the inner one for what fetching can mend.
fn read_known(path: &Path, known: &KnownFile) -> Result<Result<Idx, FileState>, Error> {
    match read_checked(path, known) {
        Ok(bytes) => idx::decode(bytes.as_slice(), known.size, path).map(Ok),
        Err(state) => Ok(Err(state)),
    }
}

fn load_own(path: &Path, options: &LoadOptions, progress: &dyn Progress) -> Result<Loaded, Error> {
    if !path.exists() && path.components().count() <= 1 {
        let mut known: Vec<_> = known_sets().iter().map(|set| set.name).collect();
        known.push(DRAWN_GARMENTS);
        return Err(Error::UnknownSet { name: path.display().to_string(), known: known.join(", ") });
    }
    let form = Form::of(path)?;
    if form != Form::Folder || path.is_dir() {
        return load_form(path, &form, options, progress).map_err(|error| nearest(path, &form, error));
    }
    let archive = own::open(path)?;
    match Unpacked::of(archive.as_ref())? {
        Some(unpacked) => {
            archive.listing().notes.iter().for_each(|note| progress.report(Event::Notice(note)));
            drop(archive);
            load_unpacked(&unpacked, options, progress)
        }
        None => Ok(described(own::read_pictures(&archive, options)?, &form, progress)),
    }
}

/// What a directory without pictures lacks of the IDX files, where some that it has come near.
fn nearest(path: &Path, form: &Form, error: Error) -> Error {
    let has_no_pictures = *form == Form::Folder && matches!(error, Error::Layout { .. });
    match has_no_pictures.then(|| directory::find(path)) {
        Some(Err(Error::Missing { dir, file, hint })) if !hint.is_empty() => Error::Missing { dir, file, hint },
        _ => error,
    }
}

fn load_unpacked(unpacked: &Unpacked, options: &LoadOptions, progress: &dyn Progress) -> Result<Loaded, Error> {
    let progress = InName { unpacked, progress };
    let form = Form::of(unpacked.path())?;
    let mut loaded = load_form(unpacked.path(), &form, options, &progress)
        .map_err(|error| Error::InArchive { message: one_line(unpacked.renamed(&error.to_string())) })?;
    loaded.dataset.name = unpacked.archive().display().to_string();
    Ok(loaded)
}

fn load_form(path: &Path, form: &Form, options: &LoadOptions, progress: &dyn Progress) -> Result<Loaded, Error> {
    if *form == Form::Idx {
        return Ok(Loaded { dataset: load_idx(path, progress)?, form: form.name(), left_out: Vec::new() });
    }
    Ok(described(own::read(path, form, options)?, form, progress))
}

fn described(own: Own, form: &Form, progress: &dyn Progress) -> Loaded {
    let Own { dataset, left_out, notes } = own;
    notes.iter().for_each(|note| progress.report(Event::Notice(note)));
    let left_out = left_out.into_iter().map(|(path, why)| LeftOut { path, why }).collect();
    Loaded { dataset, form: form.name(), left_out }
}

fn load_idx(dir: &Path, progress: &dyn Progress) -> Result<Dataset, Error> {
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
    let names = class_names::find(dir, progress)?.or_else(|| set_in(dir).map(names_of));
    assemble(dir.display().to_string(), names, files)
}

fn names_of(set: &KnownSet) -> ClassNames {
    ClassNames { names: set.class_names.map(String::from).to_vec(), file: None }
}
