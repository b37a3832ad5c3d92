//! Whether the first line of a table names its columns.

use ::csv::ByteRecord;

use super::number::{is_whole, number, number_in_any_form};

/// What stands where a number is missing, in any case.
const MISSING: [&str; 9] = ["", "na", "n/a", "#n/a", "null", "none", "?", "-", "."];
/// Fewer columns that rise evenly mean nothing, unless they count from 0 or 1.
const EVENLY: usize = 4;
/// Fewer other lines tell nothing about the first one, and are no map without it.
const LINES: usize = 4;
/// Lines of which one may rise evenly by chance.
const ALIKE: usize = 10;

/// Whether a line names columns.
///
/// Something in it is a word, and at most half of its fields are numbers; if it were more, the word is a slip. Or those
/// that are numbers count or rise evenly, as where pandas or a spectrometer names columns.
pub(super) fn is_header(record: &ByteRecord) -> bool {
    let numbers: Vec<f64> = record.iter().filter_map(number_in_any_form).collect();
    if numbers.len() == record.len() {
        return false;
    }
    let has_word = record.iter().any(|field| number_in_any_form(field).is_none() && !is_missing(field));
    // Above the names of rows there may be none; a value that is missing elsewhere is one of a point.
    let has_nameless_first = numbers.len() + 1 == record.len() && record[0].is_empty();
    (is_count(&numbers) && (has_word || has_nameless_first))
        || (has_word && (2 * numbers.len() <= record.len() || is_even(&numbers)))
}

fn is_missing(field: &[u8]) -> bool {
    MISSING.iter().any(|missing| missing.as_bytes().eq_ignore_ascii_case(field))
}

/// Whether numbers rise evenly as years or wavelengths do, so that a line of them may be a header.
fn is_even(numbers: &[f64]) -> bool {
    rises_evenly(numbers) && (numbers.len() >= EVENLY || (numbers.len() > 2 && numbers[1] - numbers[0] == 1.0))
}

fn rises_evenly(numbers: &[f64]) -> bool {
    let step = numbers.get(1).map_or(0.0, |second| second - numbers[0]);
    step > 0.0 && numbers.windows(2).all(|pair| (pair[1] - pair[0] - step).abs() <= 1e-6 * step)
}

/// Finds out whether the first line of a table, though all of it is numbers, names the columns: it counts, or it rises
/// evenly and lies apart from the others, while the others do neither.
pub(super) struct NumberedColumns {
    first: Vec<f64>,
    is_count: bool,
    /// Other lines, and those of them that rise evenly too.
    lines: usize,
    alike: usize,
    /// Whether a whole number stands in another line.
    has_whole: bool,
    /// The least and largest number of each column in other lines.
    ranges: Vec<(f64, f64)>,
}

impl NumberedColumns {
    /// Of a first line that may do so.
    pub(super) fn of_first(record: &ByteRecord) -> Option<Self> {
        let first = numbers(record)?;
        let is_count = record.iter().all(is_whole) && (is_count(&first) || first == [0.0]);
        let ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); first.len()];
        (is_count || is_even(&first)).then_some(Self { first, is_count, lines: 0, alike: 0, has_whole: false, ranges })
    }

    /// Looks at another line.
    pub(super) fn see(&mut self, record: &ByteRecord) {
        let other: Vec<f64> = record.iter().filter_map(number_in_any_form).collect();
        self.lines += 1;
        self.alike += usize::from(is_count(&other) || (other.len() > 2 && rises_evenly(&other)));
        self.has_whole |= record.iter().any(is_whole);
        for ((least, largest), value) in self.ranges.iter_mut().zip(other) {
            (*least, *largest) = (least.min(value), largest.max(value));
        }
    }

    /// What comes of all lines.
    pub(super) fn is_header(&self) -> bool {
        if self.lines < LINES || self.alike * ALIKE > self.lines {
            return false;
        }
        if self.is_count {
            // Of two columns, whole numbers in other lines are points of the same kind.
            return self.first.len() > 2 || !self.has_whole;
        }
        let is_apart = |(value, (least, largest)): (&f64, &(f64, f64))| value < least || value > largest;
        2 * self.first.iter().zip(&self.ranges).filter(|&pair| is_apart(pair)).count() > self.first.len()
    }
}

/// All fields of a line as numbers, if they are.
fn numbers(record: &ByteRecord) -> Option<Vec<f64>> {
    record.iter().map(number).collect()
}

/// 0, 1, 2 … or 1, 2, 3 …
pub(super) fn is_count(numbers: &[f64]) -> bool {
    let first = numbers.first().copied();
    numbers.len() > 1
        && (first == Some(0.0) || first == Some(1.0))
        && numbers.windows(2).all(|pair| pair[1] - pair[0] == 1.0)
}

/// A header's fields as text.
pub(super) fn names(record: &ByteRecord) -> Vec<String> {
    record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect()
}
