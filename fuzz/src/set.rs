//! Somebody's own images, loaded as `--data` loads them.

use std::path::Path;

use modiste_data::Dataset;
use modiste_sources::{LoadOptions, Silent, Source};

/// Loads what lies at a path, and holds the set to what everybody relies on.
pub fn load(path: &Path) {
    load_with(path, LoadOptions { no_cache: true, ..LoadOptions::default() });
}

/// The same, read in this way.
pub fn load_with(path: &Path, options: LoadOptions) {
    match modiste_sources::load(&Source::Own(path.to_owned(), options), None, &Silent) {
        Ok(set) => check(&set),
        Err(error) => check_sentence(&error.to_string()),
    }
}

fn check(set: &Dataset) {
    assert!(!set.train.is_empty(), "a set without training images");
    for images in [Some(&set.train), set.validation.as_ref(), Some(&set.test)].into_iter().flatten() {
        assert_eq!(images.pixels().len(), images.len() * images.shape().len());
        assert!(images.labels().iter().all(|&label| usize::from(label) < set.class_names.len()));
    }
}

/// An error is one sentence, on one line.
fn check_sentence(error: &str) {
    assert!(!error.is_empty() && !error.contains(['\n', '\r']), "{error:?}");
}
