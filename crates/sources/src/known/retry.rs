//! How much trouble a download puts up with.

use std::time::Duration;

/// How long a download waits, and how often it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Longest time to look up an address and, again, to connect to it.
    pub connect: Duration,
    /// Longest time without a byte.
    pub stall: Duration,
    /// Fewest bytes per second over such a time: less is a stall too.
    pub slowest: u64,
    /// Attempts at each address.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles before each further one.
    pub pause: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            stall: Duration::from_secs(15),
            slowest: 1000,
            attempts: 5,
            pause: Duration::from_millis(500),
        }
    }
}
