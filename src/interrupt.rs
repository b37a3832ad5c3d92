//! Signals: the first one asks for a good end, the second one ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit status of an interrupted process, as shells have it for Ctrl-C.
pub const STATUS: u8 = 130;

/// Ctrl-C and SIGTERM, caught.
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Catches the signals. Until [`Interrupt::wait_for_a_good_end`] there is nothing to save, and they end the
    /// process.
    pub fn catch() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(true));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first exits if a signal came before, the second remembers this one.
            flag::register_conditional_shutdown(signal, i32::from(STATUS), Arc::clone(&asked))
                .and_then(|_| flag::register(signal, Arc::clone(&asked)))
                .context("cannot catch signals")?;
        }
        // A write beyond the limit of `ulimit -f` is to fail like one to a full disk, not to kill. The flag is of no
        // interest.
        #[cfg(unix)]
        flag::register(signal_hook::consts::SIGXFSZ, Arc::default()).context("cannot catch signals")?;
        Ok(Self(asked))
    }

    /// From now on the first signal only asks.
    pub fn wait_for_a_good_end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether one was asked for.
    pub fn asked(&self) -> &AtomicBool {
        &self.0
    }
}
