//! Numbers as text, a point on each line.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::columns::{Role, Wanted, roles};
use super::counts;
use super::header::{NumberedColumns, is_header, names};
use super::labels::{self, Labels};
use super::layout::Layout;
use super::lines::{Record, ends};
use super::number::{DECIMAL_COMMAS, Numbers, is_parted, is_whole, number_with_comma};
use super::row_names;
use super::table::{Table, Values};
use super::text::decoded;
use crate::error::{Error, one_line};
use crate::file_kind::FileKind;

/// So many characters are shown of what stands where a number should.
const SHOWN: usize = 40;
/// What to do with a file of another program.
const SAVE: &str = "save it as CSV";
/// What may have come of a line that has too many fields.
const HALVES: &str = " (if commas are decimal, write points, or separate by semicolons)";

pub(super) fn read(mut file: File, stored: u64, path: &Path, wanted: Wanted<'_>) -> Result<Table, Error> {
    let mut text = Vec::new();
    usize::try_from(stored)
        .ok()
        .and_then(|stored| text.try_reserve_exact(stored).ok())
        .ok_or_else(|| Error::matrix(path, "it does not fit into memory"))?;
    file.read_to_end(&mut text).map_err(|source| Error::io("read", path, source))?;
    if let Some(kind) = FileKind::of(&text) {
        return Err(another_kind(kind, path));
    }
    let text = decoded(text);
    if let Some(zero) = text.iter().position(|&byte| byte == 0) {
        let why = format!("line {} has a zero byte, so it is no text", 1 + ends(&text[..zero]));
        return Err(Error::Matrix { path: path.to_owned(), why, remedy: SAVE });
    }
    parse(&text, wanted).map_err(|flaw| match flaw {
        Flaw::Format(why) => Error::matrix(path, why),
        Flaw::Columns(why) => Error::Columns { path: path.to_owned(), why: one_line(why) },
    })
}

/// What is wrong with a file that is none of text.
fn another_kind(kind: FileKind, path: &Path) -> Error {
    let (name, remedy) = match kind {
        FileKind::Zip => ("a zip archive, as an .xlsx file is", SAVE),
        FileKind::NumpyArray => ("a NumPy array", "give its name the ending .npy"),
        FileKind::OldWorkbook | FileKind::Hdf5 | FileKind::Parquet => (kind.name(), SAVE),
        FileKind::Gzip | FileKind::Compressed => (kind.name(), "unpack it"),
        FileKind::LfsPointer => (kind.name(), "fetch that with `git lfs pull`"),
        FileKind::WebPage => (kind.name(), "fetch the file itself"),
    };
    Error::Matrix { path: path.to_owned(), why: format!("it is {name}"), remedy }
}

/// Why a table cannot be read.
enum Flaw {
    /// It is none.
    Format(String),
    /// It has not the columns that are wanted.
    Columns(String),
}

impl From<String> for Flaw {
    fn from(why: String) -> Self {
        Flaw::Format(why)
    }
}

fn parse(text: &[u8], wanted: Wanted<'_>) -> Result<Table, Flaw> {
    let mut notes = Vec::new();
    let layout = Layout::of(text, &mut notes)?;
    let mut lines = layout.lines();
    let Some(first) = lines.next()? else { return Err(nothing_in(&layout).into()) };
    let mut first_line = first.line;
    let (mut header, is_comment) = header(&first, &layout, wanted, &mut notes)?;
    let comments = layout.comments - usize::from(is_comment);
    match comments {
        0 => {}
        1 => notes.push("1 line begins with '#' and is left out as a comment".into()),
        _ => notes.push(format!("{comments} lines begin with '#' and are left out as comments")),
    }
    let from_first_row = if header.is_none() || is_comment { layout.lines() } else { lines };
    let mut lines = from_first_row.clone();
    let mut record = lines.next()?;
    let mut has_counted_names = false;
    if let (Some(names), Some(second), Wanted::Points(_)) = (&mut header, &record, wanted)
        && second.len() == names.len() + 1
        && row_names::stand_before_rows(layout.lines())?
    {
        // R writes no name above the names of rows.
        names.insert(0, String::new());
        has_counted_names = !second.is_quoted(0) && is_whole(&second[0]);
        first_line = second.line;
    }
    let columns = header.as_ref().map_or(first.len(), Vec::len);
    let are_words = |columns: &[usize]| labels::are_words(from_first_row.clone(), columns);
    let roles = roles(header.as_deref(), columns, wanted, are_words, &mut notes).map_err(Flaw::Columns)?;
    let (mut numbers, mut values, mut labels) = (Numbers::new(layout.separator), Vec::new(), Labels::default());
    let mut rows = 0;
    while let Some(now) = record {
        if now.len() != columns {
            let line = now.line;
            let hint = if layout.separator.is_comma() && may_be_halves(&now, columns) { HALVES } else { "" };
            let found = fields(now.len());
            return Err(format!("line {line} has {found}, where line {first_line} has {columns}{hint}").into());
        }
        for (column, (field, role)) in now.iter().zip(&roles).enumerate() {
            match role {
                Role::Left => {}
                Role::Label => labels.push(field),
                Role::Number => match numbers.read(field, now.line)? {
                    Some(value) => values.push(value),
                    None => {
                        let (line, column) = (now.line, column + 1);
                        return Err(format!(
                            "line {line}, column {column} {}",
                            description(field, header.is_some(), wanted)
                        )
                        .into());
                    }
                },
            }
        }
        rows += 1;
        record = lines.next()?;
    }
    if rows == 0 {
        let but = if comments > 0 { ", but comments, lines that begin with '#'" } else { "" };
        return Err(format!(
            "nothing follows line {first_line}, which is a header, since most of it are no numbers{but}"
        )
        .into());
    }
    // A column of numbers that count may be what stands before decimal commas.
    let may_be_halves = columns == 2 && numbers.may_be_halves();
    let mut is_count_left_out = has_counted_names;
    notes.extend(numbers.notes());
    let columns = values.len() / rows;
    let mut table = Table::new(rows, columns, Values::Double(values));
    let is_kept = |(name, role): (String, &Role)| (*role == Role::Number).then_some(name);
    table.names = header.map(|names| names.into_iter().zip(&roles).filter_map(is_kept).collect());
    table.notes = notes;
    table.labels = labels.into_classes(&mut table.notes);
    if let Wanted::Points(_) = wanted {
        is_count_left_out |= counts::leave_out(&mut table);
    }
    if may_be_halves && is_count_left_out {
        table.notes.push(format!("two whole numbers are on each of its lines: {DECIMAL_COMMAS}"));
    }
    Ok(table)
}

/// What the first line calls the columns, if it is a header, or else a comment before it, and whether that does.
fn header(
    first: &Record<'_>,
    layout: &Layout<'_>,
    wanted: Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<(Option<Vec<String>>, bool), String> {
    if matches!(wanted, Wanted::Points(options) if options.no_header) {
        return Ok((None, false));
    }
    if is_header(first) {
        return Ok((Some(names(first)), false));
    }
    if let Some(names) = layout.commented_names(first.len()) {
        return Ok((Some(names), true));
    }
    if !matches!(wanted, Wanted::Points(_)) {
        return Ok((None, false));
    }
    let Some(reason) = numbers_columns(first, layout)? else { return Ok((None, false)) };
    let line = first.line;
    notes.push(format!("line {line} {reason} and is taken for a header: --no-header makes it a point"));
    Ok((Some(names(first)), false))
}

/// Why the first line numbers the columns, if it does.
fn numbers_columns(first: &Record<'_>, layout: &Layout<'_>) -> Result<Option<&'static str>, String> {
    let Some(mut columns) = NumberedColumns::of_first(first) else { return Ok(None) };
    let mut lines = layout.lines();
    lines.next()?;
    while let Some(record) = lines.next()? {
        columns.see(&record);
    }
    Ok(columns.reason())
}

/// What is wrong with a text without lines that mean something.
fn nothing_in(layout: &Layout<'_>) -> String {
    if layout.comments > 0 { "it has comments alone, lines that begin with '#'".into() } else { "it is empty".into() }
}

/// Whether numbers with decimal commas may have become more fields than there are columns.
fn may_be_halves(record: &Record<'_>, columns: usize) -> bool {
    record.len() > columns && record.iter().all(is_whole)
}

fn fields(count: usize) -> String {
    if count == 1 { "1 field".into() } else { format!("{count} fields") }
}

/// What stands where a number should.
fn description(field: &[u8], has_names: bool, wanted: Wanted<'_>) -> String {
    let what = if field.is_empty() {
        "is empty".to_owned()
    } else {
        let text = String::from_utf8_lossy(field);
        let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
        let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
        format!("is '{shown}{more}', which is no number")
    };
    let advice = match wanted {
        _ if number_with_comma(field).is_some() => " (write decimal points, or separate by semicolons)",
        _ if is_parted(field) => " (leave signs of thousands out)",
        Wanted::Points(_) if has_names => " (--drop NAME leaves a column out)",
        Wanted::Points(_) => " (where a header names the columns, --drop NAME leaves one out)",
        Wanted::All | Wanted::Map => "",
    };
    what + advice
}
