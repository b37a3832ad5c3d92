//! What is in a data set, and what is wrong with it, before any training.

mod counts;
mod duplicates;
mod near;
mod notes;

use serde::Serialize;

pub use counts::{ClassCounts, PartCounts};
pub use duplicates::Duplicates;
pub use notes::{Note, NoteKind};

use crate::dataset::Dataset;

/// What a look at all images of a data set finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// How many images each part has.
    pub images: PartCounts,
    /// How many each class has in each part, by label.
    pub classes: Vec<ClassCounts>,
    /// Images that are there more than once.
    pub duplicates: Duplicates,
    /// What somebody should know who trains on it, the gravest first.
    pub notes: Vec<Note>,
}

impl Check {
    /// Looks at a whole data set. 70,000 images of 28 × 28 take a few seconds.
    pub fn of(dataset: &Dataset) -> Self {
        let classes = counts::of_classes(dataset);
        let duplicates = Duplicates::of(dataset);
        let notes = notes::all(dataset, &classes, &duplicates);
        Self { images: PartCounts::of(dataset), classes, duplicates, notes }
    }

    /// Whether a network can be trained and measured on it.
    pub fn can_be_trained_on(&self) -> bool {
        !self.notes.iter().any(|note| note.kind.forbids_training())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::Images;
    use crate::shape::ImageShape;

    const SHAPE: ImageShape = ImageShape { height: 4, width: 6, channels: 1 };

    /// Images of these kinds and labels; equal kinds are equal images, and kind 0 is all of one value.
    fn part(kinds_and_labels: &[(u8, u8)]) -> Arc<Images> {
        let pixel = |kind: u8, place: u8| {
            if kind == 0 { 9 } else { ((u32::from(kind) * 2_654_435 * (u32::from(place) + 3)) >> 9) as u8 }
        };
        let pixels = kinds_and_labels
            .iter()
            .flat_map(|&(kind, _)| (0..SHAPE.len() as u8).map(move |place| pixel(kind, place)))
            .collect();
        let labels = kinds_and_labels.iter().map(|&(_, label)| label).collect();
        Arc::new(Images::new(SHAPE, pixels, labels, 4).unwrap())
    }

    fn check(train: &[(u8, u8)], test: &[(u8, u8)]) -> Check {
        Check::of(&Dataset {
            name: "kinds".to_owned(),
            class_names: ["ant", "bee", "cat", "dog"].map(String::from).to_vec(),
            train: part(train),
            validation: None,
            test: part(test),
            preparation: None,
        })
    }

    fn note(check: &Check, kind: NoteKind) -> &str {
        check.notes.iter().find(|note| note.kind == kind).map_or("", |note| &note.text)
    }

    #[test]
    fn images_are_counted_by_class_and_part() {
        let found = check(&[(1, 0), (2, 0), (3, 1)], &[(4, 1)]);
        assert_eq!((found.images.train, found.images.validation, found.images.test), (3, 0, 1));
        let counts: Vec<_> = found.classes.iter().map(|class| (class.name.as_str(), class.train, class.test)).collect();
        assert_eq!(counts, [("ant", 2, 0), ("bee", 1, 1), ("cat", 0, 0), ("dog", 0, 0)]);
        assert!(note(&found, NoteKind::ClassWithoutImages).contains("cat, dog"), "{:?}", found.notes);
    }

    #[test]
    fn equal_images_are_found_within_parts_and_across_them() {
        let found = check(&[(1, 0), (1, 0), (2, 1), (1, 0), (3, 1)], &[(1, 0), (4, 1), (4, 1), (3, 0)]);
        let Duplicates { within_train, within_test, across, conflicting } = found.duplicates;
        // Image 3 has one label in training and another one in tests.
        assert_eq!((within_train, within_test, across, conflicting), (2, 1, 2, 2));
        assert!(note(&found, NoteKind::DuplicatesAcross).contains("2 images"), "{:?}", found.notes);
        assert!(note(&found, NoteKind::ConflictingLabels).contains("2 images"));
        assert!(found.can_be_trained_on());
    }

    #[test]
    fn what_cannot_be_trained_on_is_said() {
        assert!(!check(&[(1, 2), (2, 2)], &[(3, 2)]).can_be_trained_on());
        assert!(!check(&[(1, 2), (2, 1)], &[]).can_be_trained_on());
        assert!(!check(&[], &[(1, 2), (2, 1)]).can_be_trained_on());
        assert!(check(&[(1, 2), (2, 1)], &[(3, 2)]).can_be_trained_on());
    }

    #[test]
    fn a_class_of_tests_alone_and_images_of_one_value_are_named() {
        let found = check(&[(1, 0), (0, 1), (0, 1)], &[(2, 3), (5, 0)]);
        assert!(note(&found, NoteKind::ClassOnlyInTest).contains("dog"));
        assert!(note(&found, NoteKind::ConstantImages).contains("2 images"));
    }

    #[test]
    fn few_images_and_unequal_classes_are_said() {
        let many: Vec<(u8, u8)> = (1..=60).map(|kind| (kind, u8::from(kind > 50))).collect();
        let found = check(&many, &[(100, 0), (101, 1)]);
        assert!(note(&found, NoteKind::Imbalance).contains("50 images of ant"), "{:?}", found.notes);
        assert!(note(&found, NoteKind::FewTestImages).contains("2 images"));
    }
}
