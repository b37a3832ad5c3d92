//! How many connections the system lets this process have.

/// Descriptors for everything else.
#[cfg(unix)]
const OTHERS: u64 = 64;

/// Asks for as many descriptors as so many connections need; says how many connections there can be.
#[cfg(unix)]
pub(crate) fn connections(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = wanted as u64 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    let had = limit.current.unwrap_or(u64::MAX);
    if had >= needed {
        return wanted;
    }
    let most = limit.maximum.unwrap_or(u64::MAX).min(needed);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum });
    let has = if raised.is_ok() { most } else { had };
    usize::try_from(has.saturating_sub(OTHERS)).unwrap_or(usize::MAX).clamp(1, wanted)
}

/// Elsewhere the system has no such limit.
#[cfg(not(unix))]
pub(crate) fn connections(wanted: usize) -> usize {
    wanted
}
