//! Training as people, and programs, see it.
//!
//! On a terminal a line follows the steps of an epoch; when the epoch is done, a line with its results stays.

use std::time::Duration;

use anyhow::Result;
use console::Term;
use indicatif::ProgressBar;
use modiste_report::numbers::grouped;
use modiste_training::{EpochRecord, Observer, StepEvent};
use serde::Serialize;

use super::curves::Curves;
use super::{duration, progress_bar};
use crate::cli::OutputOptions;
use crate::output::{self, Closed, megabytes};
use crate::system::memory;

/// Shows a run, or several, as they go.
pub struct TrainingDisplay {
    options: OutputOptions,
    /// Epochs of the run under way.
    epochs: usize,
    /// Of the run under way, where it is one of several: programs are told of which an epoch is.
    seed: Option<u64>,
    /// Standard error is a terminal.
    draws: bool,
    /// Of the epoch under way.
    bar: Option<ProgressBar>,
    /// Of the run under way, where they are to be drawn.
    curves: Option<Curves>,
    /// Bytes, after the last epoch, beside the curves.
    memory: Option<u64>,
    /// It has been said what is trained on what.
    headed: bool,
    /// Nobody reads standard output any more.
    closed: bool,
    /// What standard output failed with; training goes on, and this is told at the end.
    failure: Option<anyhow::Error>,
}

impl TrainingDisplay {
    /// Of no run yet; with curves if they are wanted and can be drawn.
    pub fn new(options: OutputOptions, watch: bool) -> Self {
        let draws = progress_bar::is_wanted(options);
        let curves = (watch && draws).then(Curves::default);
        Self {
            options,
            epochs: 0,
            seed: None,
            draws,
            bar: None,
            curves,
            memory: None,
            headed: false,
            closed: false,
            failure: None,
        }
    }

    /// The line that says what is trained on what: once, since several runs differ in their seeds alone.
    pub fn heading(&mut self, text: &str) {
        if !std::mem::replace(&mut self.headed, true) {
            self.line(text);
        }
    }

    /// A run of so many epochs begins; with its seed, if it is one of several.
    pub fn run_begins(&mut self, epochs: usize, seed: Option<u64>) {
        (self.epochs, self.seed) = (epochs, seed);
    }

    /// A line for people: on standard output, but for `--json`, which has that to itself.
    pub fn line(&mut self, text: &str) {
        if self.options.quiet || self.closed {
        } else if self.options.json {
            output::note(text);
        } else {
            let printed = output::print(text);
            self.keep(printed);
        }
    }

    /// A line for programs that follow as it goes.
    pub fn document(&mut self, document: &impl Serialize) {
        if self.options.json && !self.options.quiet && !self.closed {
            let printed = output::print_json(document);
            self.keep(printed);
        }
    }

    /// A run has ended, perhaps within an epoch.
    pub fn run_ended(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// What the display failed with, if it did.
    pub fn end(self) -> Result<()> {
        self.failure.map_or(Ok(()), Err)
    }

    /// A run is worth more than its listeners: with `| head -1` it goes on to its end.
    fn keep(&mut self, printed: Result<()>) {
        match printed {
            Err(error) if error.is::<Closed>() => {
                if !self.closed {
                    output::note("standard output was closed; training goes on");
                }
                self.closed = true;
            }
            Err(error) => self.failure = self.failure.take().or(Some(error)),
            Ok(()) => {}
        }
    }
}

impl Observer for TrainingDisplay {
    fn begin(&mut self, records: &[EpochRecord]) {
        if let Some(curves) = &mut self.curves {
            *curves = Curves::new(self.epochs, records);
        }
    }

    fn step(&mut self, event: &StepEvent) {
        if !self.draws {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = progress_bar::new(event.steps as u64).with_position(event.step as u64);
            if self.curves.is_some() { bar.with_style(progress_bar::below()) } else { bar }
        });
        let StepEvent { running, left, .. } = event;
        let numbers = format!(
            "loss {:.4}  accuracy {:.4}  {} img/s{}",
            running.mean_loss(),
            running.accuracy(),
            grouped(running.images_per_second() as u64),
            duration::left(*left)
        );
        let name = epoch_name(event.epoch, event.epochs);
        match &mut self.curves {
            None => {
                bar.set_prefix(name);
                bar.set_message(numbers);
            }
            Some(curves) => {
                let memory = self.memory.map_or_else(String::new, |bytes| format!("  {}", megabytes(bytes)));
                let (rows, columns) = Term::stderr().size();
                let drawn = curves.text((usize::from(columns), usize::from(rows)));
                bar.set_message(format!("{drawn}{numbers}{memory}\n"));
                bar.set_prefix(name);
            }
        }
        bar.set_position(event.step as u64);
    }

    fn epoch(&mut self, record: &EpochRecord, left: Option<Duration>) {
        // The line of results takes the bar's place.
        self.run_ended();
        if let Some(curves) = &mut self.curves {
            curves.add(record);
            self.memory = memory::peak_bytes();
        }
        self.document(&Epoch { record, seed: self.seed });
        self.line(&epoch_line(record, self.epochs, left));
    }
}

/// An epoch, as programs are told of it.
#[derive(Serialize)]
struct Epoch<'a> {
    #[serde(flatten)]
    record: &'a EpochRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

fn epoch_name(epoch: usize, epochs: usize) -> String {
    let width = epochs.to_string().len();
    format!("epoch {epoch:>width$}/{epochs}")
}

fn epoch_line(record: &EpochRecord, epochs: usize, left: Option<Duration>) -> String {
    let validation = match (record.validation_loss, record.validation_accuracy) {
        (Some(loss), Some(accuracy)) => format!("  val_loss {loss:.4}  val_accuracy {accuracy:.4}"),
        _ => String::new(),
    };
    format!(
        "{}  loss {:.4}  accuracy {:.4}{validation}  {} img/s{}",
        epoch_name(record.epoch, epochs),
        record.train_loss,
        record.train_accuracy,
        grouped(record.images_per_second as u64),
        duration::left(left)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_one_line_as_wide_as_a_terminal() {
        let record = EpochRecord {
            epoch: 7,
            train_loss: 0.25,
            train_accuracy: 0.9,
            validation_loss: Some(0.3),
            validation_accuracy: Some(0.88765),
            images_per_second: 1234.5,
            ..EpochRecord::default()
        };
        let line = epoch_line(&record, 50, Some(Duration::from_secs(125)));
        let expected = "epoch  7/50  loss 0.2500  accuracy 0.9000  val_loss 0.3000  val_accuracy 0.8877  1,234 img/s  \
                        2 min 5 s left";
        assert_eq!(line, expected);
        let record = EpochRecord { validation_loss: None, ..record };
        assert_eq!(epoch_line(&record, 7, None), "epoch 7/7  loss 0.2500  accuracy 0.9000  1,234 img/s");
    }
}
