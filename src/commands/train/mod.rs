//! `train`: fits a network and keeps it in a run directory, or one for each of several seeds.

mod experiment;
mod fit;
mod job;
mod series;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use modiste_data::{Dataset, Source};
use modiste_nn::training::runs::result::RunResult;
use modiste_nn::training::runs::{
    run_directory::{RunDirectory, RunPaths},
    run_source::RunSource,
};
use modiste_report::numbers::grouped;

use self::experiment::Experiment;
use self::fit::{Fitted, compile, fit, heading, position_text};
use self::job::{Job, Resumed};
use super::{Outcome, RUNS, device};
use crate::cli::{OutputOptions, TrainArgs};
use crate::duration::span;
use crate::interrupt::Interrupt;
use crate::training_display::TrainingDisplay;
use crate::{download_progress, output};

/// Fits a network. `started` is when the process began.
pub fn run(arguments: &TrainArgs, started: Instant) -> Result<Outcome> {
    let interrupt = Interrupt::catch()?;
    let device = device(&arguments.compute)?;
    // A single seed is a run as any other, unless it is the first of a directory of them.
    if let Some(count) = arguments.seeds.filter(|&count| count > 1 || arguments.out.is_some()) {
        return series::run(arguments, count, &device, &interrupt, started);
    }
    let job = match &arguments.resume {
        None => {
            if let Some(out) = &arguments.out {
                RunDirectory::check_free(out)?;
            }
            Job::begin(Experiment::asked(arguments)?, &device, |recipe| {
                Ok(match &arguments.out {
                    Some(out) => RunDirectory::create(out)?,
                    None => RunDirectory::create_numbered(Path::new(RUNS), &recipe.name)?,
                })
            })?
        }
        Some(directory) => {
            let epochs = arguments.epochs.map(|epochs| epochs as usize);
            match Job::resume(directory, epochs, &device, |plan| found_again(plan, arguments))? {
                Resumed::Unfinished(job) => *job,
                Resumed::Finished(result) => return finished_already(&result, directory, &arguments.output),
            }
        }
    };
    let mut executor = compile(&job, &device);
    interrupt.wait_for_a_good_end();
    let mut display = TrainingDisplay::new(arguments.output, job.experiment.recipe.training.epochs);
    display.line(&heading(&job, &executor.device()));
    let fitted = fit(&job, executor.as_mut(), &interrupt, &mut display, started)?;
    let directory = job.run.paths().directory();
    match fitted {
        Fitted::Finished(result) => {
            display.end()?;
            tell(&result, directory, &arguments.output)?;
            Ok(Outcome::Done)
        }
        Fitted::Interrupted(done) => {
            output::note(&format!("interrupted after {done}; the state is saved, and this goes on from there:"));
            output::note(&format!("    modiste train --resume {}", directory.display()));
            Ok(Outcome::Interrupted)
        }
    }
}

/// The data of an earlier run.
fn found_again(recorded: &RunSource, arguments: &TrainArgs) -> Result<Dataset> {
    let Ok(source) = recorded.data.source.parse::<Source>();
    let data_dir = arguments.data.place().or(recorded.data_dir.as_deref());
    download_progress::load(&source, data_dir, arguments.output.quiet)
}

/// Of a run that `--resume` was asked for.
fn finished_already(result: &RunResult, directory: &Path, options: &OutputOptions) -> Result<Outcome> {
    let paths = RunPaths::new(directory);
    let further = if paths.read_recipe()?.training.is_out_of_patience(result.epochs, result.best_epoch) {
        let best = result.best_epoch.unwrap_or(result.epochs);
        let recipe = paths.recipe();
        format!(", the best of them epoch {best}: to train it further, raise training.patience in {}", recipe.display())
    } else {
        ": to train it further, give a larger number by --epochs".to_owned()
    };
    let done = position_text(result.epochs, 0);
    output::note(&format!("{} is finished after {done}{further}", directory.display()));
    tell(result, directory, options)?;
    Ok(Outcome::Done)
}

/// The result, and where it is.
fn tell(result: &RunResult, directory: &Path, options: &OutputOptions) -> Result<()> {
    if options.json {
        return output::print_json(result);
    }
    output::print(&result_text(result))?;
    if !options.quiet {
        let directory = directory.display();
        output::print(&format!("kept in {directory}; look closer with `modiste evaluate {directory}`"))?;
    }
    Ok(())
}

/// `10,000 test images of fashion-mnist: accuracy 0.8266, loss 0.4817; 1.7 s, 87 MB`
fn result_text(result: &RunResult) -> String {
    let seconds = Duration::try_from_secs_f64(result.wall_seconds).unwrap_or_default();
    let memory = result.peak_memory_bytes.map_or_else(String::new, |bytes| format!(", {:.0} MB", bytes as f64 / 1e6));
    format!(
        "{} test images of {}: accuracy {:.4}, loss {:.4}; {}{memory}",
        grouped(result.sizes.test as u64),
        result.data,
        result.test_accuracy,
        result.test_loss,
        span(seconds)
    )
}
