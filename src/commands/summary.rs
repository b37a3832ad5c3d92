//! `summary`: a network as Keras prints it.

use anyhow::Result;

use super::Outcome;
use crate::cli::SummaryArgs;

/// Prints the network of a recipe.
pub fn run(_arguments: &SummaryArgs) -> Result<Outcome> {
    Ok(Outcome::Done)
}
