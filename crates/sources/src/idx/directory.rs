//! The four IDX files of a directory, by the names that people have them under.
//!
//! Copies of one set are called `train-images-idx3-ubyte`, `train-images.idx3-ubyte.gz`, `emnist-letters-train-images-idx3-ubyte`
//! or `TRAIN-IMAGES-IDX3-UBYTE.GZ`, and some unpackers put a file into a folder of its name. What is only nearly a name is not
//! read, but said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::file::{self, Idx};
use crate::error::Error;
use crate::progress::{Event, Progress};

/// Training images, training labels, test images, test labels. The number is that of the dimensions: images of colour may
/// also be called `idx4`.
pub(crate) const FILE_NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// How many folders deep it is looked where else the files may be.
const DEEPEST: usize = 3;
/// Entries of a folder that are looked at for that.
const MOST_ENTRIES: usize = 1000;

/// A file's path and what it holds.
pub(crate) type FileContent = (PathBuf, Idx);

/// Where each of the four files is; several places where it is there more than once, the first one to be read.
pub(crate) type Places = [Vec<PathBuf>; 4];

/// Finds the four files of the one set in `dir`.
///
/// # Errors
/// When there is none, which then says what comes near, or more than one.
pub(crate) fn find(dir: &Path) -> Result<Places, Error> {
    let entries = fs::read_dir(dir).map_err(|source| Error::io("read", dir, source))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_by_cached_key(|path| rank(&name_of(path)));
    let mut sets: BTreeMap<String, Places> = BTreeMap::new();
    for path in &paths {
        let Some(named) = Named::of(&name_of(path)) else { continue };
        let places = if path.is_dir() { inside(path, named.at) } else { vec![path.clone()] };
        sets.entry(named.set).or_default()[named.at].extend(places);
    }
    let lacks = |places: &Places| places.iter().filter(|places| places.is_empty()).count();
    // Files without the name of a set before theirs are what the directory itself is.
    let is_own = |set: &str| set.is_empty();
    let whole: Vec<&String> = sets.iter().filter(|(_, places)| lacks(places) == 0).map(|(set, _)| set).collect();
    match whole[..] {
        [] => {}
        [set, ..] if is_own(set) || whole.len() == 1 => return Ok(sets[set].clone()),
        _ => {
            let sets = whole.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Error::SeveralSets { dir: dir.to_owned(), sets });
        }
    }
    let nearest = sets.iter().min_by_key(|(_, places)| lacks(places));
    let at = nearest.and_then(|(_, places)| places.iter().position(Vec::is_empty)).unwrap_or(0);
    let before = nearest.filter(|(set, _)| !is_own(set)).map_or_else(String::new, |(set, _)| format!("{set}-"));
    Err(Error::Missing { dir: dir.to_owned(), file: before + FILE_NAMES[at], hint: hint(dir, &paths, at) })
}

/// Reads the first of some places that holds a sound file; of those before it a notice says what is wrong.
///
/// # Errors
/// What is wrong with the first, if none is sound.
pub(crate) fn read(places: &[PathBuf], progress: &dyn Progress) -> Result<FileContent, Error> {
    let [first, others @ ..] = places else { unreachable!("a set has a place for each of its files") };
    let error = match file::read(first) {
        Ok(idx) => return Ok((first.clone(), idx)),
        Err(error) => error,
    };
    for other in others {
        if let Ok(idx) = file::read(other) {
            progress.report(Event::Notice(&format!("{error}; reading {} instead", other.display())));
            return Ok((other.clone(), idx));
        }
    }
    Err(error)
}

/// Whether a file's name says that it is one of EMNIST's, whose images lie with rows and columns swapped.
pub(crate) fn is_emnist(path: &Path) -> bool {
    Named::of(&name_of(path)).is_some_and(|named| named.set == "emnist" || named.set.starts_with("emnist-"))
}

/// What a file's name says that it holds.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    /// Which of the four files.
    at: usize,
    /// What stands before, as in `emnist-letters`.
    set: String,
}

impl Named {
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if name.starts_with('.') {
            return None;
        }
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        let words: Vec<&str> =
            stem.split(|character: char| "-_. ".contains(character)).filter(|word| !word.is_empty()).collect();
        let what = words.iter().rposition(|word| matches!(*word, "images" | "labels"))?;
        let part = match *words.get(what.checked_sub(1)?)? {
            "train" => 0,
            "t10k" | "test" => 2,
            _ => return None,
        };
        let is_format = |word: &&str| matches!(*word, "idx" | "idx1" | "idx3" | "idx4" | "ubyte");
        let known = words[what + 1..].iter().all(is_format);
        let at = part + usize::from(words[what] == "labels");
        known.then(|| Self { at, set: words[..what - 1].join("-") })
    }
}

/// Whether a name is that of one of the four files, in any spelling.
pub(crate) fn is_idx_name(name: &str) -> bool {
    Named::of(name).is_some()
}

/// Which of several files of one meaning is read first: that of the official name, gzipped, then raw; then the others by name.
fn rank(name: &str) -> (usize, String) {
    let official = FILE_NAMES.iter().flat_map(|name| [(*name).to_owned(), name.replace("idx3", "idx4")]);
    let mut official = official.flat_map(|name| [name.clone() + ".gz", name]);
    (official.position(|official| official == name).unwrap_or(usize::MAX), name.to_owned())
}

/// What a path ends with.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Files in the folder of a file's name that are that file.
fn inside(folder: &Path, at: usize) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_it = |path: &PathBuf| Named::of(&name_of(path)).is_some_and(|named| named.at == at) && path.is_file();
    let mut files: Vec<_> = entries.filter(is_it).collect();
    files.sort_by_cached_key(|path| rank(&name_of(path)));
    files
}

/// What a directory of these entries has in place of one of the four files, after a semicolon.
fn hint(dir: &Path, entries: &[PathBuf], at: usize) -> String {
    let mut near: Vec<_> = entries.iter().map(|path| name_of(path)).filter(|name| is_near(name, at)).take(3).collect();
    if near.is_empty() {
        near = entries.iter().find_map(|folder| in_folder_of_part(folder, at)).into_iter().collect();
    }
    if !near.is_empty() {
        return format!("; {} is there, which is not read under that name", near.join(", "));
    }
    below(dir, DEEPEST).map_or_else(String::new, |below| format!("; there are such files in {}", below.display()))
}

/// `train/images-idx3-ubyte` and the like.
fn in_folder_of_part(folder: &Path, at: usize) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?.flatten().take(MOST_ENTRIES).map(|entry| name_of(&entry.path()));
    let mut names = entries.map(|name| format!("{}/{name}", name_of(folder)));
    names.find(|name| Named::of(&name.replace('/', "-")).is_some_and(|named| named.at == at))
}

/// Whether a name speaks of a file without being its name.
fn is_near(name: &str, at: usize) -> bool {
    let name = name.to_ascii_lowercase();
    let part = if at < 2 { name.contains("train") } else { name.contains("test") || name.contains("t10k") };
    part && name.contains(if at.is_multiple_of(2) { "image" } else { "label" })
}

/// The first folder below `dir` that holds four such files.
fn below(dir: &Path, depth: usize) -> Option<PathBuf> {
    let entries = fs::read_dir(dir).ok()?.flatten().take(MOST_ENTRIES);
    let mut folders: Vec<PathBuf> =
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect();
    folders.sort();
    let has_all = |folder: &PathBuf| {
        let names = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_ENTRIES);
        let mut found = [false; 4];
        for named in names.filter_map(|entry| Named::of(&entry.file_name().to_string_lossy())) {
            found[named.at] = true;
        }
        found == [true; 4]
    };
    if let Some(at) = folders.iter().position(has_all) {
        return Some(folders.swap_remove(at));
    }
    (depth > 1).then(|| folders.iter().find_map(|folder| below(folder, depth - 1)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_have_are_told() {
        for (name, at, set) in [
            ("train-images-idx3-ubyte.gz", 0, ""),
            ("train-images.idx3-ubyte", 0, ""),
            ("T10K-LABELS-IDX1-UBYTE.GZ", 3, ""),
            ("t10k_images_idx4_ubyte", 2, ""),
            ("emnist-letters-train-labels-idx1-ubyte.gz", 1, "emnist-letters"),
            ("emnist-by_class-test-images-idx3-ubyte", 2, "emnist-by-class"),
            ("test-labels.gz", 3, ""),
        ] {
            assert_eq!(Named::of(name), Some(Named { at, set: set.to_owned() }), "{name}");
        }
        for name in [
            "train-images-idx3-ubyte.zip",
            "train-images-idx3-ubyte.gz.part",
            "._train-images-idx3-ubyte",
            "qmnist-train-labels-idx2-int.gz",
            "images-idx3-ubyte",
            "train-images-idx3-ubyte (1).gz",
            "",
        ] {
            assert_eq!(Named::of(name), None, "{name}");
        }
    }

    #[test]
    fn the_official_name_is_read_first_and_gzipped_before_raw() {
        let mut names = [
            "train-images.idx3-ubyte",
            "train-images-idx4-ubyte",
            "train-images-idx3-ubyte",
            "train-images-idx3-ubyte.gz",
        ];
        names.sort_by_key(|name| rank(name));
        names[..2].reverse();
        assert_eq!(names[..2], ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"]);
    }
}
