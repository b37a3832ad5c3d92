//! Watching a run as it goes.

use std::time::Duration;

use crate::progress::{EpochRecord, RunningSums};

/// Whoever wants to watch. `()` watches nothing.
pub trait Observer {
    /// After each step, before anything is kept: this is called often.
    fn step(&mut self, _event: &StepEvent) {}

    /// After each epoch, when it is measured and kept; with the time left, if there are more epochs to come.
    fn epoch(&mut self, _record: &EpochRecord, _left: Option<Duration>) {}
}

impl Observer for () {}

/// How an epoch is going.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepEvent {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// Steps done in this epoch.
    pub step: usize,
    /// Steps of an epoch.
    pub steps: usize,
    /// Means of the epoch so far.
    pub running: RunningSums,
    /// Time until the last epoch ends, as far as can be foreseen.
    pub left: Option<Duration>,
}
