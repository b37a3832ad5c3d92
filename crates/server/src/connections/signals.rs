//! What the operating system asks of a server.

use std::io;

/// What it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGHUP: load the models again.
    Reload,
    /// SIGTERM or Ctrl-C: end.
    End,
}

#[cfg(unix)]
pub(crate) use unix::Signals;

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Signal, io};

    /// Signals as they come.
    pub(crate) struct Signals {
        terminate: Stream,
        interrupt: Stream,
        hang_up: Stream,
    }

    impl Signals {
        /// Catches them from now on.
        pub(crate) fn catch() -> io::Result<Self> {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hang_up: signal(SignalKind::hangup())?,
            })
        }

        pub(crate) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.terminate.recv() => Signal::End,
                _ = self.interrupt.recv() => Signal::End,
                _ = self.hang_up.recv() => Signal::Reload,
            }
        }
    }
}

/// Ctrl-C, which is all there is elsewhere.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::End,
            Err(_) => std::future::pending().await,
        }
    }
}
