//! `evaluate`: measures a trained network, class by class.

use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use modiste_inference::{ClassScore, Coverage, MetricsAccumulator};
use serde::Serialize;

use super::setup::{Outcome, device};
use super::trained::{Part, Trained};
use crate::cli::EvaluateArgs;
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
    /// Mean cross-entropy in nats, which is also the log-loss, at the temperature.
    loss: f64,
    /// What logits are divided by.
    temperature: f64,
    /// Expected calibration error, 15 bins, at the temperature.
    calibration_error: f64,
    /// The same without it.
    calibration_error_raw: f64,
    /// What is left where more and more confidence is asked for.
    coverage: Vec<Coverage>,
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
    let Part { data, split, images } = trained.part(&arguments.data, arguments.split, arguments.output.quiet)?;
    let (path, card) = (trained.path.display().to_string(), &trained.model.card);
    let mut predictor = trained.predictor(&device, images.len())?;
    let Some(metrics) = predictor.evaluate(&images, &AtomicBool::new(false)) else {
        return Ok(Outcome::Interrupted);
    };

    if !metrics.loss().is_finite() {
        bail!("the loss of {path} is {}: its weights are damaged, so train it again", metrics.loss());
    }
    let header = Header { model: path, recipe: &card.recipe.name, epochs: card.epochs };
    if arguments.output.json {
        output::print_json(&document(header, &data, split, &card.class_names, &metrics))?;
    } else if arguments.output.quiet {
        output::print(&evaluation_text::summary(&metrics))?;
    } else {
        let columns = output::terminal_columns();
        output::print(&evaluation_text::all(&header, &data, split, &card.class_names, &metrics, columns))?;
    }
    Ok(Outcome::Done)
}

fn document<'a>(
    header: Header<'a>,
    data: &'a str,
    split: &'static str,
    classes: &'a [String],
    metrics: &'a MetricsAccumulator,
) -> Document<'a> {
    let named = |(name, score): (&'a String, ClassScore)| NamedScore { name, score };
    Document {
        model: header.model,
        recipe: header.recipe,
        epochs: header.epochs,
        data,
        split: if split == "training" { "train" } else { split },
        images: metrics.count(),
        accuracy: metrics.accuracy(),
        balanced_accuracy: metrics.balanced_accuracy(),
        loss: metrics.loss(),
        temperature: metrics.temperature(),
        calibration_error: metrics.calibration_error(),
        calibration_error_raw: metrics.raw_calibration_error(),
        coverage: metrics.coverage(),
        classes,
        per_class: classes.iter().zip(metrics.class_scores()).map(named).collect(),
        macro_average: metrics.macro_average(),
        confusion: metrics.confusion(),
    }
}
