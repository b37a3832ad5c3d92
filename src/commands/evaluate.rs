//! `evaluate`: measures a trained network, class by class.

use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use modiste_data::{Dataset, Subset};
use modiste_inference::{ClassScore, MetricsAccumulator};
use modiste_network::Validation;
use modiste_training::{Limit, Splits};
use serde::Serialize;

use super::setup::{Outcome, device};
use super::trained::Trained;
use crate::cli::{EvaluateArgs, Split};
use crate::output;
use crate::output::evaluation_text::{self, Header};

/// `--json`
#[derive(Serialize)]
struct Document<'a> {
    model: String,
    recipe: &'a str,
    epochs: usize,
    data: &'a str,
    split: &'static str,
    images: u64,
    accuracy: f64,
    /// As if all classes had equally many images.
    balanced_accuracy: f64,
    /// Mean cross-entropy in nats, which is also the log-loss.
    loss: f64,
    /// Expected calibration error, 15 bins.
    calibration_error: f64,
    /// Names, in the order of everything that follows.
    classes: &'a [String],
    per_class: Vec<NamedScore<'a>>,
    macro_average: ClassScore,
    /// `[true class][predicted class]`
    confusion: &'a [Vec<u64>],
}

#[derive(Serialize)]
struct NamedScore<'a> {
    name: &'a str,
    #[serde(flatten)]
    score: ClassScore,
}

/// Measures a network on a part of a data set.
pub fn run(arguments: &EvaluateArgs) -> Result<Outcome> {
    let device = device(&arguments.compute)?;
    let trained = Trained::find(arguments.model.as_deref())?;
    let (dataset, own) = trained.data(&arguments.data, arguments.output.quiet)?;
    let (path, card) = (trained.path.display().to_string(), &trained.model.card);
    // The network may have learned from these very images, so what was held out has to be known.
    if !own && arguments.data.data.is_some() && arguments.split == Split::Validation {
        bail!(
            "{} is not the data that {path} was trained on, so nothing of it was held out: take --split train or test",
            dataset.name
        );
    }

    // All of a foreign set is new to the network.
    let (validation, limit) =
        if own { (card.recipe.data.validation, Limit::of(&card.data)) } else { (Validation::Share(0.0), None) };
    let splits = Splits::new(&dataset, validation, limit, card.recipe.training.seed);
    let (subset, split) = subset(splits, arguments.split)?;
    let mut predictor = trained.predictor(&device, subset.len())?;
    let Some(metrics) = predictor.evaluate(&subset, &AtomicBool::new(false)) else {
        return Ok(Outcome::Interrupted);
    };

    if !metrics.loss().is_finite() {
        bail!("the loss of {path} is {}: its weights are damaged, so train it again", metrics.loss());
    }
    let header = Header { model: path, recipe: &card.recipe.name, epochs: card.epochs };
    if arguments.output.json {
        output::print_json(&document(header, &dataset, split, &card.class_names, &metrics))?;
    } else if arguments.output.quiet {
        output::print(&evaluation_text::summary(&metrics))?;
    } else {
        output::print(&evaluation_text::all(&header, &dataset.name, split, &card.class_names, &metrics))?;
    }
    Ok(Outcome::Done)
}

fn subset(splits: Splits, split: Split) -> Result<(Subset, &'static str)> {
    let (subset, name) = match split {
        Split::Train => (Some(splits.train), "training"),
        Split::Validation => (splits.validation, "validation"),
        Split::Test => (Some(splits.test), "test"),
    };
    match subset.filter(|subset| !subset.is_empty()) {
        Some(subset) => Ok((subset, name)),
        None => bail!("the run has no {name} images: choose another --split"),
    }
}

fn document<'a>(
    header: Header<'a>,
    dataset: &'a Dataset,
    split: &'static str,
    classes: &'a [String],
    metrics: &'a MetricsAccumulator,
) -> Document<'a> {
    let named = |(name, score): (&'a String, ClassScore)| NamedScore { name, score };
    Document {
        model: header.model,
        recipe: header.recipe,
        epochs: header.epochs,
        data: &dataset.name,
        split: if split == "training" { "train" } else { split },
        images: metrics.count(),
        accuracy: metrics.accuracy(),
        balanced_accuracy: metrics.balanced_accuracy(),
        loss: metrics.loss(),
        calibration_error: metrics.calibration_error(),
        classes,
        per_class: classes.iter().zip(metrics.class_scores()).map(named).collect(),
        macro_average: metrics.macro_average(),
        confusion: metrics.confusion(),
    }
}
