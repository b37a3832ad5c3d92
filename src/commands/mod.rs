//! One file for each command, and the choice between them.

mod bench;
mod compare;
mod data;
mod embed;
mod evaluate;
mod setup;
mod summary;
mod train;
mod trained;

use std::time::Instant;

use anyhow::Result;

pub use self::setup::Outcome;

use crate::cli::{Cli, Verb};

/// Runs what was typed. `started` is when the process began: wall times count from there.
pub fn run(cli: Cli, started: Instant) -> Result<Outcome> {
    match cli.verb {
        Verb::Data(verb) => data::run(&verb),
        Verb::Summary(arguments) => summary::run(&arguments),
        Verb::Bench(verb) => bench::run(&verb),
        Verb::Train(arguments) => train::run(&arguments, started),
        Verb::Evaluate(arguments) => evaluate::run(&arguments),
        Verb::Compare(arguments) => compare::run(&arguments),
        Verb::Embed(arguments) => embed::run(&arguments, started),
    }
}
