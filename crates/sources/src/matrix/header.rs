//! Whether the first line of a table names its columns.

use std::cmp::Ordering;

use super::lines::Record;
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
pub(super) fn is_header(record: &Record<'_>) -> bool {
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

pub(super) fn is_missing(field: &[u8]) -> bool {
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

/// Finds out whether the first line of a table, though all of it is numbers, or all but a first name, names the columns:
/// it counts, or it rises or falls apart from the others, while the others do neither; or it alone is quoted.
pub(super) struct NumberedColumns {
    first: Vec<f64>,
    /// Counts in whole numbers, or in such numbers written with `.0`.
    is_count: bool,
    is_dotted_count: bool,
    is_even: bool,
    /// All of it is quoted, and nothing else.
    is_quoted: bool,
    /// Other lines, those of them that rise evenly too, and those that rise or fall as the first one does.
    lines: usize,
    alike: usize,
    ordered: usize,
    /// Whether a whole number stands in another line, or one written with `.0`.
    has_whole: bool,
    has_dotted: bool,
    /// The least and largest number of each column in other lines.
    ranges: Vec<(f64, f64)>,
}

impl NumberedColumns {
    /// Of a first line that may do so.
    pub(super) fn of_first(record: &Record<'_>) -> Option<Self> {
        // The column of the names of rows may be called by a word, or not at all.
        let is_named = |field: &[u8]| number_in_any_form(field).is_none() && (field.is_empty() || !is_missing(field));
        let from = usize::from(record.len() > 1 && is_named(&record[0]));
        let fields = || record.iter().skip(from);
        let first: Vec<f64> = fields().map(number).collect::<Option<_>>()?;
        let counts = is_count(&first) || first == [0.0];
        let is_even = is_even(&first);
        let is_quoted = (0..record.len()).all(|at| record.is_quoted(at));
        let is_ordered = first.len() >= EVENLY && direction(&first).is_some();
        let is_count = counts && fields().all(is_whole);
        let is_dotted_count = first.len() > 1 && counts && fields().all(is_dotted);
        let ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); first.len()];
        (is_count || is_dotted_count || is_even || is_ordered || is_quoted).then_some(Self {
            first,
            is_count,
            is_dotted_count,
            is_even,
            is_quoted,
            lines: 0,
            alike: 0,
            ordered: 0,
            has_whole: false,
            has_dotted: false,
            ranges,
        })
    }

    /// Looks at another line.
    pub(super) fn see(&mut self, record: &Record<'_>) {
        // Names of rows stand first, whether there is a name above them or not.
        let fields = || record.iter().skip(record.len().saturating_sub(self.first.len()));
        let other: Vec<f64> = fields().filter_map(number_in_any_form).collect();
        // R quotes the names of rows too.
        let unquoted = usize::from(record.len() > 1);
        self.is_quoted &= !(unquoted..record.len()).any(|at| record.is_quoted(at));
        self.lines += 1;
        self.alike += usize::from(is_count(&other) || (other.len() > 2 && rises_evenly(&other)));
        self.ordered += usize::from(direction(&other).is_some_and(|way| Some(way) == direction(&self.first)));
        self.has_whole |= fields().any(is_whole);
        self.has_dotted |= fields().any(is_dotted);
        for ((least, largest), field) in self.ranges.iter_mut().zip(fields()) {
            let Some(value) = number_in_any_form(field) else { continue };
            (*least, *largest) = (least.min(value), largest.max(value));
        }
    }

    /// What the first line does that no other does, if it is a header.
    pub(super) fn reason(&self) -> Option<&'static str> {
        let is_apart = |(value, (least, largest)): (&f64, &(f64, f64))| value < least || value > largest;
        let apart = self.first.iter().zip(&self.ranges).filter(|&pair| is_apart(pair)).count();
        let is_unlike = self.alike * ALIKE <= self.lines;
        let counts = if self.is_count {
            // Of two columns, whole numbers in other lines are points of the same kind.
            self.first.len() > 2 || !self.has_whole
        } else {
            (self.is_dotted_count && !self.has_dotted) || (self.is_even && 2 * apart > self.first.len())
        };
        if self.lines >= LINES && is_unlike && counts {
            return Some("rises evenly, as no other does,");
        }
        if self.is_quoted && self.lines > 0 {
            return Some("is quoted, as no other is,");
        }
        if self.lines < LINES
            || self.first.len() < EVENLY
            || apart < self.first.len()
            || self.ordered * ALIKE > self.lines
        {
            return None;
        }
        direction(&self.first).map(|way| match way {
            Ordering::Less => "rises apart from all others",
            _ => "falls apart from all others",
        })
    }
}

/// Whether numbers rise (`Less`) or fall (`Greater`) from each to the next.
fn direction(numbers: &[f64]) -> Option<Ordering> {
    let way = numbers.first()?.partial_cmp(numbers.get(1)?)?;
    (way.is_ne() && numbers.windows(2).all(|pair| pair[0].partial_cmp(&pair[1]) == Some(way))).then_some(way)
}

/// A whole number that is written as a fraction, `1.0`.
fn is_dotted(field: &[u8]) -> bool {
    field.strip_suffix(b".0").is_some_and(is_whole)
}

/// 0, 1, 2 … or 1, 2, 3 …
pub(super) fn is_count(numbers: &[f64]) -> bool {
    let first = numbers.first().copied();
    numbers.len() > 1
        && (first == Some(0.0) || first == Some(1.0))
        && numbers.windows(2).all(|pair| pair[1] - pair[0] == 1.0)
}

/// A header's fields as text.
pub(super) fn names(record: &Record<'_>) -> Vec<String> {
    record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect()
}
