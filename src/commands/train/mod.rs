//! `train`: fits a network and keeps it in a run directory, or one for each of several seeds.

mod events;
mod request;
mod series;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use modiste_executors::Device;
use modiste_files::shell;
use modiste_inference::evaluator::Classified;
use modiste_training::{Done, Fitted, Observer, RunPaths, RunResult, SeedAggregate, Session};

use self::events::Events;
use self::request::Request;
use self::series::{Opened, Series};
use super::report::{self, Written};
use super::setup::Outcome;
use crate::cli::{OutputOptions, TrainArgs};
use crate::output::training_display::TrainingDisplay;
use crate::output::{self, comparison_text, training_text};
use crate::system::memory;
use crate::system::signals::Interrupt;

/// Pairs of classes that are named at the end.
const PAIRS: usize = 2;

/// Fits a network, or several. `started` is when the process began, and with it the first run.
pub fn run(arguments: &TrainArgs, started: Instant) -> Result<Outcome> {
    let interrupt = Interrupt::catch()?;
    let Request { device, output, runs, time } = Request::from_arguments(arguments)?;
    let mut series = Series::new(runs, &device, time, output.quiet)?;
    let mut display = TrainingDisplay::new(output, arguments.watch);
    let (mut results, mut said, mut report, mut begun) = (Vec::new(), Vec::new(), None, started);
    for seed in series.seeds() {
        match series.open(seed, &device, begun)? {
            Opened::Finished(result) => {
                show_finished(&result, seed, series.directory(), &mut display)?;
                results.push(*result);
            }
            Opened::Unfinished(mut session) => {
                for caution in session.cautions() {
                    // Those of several runs are mostly the same.
                    if !said.contains(&caution) {
                        output::note(&format!("note: {caution}"));
                        said.push(caution);
                    }
                }
                let mut watched = (Events::new(&session, arguments.histograms), TestAnswers::default());
                match fit(&mut session, &mut watched, seed, &device, &interrupt, &mut display, begun)? {
                    Fitted::Finished(result) => {
                        results.push(*result);
                        if !arguments.no_report {
                            report = write_report(&session, watched.1.0.as_ref(), &device, &interrupt);
                        }
                    }
                    Fitted::Interrupted(done) => {
                        note_interrupted(done, seed, series.directory(), arguments.out.is_some());
                        return Ok(Outcome::Interrupted);
                    }
                }
            }
        }
        begun = Instant::now();
    }
    display.end()?;
    match &results[..] {
        [result] if !series.is_of_seeds() => print_result(result, report.as_ref(), series.directory(), output)?,
        _ => print_aggregate(results, series.directory(), output)?,
    }
    Ok(Outcome::Done)
}

/// What the trained network makes of the test images, kept for its report.
#[derive(Default)]
struct TestAnswers(Option<Classified>);

impl Observer for TestAnswers {
    fn tested(&mut self, answers: &Classified, _temperature: f64) {
        self.0 = Some(answers.clone());
    }
}

/// Trains one run, showing how it goes, and keeps its result. `seed` is given if it is one of several.
fn fit(
    session: &mut Session,
    (events, answers): &mut (Events, TestAnswers),
    seed: Option<u64>,
    device: &Device,
    interrupt: &Interrupt,
    display: &mut TrainingDisplay,
    begun: Instant,
) -> Result<Fitted> {
    let mut executor = session.compile(device);
    interrupt.defer_signals();
    display.heading(&training_text::heading(session, &executor.device()));
    if let Some(seed) = seed {
        display.line(&format!("seed {seed}, in {}", session.directory().display()));
    }
    if let Some(text) = training_text::start(session) {
        display.line(&text);
    }
    if let Some(done) = session.resumes_after() {
        display.line(&format!("going on after {done}"));
    }
    let changes = session.changes(&executor.device());
    if !changes.is_empty() {
        let directory = session.directory().display();
        output::note(&format!("note: not all is as it was when {directory} was last trained: {}", changes.join("; ")));
    }
    display.run_begins(session.experiment().recipe.training.epochs, seed);
    let fitted = session.fit(
        executor.as_mut(),
        &mut (&mut *display, &mut (&mut *events, answers)),
        interrupt.stop_flag(),
        &begun,
    );
    display.run_ended();
    events.note_failure();
    let mut fitted = fitted?;
    if let Fitted::Finished(result) = &mut fitted {
        let training = &session.experiment().recipe.training;
        if let Some(text) = training_text::out_of_patience(training, result) {
            display.line(&text);
        }
        result.peak_memory_bytes = memory::peak_bytes();
        events.end(result);
        session.finish(result)?;
        if seed.is_some() {
            display.line(&training_text::result(result));
            display.document(result);
        }
    }
    Ok(fitted)
}

/// Writes the page about a run that is trained. The run is worth more than its page: what keeps that from being written is said.
fn write_report(
    session: &Session,
    answers: Option<&Classified>,
    device: &Device,
    interrupt: &Interrupt,
) -> Option<Written> {
    let (directory, dataset) = (session.directory(), &session.experiment().dataset);
    let left_out = match report::beside(directory, dataset, answers, device, interrupt.stop_flag()) {
        Ok(Some(written)) => return Some(written),
        Ok(None) => "interrupted".to_owned(),
        Err(error) => output::sentence(&error),
    };
    let word = shell::word(directory);
    output::note(&format!("note: no report was written, {left_out}; `modiste report {word}` writes it"));
    None
}

/// A run was trained before: nothing is left to do.
fn show_finished(result: &RunResult, seed: Option<u64>, directory: &Path, display: &mut TrainingDisplay) -> Result<()> {
    if let Some(seed) = seed {
        display.line(&format!("seed {seed} is there already: {}", training_text::result(result)));
        display.document(result);
        return Ok(());
    }
    let paths = RunPaths::new(directory);
    let further = if paths.read_recipe()?.training.is_out_of_patience(result.epochs, result.best_epoch) {
        let best = result.best_epoch.unwrap_or(result.epochs);
        let recipe = paths.recipe();
        format!(", the best of them epoch {best}: to train it further, raise training.patience in {}", recipe.display())
    } else {
        ": to train it further, give a larger number by --epochs".to_owned()
    };
    let done = Done { epochs: result.epochs, steps: 0 };
    output::note(&format!("{} is finished after {done}{further}", directory.display()));
    Ok(())
}

/// A signal came. `named` is whether the directory was named by --out.
fn note_interrupted(done: Done, seed: Option<u64>, directory: &Path, named: bool) {
    let directory = shell::word(directory);
    match seed {
        None => {
            output::note(&format!("interrupted after {done}; the state is saved, and this goes on from there:"));
            output::note(&format!("    modiste train --resume {directory}"));
        }
        Some(seed) => {
            let option = if named { String::new() } else { format!(" with --out {directory}") };
            output::note(&format!(
                "interrupted in seed {seed} after {done}; the state is saved, and the same command{option} goes on from there"
            ));
        }
    }
}

/// What a single run came to, what it finds hardest, and where to look closer.
fn print_result(result: &RunResult, report: Option<&Written>, directory: &Path, options: OutputOptions) -> Result<()> {
    if options.json {
        return output::print_json(result);
    }
    output::print(&training_text::result(result))?;
    if options.quiet {
        return Ok(());
    }
    output::print(&training_text::gap(result))?;
    for pair in report.iter().flat_map(|report| report.hardest_pairs.iter().take(PAIRS)) {
        output::print(&training_text::hard_pair(pair))?;
    }
    if let Some(report) = report {
        output::print(&format!("all of it, with images: {}", report.path.display()))?;
    }
    let (kept, word) = (directory.display(), shell::word(directory));
    output::print(&format!("kept in {kept}; look closer with `modiste evaluate {word}`"))
}

/// What the runs of several seeds came to, and where they are.
fn print_aggregate(results: Vec<RunResult>, directory: &Path, options: OutputOptions) -> Result<()> {
    let aggregate = SeedAggregate::new(results).context("there are no seeds to train from")?;
    if options.json {
        return output::print_json(&aggregate);
    }
    if options.quiet {
        return output::print(&comparison_text::line(&aggregate));
    }
    output::print(&comparison_text::of_seeds(&aggregate))?;
    let (kept, word) = (directory.display(), shell::word(directory));
    output::print(&format!("kept in {kept}; compare it with others by naming them behind it: `modiste compare {word}`"))
}
