//! Wall time of a run, and the time it has left.

use std::time::{Duration, Instant};

/// A clock that the trainer reads the time of. It is handed in, since there are machines, such as wasm32-unknown-unknown, on
/// which [`Instant::now`] panics.
pub trait Clock {
    /// Time since the session began.
    fn elapsed(&self) -> Duration;
}

/// Of a session that began then.
impl Clock for Instant {
    fn elapsed(&self) -> Duration {
        Instant::elapsed(self)
    }
}

/// Wall time, and what foretells the time left: of this session only, since the next may have another machine.
#[derive(Clone, Copy)]
pub(super) struct WallTime<'a> {
    clock: &'a dyn Clock,
    /// Wall seconds of the sessions before.
    before: f64,
    steps: u64,
    step_seconds: f64,
    measuring_seconds: f64,
}

impl<'a> WallTime<'a> {
    /// Of a run whose first session this is.
    pub(super) fn new(clock: &'a dyn Clock) -> Self {
        Self { clock, before: 0.0, steps: 0, step_seconds: 0.0, measuring_seconds: 0.0 }
    }

    /// Adds the wall seconds of earlier sessions.
    pub(super) fn go_on(&mut self, before: f64) {
        self.before = before;
    }

    /// Time since this session began.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Wall seconds of all sessions together.
    pub(super) fn wall_seconds(&self) -> f64 {
        self.before + self.elapsed().as_secs_f64()
    }

    /// A training step took so long.
    pub(super) fn step(&mut self, seconds: f64) {
        self.steps += 1;
        self.step_seconds += seconds;
    }

    /// The measurement after an epoch began at this time of the session, and has just ended.
    pub(super) fn measured(&mut self, begun: Duration) {
        self.measuring_seconds = self.elapsed().saturating_sub(begun).as_secs_f64();
    }

    /// Time that so many steps and measurements will take, once it can be foreseen.
    pub(super) fn foreseen(&self, steps: usize, measurements: usize) -> Option<Duration> {
        if self.steps == 0 {
            return None;
        }
        let seconds =
            steps as f64 * self.step_seconds / self.steps as f64 + measurements as f64 * self.measuring_seconds;
        Duration::try_from_secs_f64(seconds).ok()
    }
}
