//! Signals: the first one asks for a good end, the second one ends at once.

use std::cell::Cell;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

/// Exit status of an interrupted process, as shells have it for Ctrl-C.
pub const STATUS: u8 = 130;

/// Ctrl-C, SIGTERM and the end of a terminal, caught.
pub struct Interrupt {
    stop: Arc<AtomicBool>,
    deferred: Cell<bool>,
    /// What ends the process at a second signal.
    ends: Cell<Vec<SigId>>,
}

impl Interrupt {
    /// Catches the signals. Until [`Interrupt::defer_signals`] there is nothing to save, and they end the process.
    pub fn catch() -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(true));
        let mut ends = Vec::new();
        for signal in [SIGINT, SIGTERM].into_iter().chain(hang_up()) {
            // In this order: the first exits if a signal came before, the second remembers this one.
            let end = flag::register_conditional_shutdown(signal, i32::from(STATUS), Arc::clone(&stop));
            ends.push(end.context("cannot catch signals")?);
            flag::register(signal, Arc::clone(&stop)).context("cannot catch signals")?;
        }
        // A write beyond the limit of `ulimit -f` is to fail like one to a full disk, not to kill. The flag is of no
        // interest.
        #[cfg(unix)]
        flag::register(signal_hook::consts::SIGXFSZ, Arc::default()).context("cannot catch signals")?;
        Ok(Self { stop, deferred: Cell::new(false), ends: Cell::new(ends) })
    }

    /// From now on the first signal only sets [`Interrupt::stop_flag`]. A second call does nothing, so that no signal is
    /// forgotten.
    pub fn defer_signals(&self) {
        if !self.deferred.replace(true) {
            self.stop.store(false, Ordering::Relaxed);
        }
    }

    /// From now on no signal ends the process, however many come: whoever calls this looks at [`Interrupt::stop_flag`] many
    /// times a second, and has something to clear away.
    pub fn hold_signals(&self) {
        // In this order, so that no signal is forgotten.
        self.defer_signals();
        for end in self.ends.take() {
            low_level::unregister(end);
        }
    }

    /// Whether work is to stop.
    pub fn stop_flag(&self) -> &AtomicBool {
        &self.stop
    }

    /// Whether work is to stop now.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// SIGHUP, unless it was ignored when this began, as under `nohup`: then work goes on without its terminal. Only Linux says
/// whether it was; elsewhere the signal is left as it is.
fn hang_up() -> Option<i32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    // Signals are counted from 1 in the mask.
    (ignored & 1 == 0).then_some(SIGHUP)
}
