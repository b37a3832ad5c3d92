//! `train --seeds N`: the same experiment from several seeds, one run after the other, and what they come to together.
//!
//! Each run has its own directory in one for all, so that a series goes on where it stopped, run by run.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use modiste_nn::device::Device;
use modiste_nn::training::runs::aggregate::SeedAggregate;
use modiste_nn::training::runs::run_directory::{RunDirectory, RunPaths};
use modiste_nn::{numbered, training::runs::seed_directory};

use super::experiment::Experiment;
use super::fit::{Fitted, compile, fit, heading};
use super::job::{Job, Resumed};
use super::result_text;
use crate::cli::{LARGEST_SEED, OutputOptions, TrainArgs};
use crate::commands::{Outcome, RUNS};
use crate::interrupt::Interrupt;
use crate::training_display::TrainingDisplay;
use crate::{comparison_text, output};

/// Fits networks from `count` seeds. `started` is when the process began, and with it the first run.
pub fn run(
    arguments: &TrainArgs,
    count: u64,
    device: &Device,
    interrupt: &Interrupt,
    started: Instant,
) -> Result<Outcome> {
    if let Some(out) = &arguments.out {
        seed_directory::check_directory(out)?;
    }
    let experiment = Experiment::asked(arguments)?;
    let first = experiment.recipe.training.seed;
    let Some(last) = first.checked_add(count - 1).filter(|&last| last <= LARGEST_SEED) else {
        bail!("{count} seeds from {first} on are more than there are: give a smaller --seed");
    };
    let display = TrainingDisplay::new(arguments.output, experiment.recipe.training.epochs);
    let mut series = Series { device, interrupt, display, directory: arguments.out.clone(), headed: false };
    interrupt.wait_for_a_good_end();
    let mut results = Vec::new();
    let mut begun = started;
    for seed in first..=last {
        match series.run(experiment.with_seed(seed), begun)? {
            Fitted::Finished(result) => results.push(*result),
            Fitted::Interrupted(done) => {
                let directory = series.directory.filter(|_| arguments.out.is_none());
                let option = directory.map_or_else(String::new, |path| format!(" with --out {}", path.display()));
                output::note(&format!(
                    "interrupted in seed {seed} after {done}; the state is saved, and the same command{option} goes on from there"
                ));
                return Ok(Outcome::Interrupted);
            }
        }
        begun = Instant::now();
    }
    series.display.end()?;
    let aggregate = SeedAggregate::new(results).context("there are no seeds to train from")?;
    tell(&aggregate, series.directory.as_deref().unwrap_or(Path::new(RUNS)), arguments.output)?;
    Ok(Outcome::Done)
}

/// Runs that share all but their seed.
struct Series<'a> {
    device: &'a Device,
    interrupt: &'a Interrupt,
    display: TrainingDisplay,
    /// Where the runs are, once there is one.
    directory: Option<PathBuf>,
    /// It has been said what is trained on what.
    headed: bool,
}

impl Series<'_> {
    /// The run of one seed: a new one, the rest of one, or one that is there already.
    fn run(&mut self, experiment: Experiment, begun: Instant) -> Result<Fitted> {
        let seed = experiment.recipe.training.seed;
        let there = self.directory.as_deref().map(|directory| seed_directory::run(directory, seed));
        let job = match there.filter(|path| RunPaths::new(path).source().exists()) {
            None => Job::begin(experiment, self.device, |recipe| {
                let directory = match &self.directory {
                    Some(directory) => directory,
                    None => self.directory.insert(numbered::create(Path::new(RUNS), &recipe.name)?),
                };
                Ok(RunDirectory::create(&seed_directory::run(directory, seed))?)
            })?,
            Some(path) => {
                check_same(&path, &experiment)?;
                match Job::resume(&path, None, self.device, |_| Ok(experiment.dataset))? {
                    Resumed::Unfinished(job) => *job,
                    Resumed::Finished(result) => {
                        self.display.line(&format!("seed {seed} is there already: {}", result_text(&result)));
                        self.display.document(&result);
                        return Ok(Fitted::Finished(result));
                    }
                }
            }
        };
        let mut executor = compile(&job, self.device);
        if !self.headed {
            self.display.line(&heading(&job, &executor.device()));
            self.headed = true;
        }
        self.display.line(&format!("seed {seed}, in {}", job.run.paths().directory().display()));
        self.display.run_begins(seed);
        let fitted = fit(&job, executor.as_mut(), self.interrupt, &mut self.display, begun)?;
        if let Fitted::Finished(result) = &fitted {
            self.display.line(&result_text(result));
            self.display.document(result);
        }
        Ok(fitted)
    }
}

/// Refuses a run that is not one of this series.
fn check_same(path: &Path, experiment: &Experiment) -> Result<()> {
    let paths = RunPaths::new(path);
    let what = if !paths.read_source()?.data.has_images_of(&experiment.plan.data) {
        "data"
    } else if paths.read_recipe()? != experiment.recipe {
        "recipe"
    } else {
        return Ok(());
    };
    bail!(
        "{} holds a run of another {what} than this one: give another --out, or say the same as when it was begun",
        path.display()
    )
}

/// What the runs came to, and where they are.
fn tell(aggregate: &SeedAggregate, directory: &Path, options: OutputOptions) -> Result<()> {
    if options.json {
        return output::print_json(aggregate);
    }
    if options.quiet {
        return output::print(&comparison_text::line(aggregate));
    }
    output::print(&comparison_text::of_seeds(aggregate))?;
    let directory = directory.display();
    output::print(&format!("kept in {directory}; set it beside others with `modiste compare {directory} RUN…`"))
}
