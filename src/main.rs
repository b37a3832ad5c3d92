//! The command `modiste`: from what was typed to an exit status.

mod cli;
mod commands;
mod comparison_text;
mod download_progress;
mod duration;
mod embedding_display;
mod evaluation_text;
mod interrupt;
mod map_directory;
mod memory;
mod output;
mod progress_bar;

mod table;
mod training_display;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use commands::Outcome;

fn main() -> ExitCode {
    let started = Instant::now();
    match commands::run(cli::Cli::parse(), started) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted) => ExitCode::from(interrupt::STATUS),
        // Whoever read our output has seen enough, as in `modiste summary seed-vgg | head -1`.
        Err(error) if error.is::<output::Closed>() => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("error: {}", output::sentence(&error)));
            ExitCode::FAILURE
        }
    }
}
