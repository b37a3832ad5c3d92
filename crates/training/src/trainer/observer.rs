//! Watching a run as it goes.

use std::time::Duration;

use modiste_inference::evaluator::Classified;
use modiste_network::Network;

use crate::progress::{EpochRecord, RunningSums};

/// Whoever wants to watch. `()` watches nothing, and of a pair both do.
pub trait Observer {
    /// Training is about to begin, or to go on after these epochs.
    fn begin(&mut self, _records: &[EpochRecord]) {}

    /// After each step, before anything is kept: this is called often.
    fn step(&mut self, _event: &StepEvent) {}

    /// After the last step of each epoch: what that has left, in the order of [`Network::parameters`]. Of an epoch whose last step
    /// was in an earlier session there is no gradient.
    fn tensors(&mut self, _kind: TensorKind, _network: &Network, _values: &[f32]) {}

    /// After each epoch, when it is measured, but before it is kept.
    fn measured(&mut self, _record: &EpochRecord) {}

    /// After each epoch, when it is measured and kept; with the time left, if there are more epochs to come.
    fn epoch(&mut self, _record: &EpochRecord, _left: Option<Duration>) {}

    /// After the last epoch, when the test images are classified: what the network makes of them, in their order, and what its
    /// logits are to be divided by.
    fn tested(&mut self, _answers: &Classified, _temperature: f64) {}
}

impl Observer for () {}

impl<A: Observer + ?Sized, B: Observer + ?Sized> Observer for (&mut A, &mut B) {
    fn begin(&mut self, records: &[EpochRecord]) {
        self.0.begin(records);
        self.1.begin(records);
    }

    fn step(&mut self, event: &StepEvent) {
        self.0.step(event);
        self.1.step(event);
    }

    fn tensors(&mut self, kind: TensorKind, network: &Network, values: &[f32]) {
        self.0.tensors(kind, network, values);
        self.1.tensors(kind, network, values);
    }

    fn measured(&mut self, record: &EpochRecord) {
        self.0.measured(record);
        self.1.measured(record);
    }

    fn epoch(&mut self, record: &EpochRecord, left: Option<Duration>) {
        self.0.epoch(record, left);
        self.1.epoch(record, left);
    }

    fn tested(&mut self, answers: &Classified, temperature: f64) {
        self.0.tested(answers, temperature);
        self.1.tested(answers, temperature);
    }
}

/// What a step leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorKind {
    /// All parameters, not their moving average.
    Parameters,
    /// The gradient that they have just been changed by.
    Gradient,
}

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
