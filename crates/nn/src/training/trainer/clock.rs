//! Wall time of a run, and the time it has left.

use std::time::{Duration, Instant};

/// Wall time, and what foretells the time left: of this session only, since the next may have another machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Instant,
    /// Wall seconds of the sessions before.
    before: f64,
    steps: u64,
    step_seconds: f64,
    measuring_seconds: f64,
}

impl Clock {
    /// Of a run whose first session began then.
    pub fn new(started: Instant) -> Self {
        Self { started, before: 0.0, steps: 0, step_seconds: 0.0, measuring_seconds: 0.0 }
    }

    /// Adds the wall seconds of earlier sessions.
    pub fn go_on(&mut self, before: f64) {
        self.before = before;
    }

    /// Wall seconds of all sessions together.
    pub fn wall_seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// A training step took so long.
    pub fn step(&mut self, seconds: f64) {
        self.steps += 1;
        self.step_seconds += seconds;
    }

    /// The measurement after an epoch began then and has just ended.
    pub fn measured(&mut self, begun: Instant) {
        self.measuring_seconds = begun.elapsed().as_secs_f64();
    }

    /// Time that so many steps and measurements will take, once it can be foreseen.
    pub fn foreseen(&self, steps: usize, measurements: usize) -> Option<Duration> {
        if self.steps == 0 {
            return None;
        }
        let seconds =
            steps as f64 * self.step_seconds / self.steps as f64 + measurements as f64 * self.measuring_seconds;
        Duration::try_from_secs_f64(seconds).ok()
    }
}
