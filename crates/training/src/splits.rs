//! Which images a run learns from, chooses by and is measured on.

use std::sync::Arc;

use modiste_data::{Dataset, Images, Subset, stratified_sample, stratified_split};
use modiste_network::{DataReference, NamedValidation, TrainingRecipe, Validation};

/// There is nothing to learn from, to choose by or to measure on.
#[derive(Debug, thiserror::Error)]
#[error("there are no {which} images: take more of the data set, or hold out another share of it")]
pub struct NoImages {
    /// `training`, `validation` or `test`.
    which: &'static str,
}

/// Fewer training images than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many, drawn at random, of each class its part.
    Stratified(usize),
    /// The first so many.
    First(usize),
}

impl Limit {
    /// What a run has of its data, if not all.
    pub fn of(data: &DataReference) -> Option<Self> {
        data.limit.map(if data.stratified { Self::Stratified } else { Self::First })
    }

    /// How many.
    pub fn count(self) -> usize {
        let (Self::Stratified(count) | Self::First(count)) = self;
        count
    }
}

/// A data set as a run uses it: a function of the set, the recipe's `validation` and seed, and the limit.
#[derive(Clone, Debug)]
pub struct Splits {
    /// Images to learn from.
    pub train: Subset,
    /// Images measured after each epoch, if any.
    pub validation: Option<Subset>,
    /// Images measured once, at the end.
    pub test: Subset,
    /// Whether validation and test are the same images, as `validation = "test"` has it.
    pub validates_on_test: bool,
}

impl Splits {
    /// Takes `limit` training images and holds out of them the share that `validation` says, where the set has no validation
    /// images of its own.
    pub fn new(dataset: &Dataset, validation: Validation, limit: Option<Limit>, seed: u64) -> Self {
        let labels = dataset.train.labels();
        let taken: Vec<u32> = match limit {
            None => (0..labels.len() as u32).collect(),
            Some(Limit::First(count)) => (0..labels.len().min(count) as u32).collect(),
            Some(Limit::Stratified(count)) => stratified_sample(labels, count, seed),
        };
        let all_of = |images: &Arc<Images>| Subset::new(images, (0..images.len() as u32).collect::<Vec<_>>());
        let test = all_of(&dataset.test);
        let (train, validation, validates_on_test) = match (validation, &dataset.validation) {
            (Validation::Named(NamedValidation::Test), _) => (taken, Some(test.clone()), true),
            (Validation::Share(_), Some(images)) => (taken, Some(all_of(images)), false),
            (Validation::Share(share), None) => {
                let labels: Vec<u8> = taken.iter().map(|&index| labels[index as usize]).collect();
                let split = stratified_split(&labels, dataset.class_names.len(), share, seed);
                let of_set = |places: Vec<u32>| places.iter().map(|&place| taken[place as usize]).collect::<Vec<_>>();
                (of_set(split.train), Some(Subset::new(&dataset.train, of_set(split.validation))), false)
            }
        };
        let validation = validation.filter(|subset| !subset.is_empty());
        Self { train: Subset::new(&dataset.train, train), validation, test, validates_on_test }
    }

    /// Whether a network can be trained on it in this way.
    ///
    /// # Errors
    /// When there are no images to learn from, to choose an epoch by or to measure on.
    pub fn check(&self, training: &TrainingRecipe) -> Result<(), NoImages> {
        let no_validation = training.chooses() && self.validation.is_none();
        let missing =
            [(self.train.is_empty(), "training"), (no_validation, "validation"), (self.test.is_empty(), "test")];
        match missing.into_iter().find(|(missing, _)| *missing) {
            Some((_, which)) => Err(NoImages { which }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;

    use super::*;

    /// `count` images of one pixel, of ten classes in turn.
    fn dataset(count: u8) -> Dataset {
        let images = |count: u8| {
            let shape = ImageShape { height: 1, width: 1, channels: 1 };
            let labels = (0..count).map(|index| index % 10).collect();
            Arc::new(Images::new(shape, (0..count).collect(), labels, 10).unwrap())
        };
        Dataset {
            name: "counted".to_owned(),
            class_names: (0..10).map(|class| class.to_string()).collect(),
            train: images(count),
            validation: None,
            preparation: None,
            test: images(20),
        }
    }

    #[test]
    fn a_tenth_is_held_out_of_the_first_images_and_of_each_class() {
        let splits = Splits::new(&dataset(200), Validation::Share(0.1), Some(Limit::First(100)), 1);
        let validation = splits.validation.unwrap();
        assert_eq!((splits.train.len(), validation.len(), splits.test.len()), (90, 10, 20));
        assert!(splits.train.indices.iter().chain(&*validation.indices).all(|&index| index < 100));
        let mut classes: Vec<_> = validation.indices.iter().map(|index| index % 10).collect();
        classes.sort_unstable();
        assert_eq!(classes, (0..10).collect::<Vec<_>>());
        assert!(!splits.validates_on_test);
    }

    #[test]
    fn a_limit_is_drawn_from_all_classes_and_so_is_what_is_held_out_of_it() {
        let splits = Splits::new(&dataset(200), Validation::Share(0.25), Some(Limit::Stratified(40)), 1);
        let validation = splits.validation.unwrap();
        let of_each_class = |subset: &Subset| -> Vec<usize> {
            (0..10).map(|class| subset.indices.iter().filter(|&&index| index % 10 == class).count()).collect()
        };
        assert_eq!((of_each_class(&splits.train), of_each_class(&validation)), (vec![3; 10], vec![1; 10]));
        assert!(splits.train.indices.iter().any(|&index| index >= 100));
        assert!(splits.train.indices.iter().all(|index| !validation.indices.contains(index)));
    }

    #[test]
    fn nothing_is_held_out_where_the_test_images_validate() {
        let splits = Splits::new(&dataset(200), Validation::Named(NamedValidation::Test), None, 1);
        assert_eq!((splits.train.len(), splits.validation.unwrap().len()), (200, 20));
        assert!(splits.validates_on_test);
    }

    #[test]
    fn a_sets_own_validation_images_are_taken_whatever_the_share() {
        let own = Dataset { validation: Some(dataset(30).train), ..dataset(200) };
        for share in [0.0, 0.5] {
            let splits = Splits::new(&own, Validation::Share(share), None, 1);
            assert_eq!((splits.train.len(), splits.validation.unwrap().len()), (200, 30));
            assert!(!splits.validates_on_test);
        }
    }

    #[test]
    fn a_sample_is_of_the_subset() {
        let splits = Splits::new(&dataset(200), Validation::Share(0.5), None, 1);
        let drawn = splits.train.sample(10, 3);
        assert!(drawn.len() == 10 && drawn.indices.iter().all(|index| splits.train.indices.contains(index)));
        assert_eq!(splits.train.sample(1000, 3).indices, splits.train.indices);
    }

    #[test]
    fn a_share_of_nothing_validates_nothing() {
        assert!(Splits::new(&dataset(200), Validation::Share(0.0), None, 1).validation.is_none());
        assert!(Splits::new(&dataset(200), Validation::Share(0.1), Some(Limit::First(3)), 1).validation.is_none());
    }
}
