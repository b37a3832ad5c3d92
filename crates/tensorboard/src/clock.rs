//! The time that events carry.

use std::time::SystemTime;

/// What a clock on the wall shows now; 0 where that is before 1970.
pub(crate) fn seconds_since_1970() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
