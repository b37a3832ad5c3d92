//! Columns that number the rows, as programs put them before a table, and are no numbers of a point.

use super::header::is_count;
use super::table::{Table, Values};

/// Fewer rows may be numbered by chance.
const ROWS: usize = 4;

/// Leaves out a first column that counts the rows, unless it has a name: then there may be a reason for it. What may be
/// such a column and is kept is said. Returns whether one is left out.
pub(super) fn leave_out(table: &mut Table) -> bool {
    let Values::Double(values) = &mut table.values else { return false };
    let columns = table.columns;
    if columns < 2 || table.rows < ROWS {
        return false;
    }
    if let Some(names) = &table.names {
        for (name, column) in names.iter().zip(0..) {
            if counts_from(values, columns, column).is_some_and(|first| first == 0.0 || first == 1.0) {
                let note = format!("column '{name}' does no more than count the rows: --drop {name} leaves it out");
                table.notes.push(note);
            }
        }
        return false;
    }
    let note = match counts_from(values, columns, 0) {
        None => return false,
        Some(first) if is_count(&[first, first + 1.0]) => {
            let mut at = 0;
            values.retain(|_| {
                at += 1;
                (at - 1) % columns != 0
            });
            table.columns -= 1;
            "its first column counts the rows and is left out: a header with a name for it keeps it"
        }
        Some(_) => {
            "its first column rises by 1 from row to row, and is kept: \
             if it numbers the rows, give the columns names and leave it out by --drop"
        }
    };
    table.notes.push(note.into());
    table.columns < columns
}

/// The first number of a column that rises by 1 from row to row.
fn counts_from(values: &[f64], columns: usize, column: usize) -> Option<f64> {
    let numbers = || values.iter().skip(column).step_by(columns);
    numbers().zip(numbers().skip(1)).all(|(one, next)| next - one == 1.0).then(|| values[column])
}
