//! `evaluate`: measures a trained network, class by class.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use modiste_data::{Dataset, ImageShape, Source};
use modiste_nn::evaluation::Evaluator;
use modiste_nn::executor::State;
use modiste_nn::fingerprint;
use modiste_nn::metrics::{ClassScore, Measures};
use modiste_nn::model::Model;
use modiste_nn::partition::{Partition, Subset};
use modiste_nn::recipe::Validation;
use modiste_nn::run_directory::{self, RunPaths};
use serde::Serialize;

use super::{Outcome, RUNS, device, ensure_memory};
use crate::cli::{EvaluateArgs, Split};
use crate::evaluation_text::{self, Header};
use crate::{download_progress, output};

/// Enough for every machine to be busy; more only costs memory.
const LARGEST_BATCH: usize = 500;

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
    let Found { path, model, data_dir } = find(arguments.model.as_deref())?;
    let card = &model.card;
    let Ok(own) = card.data.source.parse::<Source>();
    let source = if arguments.data.data.is_some() { arguments.data.source() } else { own };
    let data_dir = arguments.data.place().or(data_dir.as_deref());
    let dataset = download_progress::load(&source, data_dir, arguments.output.quiet)?;
    check_fit(&path, &model, &dataset)?;
    // Whatever its name and place: the network may have learned from these very images.
    let own = fingerprint::of_dataset(&dataset) == card.data.fingerprint;
    if !own && arguments.data.data.is_none() {
        output::note(&format!("{} is not the same as when the network was trained on it", dataset.name));
    } else if !own && arguments.split == Split::Validation {
        bail!(
            "{} is not the data that {} was trained on, so nothing of it was held out: take --split train or test",
            dataset.name,
            path.display()
        );
    }

    // All of a foreign set is new to the network.
    let (validation, limit) =
        if own { (card.recipe.data.validation, card.data.limit) } else { (Validation::Share(0.0), None) };
    let partition = Partition::new(&dataset, validation, limit, card.recipe.training.seed);
    let (subset, split) = subset(partition, arguments.split)?;
    let batch = card.recipe.training.batch.min(LARGEST_BATCH).min(subset.len());
    ensure_memory(&device, &model.network, batch)?;
    let mut executor = device.compile(&model.network, batch, card.recipe.training.seed);
    executor.set_state(&State::fresh(model.parameters));
    let mut evaluator = Evaluator::new(&subset, card.recipe.data.scaling, batch);
    let Some(measures) = evaluator.measure(executor.as_mut(), &AtomicBool::new(false)) else {
        return Ok(Outcome::Interrupted);
    };

    if !measures.loss().is_finite() {
        bail!("the loss of {} is {}: its weights are no good, so train it again", path.display(), measures.loss());
    }
    let header = Header { model: path.display().to_string(), recipe: &card.recipe.name, epochs: card.epochs };
    if arguments.output.json {
        output::print_json(&document(header, &dataset, split, &card.class_names, &measures))?;
    } else if arguments.output.quiet {
        output::print(&evaluation_text::summary(&measures))?;
    } else {
        output::print(&evaluation_text::all(&header, &dataset.name, split, &card.class_names, &measures))?;
    }
    Ok(Outcome::Done)
}

/// A model, and what its run says beside it.
struct Found {
    path: PathBuf,
    model: Model,
    data_dir: Option<PathBuf>,
}

/// The model of a run directory or file, or of the newest run.
fn find(named: Option<&Path>) -> Result<Found> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => match run_directory::newest(Path::new(RUNS)) {
            Some(path) => path,
            None => bail!("there is no trained run in {RUNS}/: train one with `modiste train`, or name a run or model"),
        },
    };
    if !path.is_dir() {
        return Ok(Found { model: Model::open(&path)?, path, data_dir: None });
    }
    let paths = RunPaths::new(&path);
    // Only to say clearly that it is no run, or where the data was.
    let plan = paths.read_plan()?;
    if !paths.model().exists() {
        bail!("{} has no model yet: train it with `modiste train --resume {}`", path.display(), path.display());
    }
    Ok(Found { model: Model::open(&paths.model())?, path, data_dir: plan.data_dir })
}

fn check_fit(path: &Path, model: &Model, dataset: &Dataset) -> Result<()> {
    let text = |shape: ImageShape, classes: usize| {
        let ImageShape { height, width, channels } = shape;
        format!("images of {height}x{width}x{channels} in {classes} classes")
    };
    let (card, shape) = (&model.card, dataset.test.shape());
    let (takes, has) = (text(card.image_shape, card.class_names.len()), text(shape, dataset.class_names.len()));
    if takes != has {
        bail!("{} takes {takes}, but {} has {has}: give the data it was trained for", path.display(), dataset.name);
    }
    if card.class_names != dataset.class_names {
        output::note(&format!("the classes of {} have other names than those of the network", dataset.name));
    }
    Ok(())
}

fn subset(partition: Partition, split: Split) -> Result<(Subset, &'static str)> {
    let (subset, name) = match split {
        Split::Train => (Some(partition.train), "training"),
        Split::Validation => (partition.validation, "validation"),
        Split::Test => (Some(partition.test), "test"),
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
    measures: &'a Measures,
) -> Document<'a> {
    let named = |(name, score): (&'a String, ClassScore)| NamedScore { name, score };
    Document {
        model: header.model,
        recipe: header.recipe,
        epochs: header.epochs,
        data: &dataset.name,
        split: if split == "training" { "train" } else { split },
        images: measures.count(),
        accuracy: measures.accuracy(),
        loss: measures.loss(),
        calibration_error: measures.calibration_error(),
        classes,
        per_class: classes.iter().zip(measures.class_scores()).map(named).collect(),
        macro_average: measures.macro_average(),
        confusion: measures.confusion(),
    }
}
