//! Classes of which one has many times the images of another: a network learns to neglect the rare ones.

use std::fmt;

/// How much larger than the smallest class the largest is where classes are called unequal.
const UNEQUAL: usize = 5;

/// The largest and the smallest class of training images. As text: a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imbalance {
    largest: (String, usize),
    smallest: (String, usize),
}

impl Imbalance {
    /// Of classes by name and number of training images, where they are unequal. Those without images do not count.
    pub fn of<'a>(classes: impl Iterator<Item = (&'a str, usize)> + Clone) -> Option<Self> {
        let classes = classes.filter(|&(_, images)| images > 0);
        let largest = classes.clone().max_by_key(|&(_, images)| images)?;
        let smallest = classes.min_by_key(|&(_, images)| images)?;
        let owned = |(name, images): (&str, usize)| (name.to_owned(), images);
        (largest.1 >= UNEQUAL * smallest.1).then(|| Self { largest: owned(largest), smallest: owned(smallest) })
    }
}

impl fmt::Display for Imbalance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { largest: (largest, most), smallest: (smallest, fewest) } = self;
        write!(
            formatter,
            "there are {most} images of {largest} and {fewest} of {smallest} to learn from: give more of the rare classes, set \
             class_weights = \"balanced\" in the recipe's [training], or judge by the balanced accuracy"
        )
    }
}
