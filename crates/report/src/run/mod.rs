//! One run as a page to read, print and send on: one HTML file that needs no network.
//!
//! [`RunPage`] is what is known of a run, in plain values: this crate knows nothing of training. [`page`] writes the page,
//! [`RunPage::figures`] gives its figures alone.

mod figures;
mod filters;
pub mod page;
mod samples;
mod stages;

use modiste_data::Subset;

/// A run, and what it came to.
#[derive(Clone, Debug, Default)]
pub struct RunPage {
    /// `seed-mlp on fashion-mnist`
    pub title: String,
    /// What matters most, in a few words each.
    pub headline: Vec<Fact>,
    /// Everything else about it.
    pub facts: Vec<Fact>,
    /// What the page should show and does not, and why.
    pub notices: Vec<String>,
    /// What each epoch came to, in order.
    pub epochs: Vec<Epoch>,
    /// What each class is called.
    pub classes: Vec<String>,
    /// What the network makes of the test images, where they could be had.
    pub test: Option<Test>,
    /// The weights of the first layer, where they can be shown as images.
    pub filters: Option<Filters>,
    /// What becomes of a handful of images on their way through the network.
    pub stages: Option<Stages>,
    /// The recipe, line by line.
    pub recipe: Vec<RecipeLine>,
    /// What the lines that are marked in it differ from.
    pub recipe_note: String,
    /// What a look at all of the data found.
    pub data_notes: Vec<String>,
    /// The command that trains it again.
    pub command: String,
}

/// A word and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// `Accuracy`
    pub name: String,
    /// `0.8826`
    pub value: String,
}

/// What an epoch came to. Losses are mean cross-entropies in nats, accuracies shares of one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// As training goes.
    pub train_loss: f64,
    /// As training goes.
    pub train_accuracy: f64,
    /// On the validation images, if any were measured.
    pub validation_loss: Option<f64>,
    /// On the validation images, if any were measured.
    pub validation_accuracy: Option<f64>,
    /// Of the last step.
    pub learning_rate: f64,
}

/// What a network makes of the test images.
#[derive(Clone, Debug)]
pub struct Test {
    /// The images.
    pub images: Subset,
    /// What it says of each, `[n]`.
    pub answers: Vec<Answer>,
    /// How many images of each true class (outer) were taken for each class (inner).
    pub confusion: Vec<Vec<u64>>,
    /// How well each class is found.
    pub scores: Vec<Scores>,
    /// The plain means of the scores.
    pub average: Scores,
    /// Accuracy by confidence.
    pub reliability: Reliability,
    /// The same without the temperature, where there is one.
    pub raw_reliability: Option<Reliability>,
    /// What logits are divided by.
    pub temperature: f64,
    /// Mean cross-entropy, in nats.
    pub loss: f64,
}

/// What a network says of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The class that it is of.
    pub truth: u8,
    /// The class that it is taken for.
    pub predicted: u8,
    /// The probability of that.
    pub confidence: f32,
}

/// How well a class is found; `None` where it does not occur.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// Share of the images taken for it that are of it.
    pub precision: Option<f64>,
    /// Share of its images that are found.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
    /// Its images.
    pub support: u64,
}

/// How far confidence is from accuracy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reliability {
    /// Mean confidence and accuracy of images of similar confidence.
    pub bins: Vec<(f64, f64)>,
    /// The expected calibration error.
    pub error: f64,
}

/// Weights of a first layer that has images for input.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    /// `conv1`
    pub layer: String,
    /// Rows, columns and channels of each.
    pub shape: [usize; 3],
    /// `[filters, rows, columns, channels]`
    pub weights: Vec<f32>,
}

/// What becomes of some images on their way through a network.
#[derive(Clone, Debug)]
pub struct Stages {
    /// Which of the test images, as places in [`Test::answers`].
    pub images: Vec<usize>,
    /// What some of the layers give, in their order.
    pub stages: Vec<Stage>,
}

/// What a layer gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// `conv1`
    pub layer: String,
    /// Rows, columns and channels; rows and columns are 1 where it gives no images.
    pub shape: [usize; 3],
    /// Of each image, `[images, rows, columns, channels]`.
    pub values: Vec<f64>,
}

/// A line of a recipe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipeLine {
    /// As the file has it.
    pub text: String,
    /// Whether the built-in recipe of this name has no such line; then what it has in its place, if anything.
    pub differs: Option<Option<String>>,
}

impl Test {
    /// Pairs of classes, and how many images of either were taken for the other: the most first, and none without any.
    pub fn hardest_pairs(&self) -> Vec<(usize, usize, u64)> {
        let confusion = &self.confusion;
        let mut pairs: Vec<(usize, usize, u64)> = (0..confusion.len())
            .flat_map(|second| (0..second).map(move |first| (first, second)))
            .map(|(first, second)| (first, second, confusion[first][second] + confusion[second][first]))
            .filter(|&(_, _, count)| count > 0)
            .collect();
        pairs.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
        pairs
    }
}

impl Answer {
    fn is_right(&self) -> bool {
        self.truth == self.predicted
    }
}
