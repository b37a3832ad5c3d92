//! Numbers as text, with a decimal point or, where commas do not separate, a decimal comma.

use std::str;

use super::lines::Separator;

/// What to do where numbers may have been taken apart at their commas.
pub(super) const DECIMAL_COMMAS: &str = "if its commas are decimal, separate by semicolons";
/// Whole numbers of so many characters are held by f64.
const EXACT: usize = 15;

/// Reads the numbers of a table, which all have the same decimal sign.
pub(super) struct Numbers {
    /// Commas separate no fields, so they may be decimal.
    may_have_commas: bool,
    /// The first lines with either.
    comma: Option<usize>,
    point: Option<usize>,
    /// Points may part thousands: people who do so separate fields by semicolons.
    may_have_thousands: bool,
    /// Whether a decimal sign stands where none that parts thousands does, so that none of them does.
    has_fraction: bool,
    is_rounded: bool,
    /// The first whole number that begins with a needless zero.
    padded: Option<String>,
}

impl Numbers {
    pub(super) fn new(separator: Separator) -> Self {
        Self {
            may_have_commas: !separator.is_comma(),
            comma: None,
            point: None,
            may_have_thousands: separator == Separator::Byte(b';'),
            has_fraction: false,
            is_rounded: false,
            padded: None,
        }
    }

    /// A number, or `None` if it is none.
    pub(super) fn read(&mut self, field: &[u8], line: usize) -> Result<Option<f64>, String> {
        let Some(value) = number(field) else { return self.read_comma(field, line) };
        if field.contains(&b'.') {
            self.has_fraction |= !may_be_thousands(field, b'.');
            if self.point.is_none() {
                self.point = Some(line);
                self.check_signs()?;
            }
        }
        if self.padded.is_none() && field.len() > 1 && field[0] == b'0' && is_whole(field) {
            self.padded = Some(String::from_utf8_lossy(field).into_owned());
        }
        self.is_rounded |= field.len() > EXACT && is_whole_and_rounded(field, value);
        Ok(Some(value))
    }

    fn read_comma(&mut self, field: &[u8], line: usize) -> Result<Option<f64>, String> {
        let value = if self.may_have_commas { number_with_comma(field) } else { None };
        self.has_fraction |= value.is_some() && !may_be_thousands(field, b',');
        if value.is_some() && self.comma.is_none() {
            self.comma = Some(line);
            self.check_signs()?;
        }
        Ok(value)
    }

    fn check_signs(&self) -> Result<(), String> {
        match (self.comma, self.point) {
            (Some(comma), Some(point)) => {
                Err(format!("line {comma} has a decimal comma and line {point} a decimal point: write all in one way"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the file may have parted numbers at commas that are decimal.
    pub(super) fn may_be_halves(&self) -> bool {
        !self.may_have_commas && self.point.is_none()
    }

    /// What there is to say about these numbers.
    pub(super) fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.is_rounded {
            notes.push("it has whole numbers beyond 2^53, which are rounded".into());
        }
        if self.comma.is_some() {
            let doubt =
                if self.has_fraction { "" } else { ", not for signs of thousands, though three digits follow each" };
            notes.push(format!("commas within its numbers are taken for decimal points{doubt}"));
        }
        if self.point.is_some() && self.may_have_thousands && !self.has_fraction {
            notes.push(
                "points within its numbers are taken for decimal points, not for signs of thousands, \
                 though three digits follow each"
                    .into(),
            );
        }
        // Halves of numbers as 1,05 look like that.
        let may_be_halves = self.may_be_halves();
        if let Some(padded) = self.padded.filter(|_| may_be_halves) {
            notes.push(format!("it has no decimal points, but numbers as {padded}: {DECIMAL_COMMAS}"));
        }
        notes
    }
}

/// A number with a decimal point or none.
pub(super) fn number(field: &[u8]) -> Option<f64> {
    str::from_utf8(field).ok()?.parse().ok()
}

/// A whole number without a decimal sign.
pub(super) fn is_whole(field: &[u8]) -> bool {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// A number with a decimal comma.
pub(super) fn number_with_comma(field: &[u8]) -> Option<f64> {
    let is_sound = !field.contains(&b'.') && field.iter().filter(|&&byte| byte == b',').count() == 1;
    let field: Vec<u8> = field.iter().map(|&byte| if byte == b',' { b'.' } else { byte }).collect();
    if is_sound { number(&field) } else { None }
}

/// Whether a decimal sign may part thousands: one to three digits, of which the first is not 0, stand before it, three behind.
fn may_be_thousands(field: &[u8], sign: u8) -> bool {
    let field = field.strip_prefix(b"-").unwrap_or(field);
    let sign = field.iter().position(|&byte| byte == sign).unwrap_or(field.len());
    (1..=3).contains(&sign)
        && field[0] != b'0'
        && field.len() == sign + 4
        && field[..sign].iter().chain(&field[sign + 1..]).all(u8::is_ascii_digit)
}

/// Whether signs of thousands alone make something else of a number, as in `1.234,5` or `1'000`.
pub(super) fn is_parted(field: &[u8]) -> bool {
    let digits: Vec<u8> = field.iter().copied().filter(|byte| !matches!(byte, b'.' | b',' | b'\'')).collect();
    digits.len() < field.len() && is_whole(&digits)
}

/// A number with either.
pub(super) fn number_in_any_form(field: &[u8]) -> Option<f64> {
    number(field).or_else(|| number_with_comma(field))
}

/// A whole number without a decimal sign, as far as it can be told.
pub(super) fn whole(field: &[u8]) -> Option<i128> {
    str::from_utf8(field).ok()?.parse().ok()
}

fn is_whole_and_rounded(field: &[u8], value: f64) -> bool {
    whole(field).is_some_and(|whole| whole != value as i128)
}
