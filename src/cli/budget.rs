//! A length of time as it is typed: `60s`, `2m`, `1.5h`.

use std::time::Duration;

const EXPECTED: &str = "give a time such as 60s, 2m or 1.5h";
/// A year: a longer one is a mistake.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

/// As `--time` has it; a number alone is seconds.
pub fn time(words: &str) -> Result<Duration, &'static str> {
    let words = words.trim();
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("min", 60.0), ("h", 3600.0), ("", 1.0)];
    let split = words.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(words.len());
    let (number, unit) = words.split_at(split);
    let (_, seconds) = units.into_iter().find(|(name, _)| *name == unit).ok_or(EXPECTED)?;
    let seconds = number.trim().parse::<f64>().map_err(|_| EXPECTED)? * seconds;
    if seconds > 0.0 && seconds <= LONGEST { Ok(Duration::from_secs_f64(seconds)) } else { Err(EXPECTED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units_and_nothing_else_is() {
        for (words, seconds) in
            [("60s", 60.0), ("90", 90.0), ("2m", 120.0), ("1.5h", 5400.0), ("500ms", 0.5), ("3 min", 180.0)]
        {
            assert_eq!(time(words), Ok(Duration::from_secs_f64(seconds)), "{words}");
        }
        for words in ["", "s", "0s", "-1s", "nan", "inf", "1e99h", "1d", "1m30s", "soon"] {
            assert!(time(words).is_err(), "{words}");
        }
    }
}
