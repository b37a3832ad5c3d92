//! A map on its way, as people see it: on a terminal a line says what is being done, and how long it may take.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use modiste_tsne::{Phase, Progress};

use super::{duration, progress_bar};
use crate::cli::OutputOptions;

/// So often the line shows that something is going on.
const TICK: Duration = Duration::from_millis(100);

/// Shows a map as it is made. What one copy shows, another can clear away.
#[derive(Clone)]
pub struct EmbeddingDisplay {
    /// None where nobody looks.
    bar: Option<ProgressBar>,
    iterations: u64,
    /// When the points began to move, or a little before.
    moving_since: Instant,
}

impl EmbeddingDisplay {
    /// For a map of so many iterations.
    pub fn new(options: OutputOptions, iterations: u64) -> Self {
        let bar = progress_bar::is_wanted(options).then(|| progress_bar::new(iterations));
        Self { bar, iterations, moving_since: Instant::now() }
    }

    /// Something is being done that takes as long as it takes.
    pub fn busy(&self, what: &'static str) {
        if let Some(bar) = &self.bar {
            bar.set_style(progress_bar::waiting());
            bar.set_prefix(what);
            bar.set_message("");
            bar.enable_steady_tick(TICK);
        }
    }

    /// What the library is doing.
    pub fn phase(&mut self, phase: &Phase<'_>) {
        match phase {
            Phase::Neighbours => self.busy("searching neighbours"),
            Phase::Affinities => self.busy("fitting affinities"),
            Phase::Initialisation => {
                self.busy("first map");
                self.moving_since = Instant::now();
            }
            Phase::Optimisation(progress) => self.moved(progress),
            Phase::Divergence => self.busy("measuring the divergence"),
        }
    }

    fn moved(&self, progress: &Progress<'_>) {
        let Some(bar) = &self.bar else { return };
        let done = progress.iteration as u64;
        let share = (self.iterations - done.min(self.iterations)) as f64 / done.max(1) as f64;
        let left = self.moving_since.elapsed().mul_f64(share);
        bar.disable_steady_tick();
        bar.set_style(progress_bar::counting());
        bar.set_prefix(if progress.early { "exaggerated" } else { "iteration" });
        bar.set_message(format!("KL {:.4}{}", progress.divergence, duration::left(Some(left))));
        bar.set_position(done);
    }
}

impl Drop for EmbeddingDisplay {
    /// The line goes, whatever happened, and with the first copy.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
