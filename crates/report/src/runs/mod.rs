//! Several runs as a page: beside each other, over each other, and where they disagree.
//!
//! [`RunsPage`] is what is known of them, in plain values. [`page`] writes the page, [`RunsPage::figures`] gives its figures alone.

mod figures;
pub mod page;

use modiste_data::Subset;

use crate::run::{Answer, Epoch};

/// Several runs, and what they came to.
#[derive(Clone, Debug, Default)]
pub struct RunsPage {
    /// `3 runs of 2 experiments`
    pub title: String,
    /// What the page should show and does not, and why.
    pub notices: Vec<String>,
    /// Titles of the columns of the table.
    pub columns: Vec<String>,
    /// A row for each experiment.
    pub rows: Vec<Vec<String>>,
    /// The curves of each experiment, in the order of the rows.
    pub experiments: Vec<Experiment>,
    /// What the runs say of the same test images, where they have the same and these could be had.
    pub answered: Option<Answered>,
    /// Of two runs: whether one is better.
    pub judgement: Option<String>,
}

/// Runs that differ in their seeds alone.
#[derive(Clone, Debug, Default)]
pub struct Experiment {
    /// What it is called in figures.
    pub name: String,
    /// The epochs of each run.
    pub runs: Vec<Vec<Epoch>>,
}

/// What several runs say of the same images.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What each class is called.
    pub classes: Vec<String>,
    /// The images.
    pub images: Subset,
    /// The name of each run, and what it says of each image, `[runs][n]`.
    pub runs: Vec<(String, Vec<Answer>)>,
}

impl Answered {
    /// Images that not all runs take for the same class; those of which the most runs are right, but not all, first.
    fn disputed(&self) -> Vec<usize> {
        let of = |image: usize| self.runs.iter().filter_map(move |(_, answers)| answers.get(image));
        let differ = |&image: &usize| {
            let mut classes = of(image).map(|answer| answer.predicted);
            let first = classes.next();
            classes.any(|class| Some(class) != first)
        };
        let mut disputed: Vec<usize> = (0..self.images.len()).filter(differ).collect();
        let right = |image: usize| of(image).filter(|answer| answer.truth == answer.predicted).count();
        disputed.sort_by_key(|&image| std::cmp::Reverse(right(image)));
        disputed
    }
}
