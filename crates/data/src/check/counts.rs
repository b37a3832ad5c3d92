//! How many images there are, by part and class.

use serde::Serialize;

use crate::dataset::{Dataset, Images};

/// How many images each part has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PartCounts {
    /// To learn from.
    pub train: usize,
    /// Kept for choices by the set itself.
    pub validation: usize,
    /// Kept for the final measurement.
    pub test: usize,
}

/// How many images a class has in each part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCounts {
    /// What it is called.
    pub name: String,
    /// To learn from.
    pub train: usize,
    /// Kept for choices by the set itself.
    pub validation: usize,
    /// Kept for the final measurement.
    pub test: usize,
}

impl PartCounts {
    pub(super) fn of(dataset: &Dataset) -> Self {
        let validation = dataset.validation.as_ref().map_or(0, |images| images.len());
        Self { train: dataset.train.len(), validation, test: dataset.test.len() }
    }
}

pub(super) fn of_classes(dataset: &Dataset) -> Vec<ClassCounts> {
    let count = |images: &Images| {
        let mut counts = vec![0; dataset.class_names.len()];
        images.labels().iter().for_each(|&label| counts[usize::from(label)] += 1);
        counts
    };
    let none = vec![0; dataset.class_names.len()];
    let (train, test) = (count(&dataset.train), count(&dataset.test));
    let validation = dataset.validation.as_ref().map_or(none, |images| count(images));
    let names = dataset.class_names.iter().cloned().enumerate();
    names
        .map(|(class, name)| ClassCounts {
            name,
            train: train[class],
            validation: validation[class],
            test: test[class],
        })
        .collect()
}
