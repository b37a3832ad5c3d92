//! Training in words: what is trained on what, and what it came to.

use std::time::Duration;

use modiste_network::{DeviceInfo, Keep, TrainingRecipe};
use modiste_report::numbers::{counted, grouped};
use modiste_training::{LastLayer, RunResult, Session, Splits};

use super::duration::span;
use crate::output::{count, megabytes};

/// `seed-mlp on fashion-mnist: 54,000 training, 6,000 validation and 10,000 test images; 384,854 parameters; cpu avx2, 2 threads`
pub fn heading(session: &Session, info: &DeviceInfo) -> String {
    let experiment = session.experiment();
    format!(
        "{} on {}: {}; {} parameters; {} {}, {}",
        experiment.recipe.name,
        experiment.dataset.name,
        sizes(session.splits()),
        grouped(session.network().parameter_count() as u64),
        info.device,
        info.isa,
        count(info.threads, "thread")
    )
}

/// `starts from runs/garments-1: all layers but dense1, which is new, since the classes differ; 5,000 parameters are frozen`, if
/// it starts from trained weights.
pub fn start(session: &Session) -> Option<String> {
    let experiment = session.experiment();
    let start = experiment.start.as_ref()?;
    let last = session.network().layers.last().map_or("", |layer| &layer.name);
    let layers = match start.last_layer(&experiment.dataset.class_names) {
        LastLayer::Kept => "all layers".to_owned(),
        LastLayer::New => format!("all layers but {last}, which is new, since the classes differ"),
    };
    let frozen = match session.network().frozen {
        0 => String::new(),
        frozen => format!("; {} are frozen", counted(frozen as u64, "parameter")),
    };
    Some(format!("starts from {}: {layers}{frozen}", start.source))
}

fn sizes(splits: &Splits) -> String {
    let count = |count: usize| grouped(count as u64);
    let images = |kind: &str, count: usize| counted(count as u64, &format!("{kind} image"));
    let (train, test) = (splits.train.len(), images("test", splits.test.len()));
    match &splits.validation {
        Some(_) if splits.validates_on_test => format!("{}, {test} (also validation)", images("training", train)),
        Some(held_out) => format!("{} training, {} validation and {test}", count(train), count(held_out.len())),
        None => format!("{} training and {test}, none for validation", count(train)),
    }
}

/// `patience ended training: no epoch of the last 5 was better than epoch 7, which is kept`, if it did.
pub fn out_of_patience(training: &TrainingRecipe, result: &RunResult) -> Option<String> {
    let epochs = training.epochs;
    let ended = result.epochs < epochs && training.is_out_of_patience(result.epochs, result.best_epoch);
    let best = result.best_epoch.filter(|_| ended)?;
    let kept = match training.keep {
        Keep::Best => format!("epoch {best}"),
        Keep::Last => format!("epoch {}, the last", result.epochs),
    };
    Some(format!(
        "patience ended training after epoch {} of {epochs}: {} after epoch {best} brought nothing better on the validation \
         images; kept is {kept}",
        result.epochs,
        count(result.epochs - best, "epoch"),
    ))
}

/// `10,000 test images of fashion-mnist: accuracy 0.8266, loss 0.4817; 1.7 s, 87 MB`
pub fn result(result: &RunResult) -> String {
    let seconds = Duration::try_from_secs_f64(result.wall_seconds).unwrap_or_default();
    let memory = result.peak_memory_bytes.map_or_else(String::new, |bytes| format!(", {}", megabytes(bytes)));
    format!(
        "{} of {}: accuracy {:.4}, loss {:.4}; {}{memory}",
        counted(result.sizes.test as u64, "test image"),
        result.data,
        result.test_accuracy,
        result.test_loss,
        span(seconds)
    )
}

/// `training images: accuracy 0.8431, 1.65 points better than on test images`
pub fn gap(result: &RunResult) -> String {
    let points = result.gap() * 100.0;
    let better = if points < 0.0 { "worse" } else { "better" };
    let (accuracy, points) = (result.fitted_train_accuracy, points.abs());
    format!("training images: accuracy {accuracy:.4}, {points:.2} points {better} than on test images")
}

/// `hard to tell apart: Pullover and Coat, 308 mistakes`
pub fn hard_pair((one, other, count): &(String, String, u64)) -> String {
    format!("hard to tell apart: {one} and {other}, {}", counted(*count, "mistake"))
}
