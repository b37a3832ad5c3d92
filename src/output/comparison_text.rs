//! Several runs as a page of text.

use std::time::Duration;

use modiste_report::numbers::{counted, grouped};
use modiste_training::{RunResult, SeedAggregate, Spread};

use super::duration::span;
use super::table::{self, Side};
use crate::output;

/// The runs of one experiment: a row for each seed, then their mean and standard deviation.
pub fn of_seeds(aggregate: &SeedAggregate) -> String {
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
            optional(value(&aggregate.test_accuracy), share),
            optional(value(&aggregate.test_loss), share),
            optional(value(&aggregate.gap), gap),
            optional(aggregate.validation_accuracy.as_ref().and_then(value), share),
            optional(value(&aggregate.train_accuracy), share),
            optional(value(&aggregate.wall_seconds), seconds),
        ]
    };
    let mut rows: Vec<_> = aggregate.runs.iter().map(row).collect();
    rows.push(row_of("mean", |spread| Some(spread.mean), points));
    rows.push(row_of("deviation", |spread| spread.deviation, |gap| format!("{:.2}", gap * 100.0)));
    format!("\n{}\n", table::text(columns, &rows))
}

/// One line.
pub fn line(aggregate: &SeedAggregate) -> String {
    format!(
        "{} on {} from {}: accuracy {}, loss {}; {} each",
        aggregate.recipe,
        data(aggregate),
        output::count(aggregate.seeds.len(), "seed"),
        mean(&aggregate.test_accuracy),
        mean(&aggregate.test_loss),
        seconds(aggregate.wall_seconds.mean)
    )
}

/// The columns of [`rows`].
pub const COLUMNS: [(&str, Side); 12] = [
    ("recipe", Side::Left),
    ("data", Side::Left),
    ("seeds", Side::Right),
    ("epochs", Side::Right),
    ("validation accuracy", Side::Left),
    ("test accuracy", Side::Left),
    ("gap", Side::Right),
    ("loss", Side::Right),
    ("time", Side::Right),
    ("parameters", Side::Right),
    ("multiply-adds", Side::Right),
    ("runs", Side::Left),
];

/// A row for each experiment; `places` says where the runs of each are.
pub fn rows(aggregates: &[SeedAggregate], places: &[String]) -> Vec<[String; 12]> {
    let row = |(aggregate, place): (&SeedAggregate, &String)| {
        [
            aggregate.recipe.clone(),
            data(aggregate),
            aggregate.seeds.len().to_string(),
            epochs(&aggregate.epochs),
            optional(aggregate.validation_accuracy.as_ref(), mean),
            mean(&aggregate.test_accuracy),
            points(aggregate.gap.mean),
            share(aggregate.test_loss.mean),
            seconds(aggregate.wall_seconds.mean),
            grouped(aggregate.parameters as u64),
            grouped(aggregate.multiply_adds),
            place.clone(),
        ]
    };
    aggregates.iter().zip(places).map(row).collect()
}

/// These rows as a table.
pub fn comparison(aggregates: &[SeedAggregate], places: &[String]) -> String {
    table::text(COLUMNS, &rows(aggregates, places))
}

fn data(aggregate: &SeedAggregate) -> String {
    match aggregate.limit {
        Some(limit) => format!("{}, {}", aggregate.data, counted(limit as u64, "image")),
        None => aggregate.data.clone(),
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
