//! The command `modiste`: from what was typed to an exit status.

mod cli;
mod commands;
mod misuse;
mod output;
mod system;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use commands::Outcome;
use system::{memory, signals};

fn main() -> ExitCode {
    let started = Instant::now();
    memory::end_when_exhausted();
    let arguments = match cli::Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(misuse::tell(&error)),
    };
    match commands::run(arguments, started) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFailed) => ExitCode::FAILURE,
        Ok(Outcome::Interrupted) => ExitCode::from(signals::STATUS),
        // Whoever read our output has seen enough, as in `modiste summary seed-vgg | head -1`.
        Err(error) if error.is::<output::Closed>() => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("error: {}", output::sentence(&error)));
            ExitCode::FAILURE
        }
    }
}
