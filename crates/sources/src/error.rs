//! What can go wrong with data, each as one sentence: what, where, what to do.

use std::io;
use std::path::{Path, PathBuf};

use modiste_files::FileError;

/// Why images or other data could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused to read or write.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is not the IDX file it should be.
    #[error("{} is not a valid IDX file: {why}; {remedy}", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file is not the matrix of numbers it should be.
    #[error("{} is not a valid matrix: {why}; {remedy}", path.display())]
    Matrix {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file has not the columns that are wanted of it.
    #[error("{} {why}", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// Which ones, and what to do.
        why: String,
    },
    /// A file's name does not say that it is a matrix of numbers.
    #[error("{} is neither a .npy nor a .csv, .tsv or .txt file; save the matrix as one of them, a point in each row", path.display())]
    MatrixFormat {
        /// The file.
        path: PathBuf,
    },
    /// A file or directory does not hold images as its form has them.
    #[error("{} cannot be read as a set of images: {why}", path.display())]
    Form {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it, where, and what to do.
        why: String,
    },
    /// Two files are both valid, but do not belong together.
    #[error("{} and {} do not belong together: {why}; take both from one set", first.display(), second.display())]
    Pair {
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
        /// What does not match.
        why: String,
    },
    /// A file does not name a directory's classes.
    #[error("{} does not name the classes: {why}; give it one name on each line", path.display())]
    Classes {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A directory lacks a file.
    #[error(
        "{} holds neither {file} nor {file}.gz{hint}; \
         give a directory with the four official IDX files: images and labels, of train and t10k",
        dir.display()
    )]
    Missing {
        /// The directory.
        dir: PathBuf,
        /// The file's name without `.gz`.
        file: String,
        /// What comes near, after a semicolon, or nothing.
        hint: String,
    },
    /// A directory has the files of more than one set.
    #[error("{} holds several data sets ({sets}); give a directory with the four files of one", dir.display())]
    SeveralSets {
        /// The directory.
        dir: PathBuf,
        /// What their files' names begin with.
        sets: String,
    },
    /// An archive is damaged, or of a kind that cannot be read.
    #[error("{} cannot be read as a {kind} archive: {why}; {remedy}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Which format it should have.
        kind: &'static str,
        /// What is wrong with it.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file of an archive is not what it should be.
    #[error("{message}")]
    InArchive {
        /// What is wrong, where, and what to do: the archive's path, then the file's within it.
        message: String,
    },
    /// Files are not laid out as pictures by class.
    #[error(
        "{} {why}; give train/CLASS/… with test/CLASS/… beside it, or CLASS/… alone: a folder of pictures for each class",
        place.display()
    )]
    Layout {
        /// The directory or archive.
        place: PathBuf,
        /// What stands there instead.
        why: String,
    },
    /// More classes than labels can tell apart.
    #[error("{} has {classes} classes, where 256 can be told apart; leave some out, or join them", place.display())]
    TooManyClasses {
        /// What holds them.
        place: PathBuf,
        /// How many there are.
        classes: usize,
    },
    /// Pictures are damaged, or of no kind that can be read.
    #[error(
        "{damaged} of {pictures} pictures of {} cannot be read: {first}; replace them, or give --skip-bad to go on without them",
        place.display()
    )]
    Pictures {
        /// What holds them.
        place: PathBuf,
        /// How many cannot be read.
        damaged: usize,
        /// How many there are.
        pictures: usize,
        /// The first of them, each with what is wrong.
        first: String,
    },
    /// Without the damaged pictures there is nothing to learn from.
    #[error("none of the training pictures of {} can be read: {first}; replace them", place.display())]
    NoPictures {
        /// What holds them.
        place: PathBuf,
        /// The first of them, each with what is wrong.
        first: String,
    },
    /// The feature `parquet` is off.
    #[cfg(not(feature = "parquet"))]
    #[error("{} cannot be read: this program is built without Parquet; build it with the feature parquet", path.display())]
    WithoutParquet {
        /// The file or folder.
        path: PathBuf,
    },
    /// The feature `pictures` is off.
    #[error("{} cannot be read: this program is built without pictures; build it with the feature pictures", place.display())]
    WithoutPictures {
        /// What holds them.
        place: PathBuf,
    },
    /// A file is of no form that can be read.
    #[error(
        "{} is no data set that can be read; give a folder of pictures by class, .npz, .csv, .parquet, CIFAR or IDX files, \
         or a .zip or .tar of any of these",
        path.display()
    )]
    UnknownForm {
        /// The file.
        path: PathBuf,
    },
    /// Neither a known set nor a path.
    #[error(
        "there is no data set and no file or folder called '{name}'; give one of {known}, or a path to your own images"
    )]
    UnknownSet {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A known set whose files stay wrong although they were just fetched or checked.
    #[error("{} is damaged ({why}); remove it and fetch the set again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In which way.
        why: String,
    },
    /// No server could be reached at all.
    #[error("cannot download {file}: no network ({why}); connect to one, or {remedy}")]
    NoNetwork {
        /// The file's name.
        file: String,
        /// What each address came to.
        why: String,
        /// Which files to put where instead.
        remedy: String,
    },
    /// Servers answered, but none gave the file.
    #[error("cannot download {file}: {why}; try again later, or {remedy}")]
    Download {
        /// The file's name.
        file: String,
        /// What each address said.
        why: String,
        /// Which files to put where instead.
        remedy: String,
    },
    /// The feature `download` is off.
    #[error("cannot download {set}: this program is built without downloads; {remedy}")]
    WithoutDownloads {
        /// The set's name.
        set: String,
        /// Which files to put where instead.
        remedy: String,
    },
    /// There is nowhere to keep downloaded files.
    #[error("no cache directory is known, since neither $XDG_CACHE_HOME nor a home directory is set; give --data-dir")]
    NoCache,
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::File(FileError::io(action, path, source))
    }

    pub(crate) fn idx(path: &Path, why: impl Into<String>) -> Self {
        Error::Idx { path: path.to_owned(), why: one_line(why.into()), remedy: "replace it with a whole copy" }
    }

    pub(crate) fn archive(path: &Path, kind: &'static str, why: impl ToString) -> Self {
        let remedy = "replace it with a whole copy, or unpack it and give the directory";
        Error::Archive { path: path.to_owned(), kind, why: one_line(why), remedy }
    }

    pub(crate) fn matrix(path: &Path, why: impl Into<String>) -> Self {
        let remedy = "give a whole file of numbers, a point in each row";
        Error::Matrix { path: path.to_owned(), why: one_line(why.into()), remedy }
    }

    pub(crate) fn form(path: &Path, why: impl Into<String>) -> Self {
        Error::Form { path: path.to_owned(), why: one_line(why.into()) }
    }

    pub(crate) fn pair(first: &Path, second: &Path, why: impl ToString) -> Self {
        Error::Pair { first: first.to_owned(), second: second.to_owned(), why: one_line(why) }
    }

    pub(crate) fn layout(place: &Path, why: impl ToString) -> Self {
        Error::Layout { place: place.to_owned(), why: one_line(why) }
    }
}

/// What a library says, or what names of others have in them, without the line breaks that would tear a message apart.
pub(crate) fn one_line(text: impl ToString) -> String {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_do_not_tear_a_sentence_apart() {
        let (path, why) = (Path::new("set"), "it has 'a\r\n\u{85}b'");
        let errors = [
            Error::archive(path, "zip", why),
            Error::form(path, why),
            Error::idx(path, why),
            Error::layout(path, why),
            Error::matrix(path, why),
            Error::pair(path, path, why),
        ];
        for error in errors.map(|error| error.to_string()) {
            assert!(error.contains("it has 'a b'") && !error.contains(char::is_control), "{error:?}");
        }
    }
}
