//! Images that are there more than once, pixel by pixel.

use std::collections::HashMap;

use serde::Serialize;

use crate::dataset::Dataset;

/// How many images are there more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Training images that are equal to an earlier one.
    pub within_train: usize,
    /// Test images that are equal to an earlier one.
    pub within_test: usize,
    /// Validation and test images that are equal to one of another part before theirs.
    pub across: usize,
    /// Images that are there with another label too, each counted.
    pub conflicting: usize,
}

/// All places of one image.
#[derive(Default)]
struct Places {
    /// By part: training, validation, test.
    images: [usize; 3],
    /// The first one's.
    label: u8,
    conflicts: bool,
}

impl Duplicates {
    pub(super) fn of(dataset: &Dataset) -> Self {
        let parts = [Some(&dataset.train), dataset.validation.as_ref(), Some(&dataset.test)];
        let mut places: HashMap<&[u8], Places> = HashMap::new();
        for (part, images) in parts.into_iter().enumerate() {
            let Some(images) = images else { continue };
            for (index, &label) in images.labels().iter().enumerate() {
                let known = places.entry(images.image(index)).or_insert_with(|| Places { label, ..Places::default() });
                known.images[part] += 1;
                known.conflicts |= known.label != label;
            }
        }
        let mut found = Self::default();
        for Places { images: [train, validation, test], conflicts, .. } in places.into_values() {
            found.within_train += train.saturating_sub(1);
            found.within_test += test.saturating_sub(1);
            found.across += if train > 0 { validation } else { 0 } + if train + validation > 0 { test } else { 0 };
            found.conflicting += if conflicts { train + validation + test } else { 0 };
        }
        found
    }
}
