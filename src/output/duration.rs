//! Durations as people read them.

use std::time::Duration;

/// With as many digits as matter: `40 ms`, `0.8 s`, `46 s`, `12 min 5 s`, `3 h 20 min`.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 0.0995 => format!("{:.0} ms", seconds * 1e3),
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// What a line of progress ends in; nothing where the end is not known.
pub fn left(left: Option<Duration>) -> String {
    left.map_or_else(String::new, |left| format!("  {} left", span(left)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_as_many_digits_as_matter() {
        let spans = [
            (0.0, "0 ms"),
            (0.0994, "99 ms"),
            (0.0996, "0.1 s"),
            (9.94, "9.9 s"),
            (9.96, "10 s"),
            (59.4, "59 s"),
            (59.7, "1 min 0 s"),
        ];
        for (seconds, text) in spans.into_iter().chain([(3599.0, "59 min 59 s"), (12_000.0, "3 h 20 min")]) {
            assert_eq!(span(Duration::from_secs_f64(seconds)), text);
        }
    }
}
