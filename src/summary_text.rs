//! Several runs as a page of text.

use std::time::Duration;

use modiste_nn::training::runs::aggregate::{Spread, Summary};
use modiste_nn::training::runs::result::RunResult;
use modiste_report::numbers::grouped;

use crate::duration::span;
use crate::table::{self, Side};

/// The runs of one experiment: a row for each seed, then their mean and standard deviation.
pub fn of_seeds(summary: &Summary) -> String {
    use Side::Right;
    let columns = [
        ("seed", Right),
        ("test accuracy", Right),
        ("test loss", Right),
        ("gap", Right),
        ("validation accuracy", Right),
        ("train accuracy", Right),
        ("time", Right),
    ];
    let row = |run: &RunResult| {
        [
            run.seed.to_string(),
            share(run.test_accuracy),
            share(run.test_loss),
            points(run.gap()),
            optional(run.validation_accuracy, share),
            share(run.train_accuracy),
            seconds(run.wall_seconds),
        ]
    };
    let row_of = |name: &str, value: fn(&Spread) -> Option<f64>, gap: fn(f64) -> String| {
        [
            name.to_owned(),
            optional(value(&summary.test_accuracy), share),
            optional(value(&summary.test_loss), share),
            optional(value(&summary.gap), gap),
            optional(summary.validation_accuracy.as_ref().and_then(value), share),
            optional(value(&summary.train_accuracy), share),
            optional(value(&summary.wall_seconds), seconds),
        ]
    };
    let mut rows: Vec<_> = summary.runs.iter().map(row).collect();
    rows.push(row_of("mean", |spread| Some(spread.mean), points));
    rows.push(row_of("deviation", |spread| spread.deviation, |gap| format!("{:.2}", gap * 100.0)));
    format!("\n{}\n", table::text(columns, &rows))
}

/// One line.
pub fn line(summary: &Summary) -> String {
    format!(
        "{} on {} from {} seeds: accuracy {}, loss {}; {} each",
        summary.recipe,
        data(summary),
        summary.seeds.len(),
        mean(&summary.test_accuracy),
        mean(&summary.test_loss),
        seconds(summary.wall_seconds.mean)
    )
}

/// A row for each experiment; `places` says where the runs of each are.
pub fn comparison(summaries: &[Summary], places: &[String]) -> String {
    use Side::{Left, Right};
    let columns = [
        ("recipe", Left),
        ("data", Left),
        ("seeds", Right),
        ("epochs", Right),
        ("validation accuracy", Left),
        ("test accuracy", Left),
        ("gap", Right),
        ("loss", Right),
        ("time", Right),
        ("parameters", Right),
        ("multiply-adds", Right),
        ("runs", Left),
    ];
    let row = |(summary, place): (&Summary, &String)| {
        [
            summary.recipe.clone(),
            data(summary),
            summary.seeds.len().to_string(),
            epochs(&summary.epochs),
            optional(summary.validation_accuracy.as_ref(), mean),
            mean(&summary.test_accuracy),
            points(summary.gap.mean),
            share(summary.test_loss.mean),
            seconds(summary.wall_seconds.mean),
            grouped(summary.parameters as u64),
            grouped(summary.multiply_adds),
            place.clone(),
        ]
    };
    let rows: Vec<_> = summaries.iter().zip(places).map(row).collect();
    table::text(columns, &rows)
}

fn data(summary: &Summary) -> String {
    match summary.limit {
        Some(limit) => format!("{}, first {}", summary.data, grouped(limit as u64)),
        None => summary.data.clone(),
    }
}

/// `3`, or `3-5` where patience has ended some runs before others.
fn epochs(spread: &Spread) -> String {
    if spread.least == spread.most { spread.least.to_string() } else { format!("{}-{}", spread.least, spread.most) }
}

/// `0.9412 ± 0.0011`, or `0.9412` of a single run.
fn mean(spread: &Spread) -> String {
    let deviation = spread.deviation.map_or_else(String::new, |deviation| format!(" ± {deviation:.4}"));
    format!("{:.4}{deviation}", spread.mean)
}

fn share(value: f64) -> String {
    format!("{value:.4}")
}

/// A difference of accuracies in hundredths.
fn points(difference: f64) -> String {
    format!("{:+.2}", difference * 100.0)
}

fn seconds(seconds: f64) -> String {
    span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn optional<T>(value: Option<T>, text: fn(T) -> String) -> String {
    value.map_or_else(|| "·".to_owned(), text)
}
