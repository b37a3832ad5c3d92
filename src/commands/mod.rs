//! One file for each verb, and how they are told apart.

mod summary;

use std::time::Instant;

use anyhow::Result;

use crate::cli::{Cli, Verb};

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is done.
    Done,
    /// A signal came; the state is saved and the run can go on later.
    Interrupted,
}

/// Runs what was typed. `started` is when the process began: wall times count from there.
pub fn run(cli: Cli, started: Instant) -> Result<Outcome> {
    match cli.verb {
        Verb::Summary(arguments) => summary::run(&arguments),
        verb => anyhow::bail!("not yet {verb:?} {started:?}"),
    }
}
