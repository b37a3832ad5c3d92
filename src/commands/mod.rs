//! One file for each command, and the choice between them.

mod bench;
mod compare;
mod data;
mod embed;
mod evaluate;
mod export;
mod fonts;
mod import;
mod predict;
mod report;
mod serve;
mod setup;
mod summary;
mod train;
mod trained;

use std::time::Instant;

use anyhow::Result;

pub use self::setup::Outcome;
use crate::cli::{Cli, Command};

/// Runs what was typed. `started` is when the process began: wall times count from there.
pub fn run(cli: Cli, started: Instant) -> Result<Outcome> {
    match cli.command {
        Command::Data(command) => data::run(&command),
        Command::Summary(arguments) => summary::run(&arguments),
        Command::Bench(command) => bench::run(&command),
        Command::Train(arguments) => train::run(&arguments, started),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Embed(arguments) => embed::run(&arguments, started),
    }
}
