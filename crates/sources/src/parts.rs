//! What a form of data set gives: the images of each part, and what their classes are called.

use std::borrow::Cow;

use crate::error::Error;

/// The parts of a set, each a `T`: pictures still encoded, or images in memory.
pub(crate) struct Parts<T> {
    /// By label.
    pub(crate) class_names: Vec<String>,
    pub(crate) train: T,
    /// Kept for choices, where the set says so.
    pub(crate) validation: Option<T>,
    /// Kept for the final measurement, where the set says so.
    pub(crate) test: Option<T>,
    /// What was left out or taken for something, a sentence each.
    pub(crate) notes: Vec<String>,
    /// Files that are no images, hidden, or in no class: paths within the set, and why.
    pub(crate) left_out: Vec<(String, String)>,
}

/// Encoded pictures (PNG, JPEG, …) with a label each.
pub(crate) struct Pictures {
    /// What each is called in messages, and its label.
    pub(crate) entries: Vec<PictureEntry>,
    pub(crate) source: Box<dyn ReadPicture>,
}

/// A picture that has not been read.
pub(crate) struct PictureEntry {
    /// A path, or a file and a row.
    pub(crate) name: String,
    pub(crate) label: u8,
}

/// Where the bytes of pictures come from, on any thread.
pub(crate) trait ReadPicture: Send + Sync {
    /// The whole file of picture `index`.
    ///
    /// # Errors
    /// When the system or an archive does not give it.
    fn read(&self, index: usize) -> Result<Cow<'_, [u8]>, Error>;
}
