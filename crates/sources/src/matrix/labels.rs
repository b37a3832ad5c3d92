//! Classes of a table's rows, from the words or numbers in one of its columns.

use std::collections::BTreeSet;

use super::header::is_missing;
use super::lines::Lines;
use super::number::number_in_any_form;
use super::table::TableLabels;

/// Classes that a map can tell apart.
const CLASSES: usize = 256;
/// What rows are called whose class is empty.
const NONE: &str = "(none)";

/// Which of these columns hold a word in some line; no more is found out once the first of them does.
pub(super) fn are_words(mut lines: Lines<'_>, columns: &[usize]) -> Vec<bool> {
    let is_word = |field: &[u8]| number_in_any_form(field).is_none() && !is_missing(field);
    let mut are_words = vec![false; columns.len()];
    // Lines that cannot be read are told of by whoever reads them for their numbers.
    while let Ok(Some(record)) = lines.next() {
        for (has_word, &column) in are_words.iter_mut().zip(columns) {
            *has_word |= column < record.len() && is_word(&record[column]);
        }
        if are_words.first() == Some(&true) {
            break;
        }
    }
    are_words
}

/// What a column of classes holds, `[rows]`; nothing where there is no such column.
#[derive(Default)]
pub(super) struct Labels(Vec<String>);

impl Labels {
    pub(super) fn push(&mut self, field: &[u8]) {
        self.0.push(String::from_utf8_lossy(field).into_owned());
    }

    /// Numbers that are classes already, or else the different words in their order. Says in `notes` what is no class.
    pub(super) fn into_classes(mut self, notes: &mut Vec<String>) -> Option<TableLabels> {
        let labels = &mut self.0;
        if labels.is_empty() {
            return None;
        }
        let empty = labels.iter_mut().filter(|label| is_empty(label)).map(|label| *label = NONE.to_owned()).count();
        if empty > 0 {
            let rows = if empty == 1 { "1 row has".to_owned() } else { format!("{empty} rows have") };
            notes.push(format!("{rows} no class, which is called '{NONE}'"));
        }
        let numbers: Option<Vec<f64>> = labels.iter().map(|label| label.parse().ok()).collect();
        if let Some(numbers) = numbers {
            if numbers.iter().any(|number| number.fract() != 0.0) {
                notes.push(
                    "its classes are numbers that are not whole, so they are none and the map shows none: \
                     call the column otherwise if it is a number of each point"
                        .into(),
                );
                return None;
            }
            if numbers.iter().all(|number| (0.0..CLASSES as f64).contains(number)) {
                let classes = numbers.into_iter().map(|number| number as u8).collect();
                return Some(TableLabels { classes, names: Vec::new() });
            }
        }
        let names: Vec<String> = labels.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
        if names.len() > CLASSES {
            notes.push(format!("its classes have more than {CLASSES} different names, so the map shows none"));
        }
        let class = |label: &String| names.binary_search(label).ok().and_then(|class| u8::try_from(class).ok());
        let classes = labels.iter().map(class).collect::<Option<Vec<u8>>>()?;
        Some(TableLabels { classes, names })
    }
}

/// pandas reads an empty field as NaN.
fn is_empty(label: &str) -> bool {
    label.is_empty() || label.eq_ignore_ascii_case("nan")
}
