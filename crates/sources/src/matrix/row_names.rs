//! Names of rows above which a header has no name, as R writes them.

use super::lines::Lines;
use super::number::{number_in_any_form, whole};

/// Whether the first field of each line but the first names a row: it is quoted or a word, or all of them count from 1.
/// Other numbers may be halves of numbers with decimal commas.
pub(super) fn stand_before_rows(mut lines: Lines<'_>) -> Result<bool, String> {
    lines.next()?;
    let (mut rows, mut words, mut counting) = (0, 0, 0);
    while let Some(record) = lines.next()? {
        rows += 1;
        let is_word = number_in_any_form(&record[0]).is_none() && !record[0].is_empty();
        words += usize::from(is_word || record.is_quoted(0));
        counting += usize::from(whole(&record[0]) == Some(rows as i128));
    }
    Ok(words == rows || counting == rows)
}
