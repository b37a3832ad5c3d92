//! What a long operation tells whoever waits for it.

use std::time::Duration;

/// Something worth showing.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A download begins, or goes on where an earlier one ended.
    Started {
        /// The file's name.
        file: &'a str,
        /// Where it comes from.
        url: &'a str,
        /// Bytes that are already here.
        done: u64,
        /// Bytes of the whole file.
        total: u64,
    },
    /// More bytes have come.
    Advanced {
        /// The file's name.
        file: &'a str,
        /// Bytes that are here now.
        done: u64,
        /// Bytes of the whole file.
        total: u64,
    },
    /// A file is complete and its checksum right.
    Finished {
        /// The file's name.
        file: &'a str,
    },
    /// An attempt failed and another follows.
    Retrying {
        /// The file's name.
        file: &'a str,
        /// What happened.
        why: &'a str,
        /// How long until the next attempt.
        wait: Duration,
    },
    /// A sentence for people, to be shown in plain view.
    Notice(&'a str),
}

/// Whoever wants to be told. Implemented for every `Fn(Event)`.
pub trait Progress: Sync {
    /// Is told of an event, on any thread.
    fn report(&self, event: Event<'_>);
}

impl<F: Fn(Event<'_>) + Sync> Progress for F {
    fn report(&self, event: Event<'_>) {
        self(event)
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: Event<'_>) {}
}
