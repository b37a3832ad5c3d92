//! Numbers as text, a point on each line.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::Matrix;
use crate::error::Error;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// So many characters are shown of what stands where a number should.
const SHOWN: usize = 40;

pub(super) fn read(mut file: File, stored: u64, path: &Path) -> Result<Matrix, Error> {
    let mut text = Vec::new();
    usize::try_from(stored)
        .ok()
        .and_then(|stored| text.try_reserve_exact(stored).ok())
        .ok_or_else(|| Error::matrix(path, "it does not fit into memory"))?;
    file.read_to_end(&mut text).map_err(|source| Error::io("read", path, source))?;
    parse(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text)).map_err(|why| Error::matrix(path, why))
}

fn parse(text: &[u8]) -> Result<Matrix, String> {
    let mut lines = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter(text))
        .trim(Trim::All)
        // Counted below, where the message can say how many there are.
        .flexible(true)
        .from_reader(text);
    let mut record = ByteRecord::new();
    let mut values = Vec::new();
    // Its line and how many fields it has.
    let mut first = None;
    while lines.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        if record.len() == 1 && record[0].is_empty() {
            continue;
        }
        let is_first = first.is_none();
        let (first_line, columns) = *first.get_or_insert_with(|| (line_of(&record, text), record.len()));
        if record.len() != columns {
            let line = line_of(&record, text);
            return Err(format!("line {line} has {}, where line {first_line} has {columns}", fields(record.len())));
        }
        if is_first && is_header(&record) {
            continue;
        }
        for (column, field) in record.iter().enumerate() {
            let Some(value) = number(field) else {
                let (line, column) = (line_of(&record, text), column + 1);
                return Err(format!("line {line}, column {column} {}", description(field)));
            };
            values.push(value);
        }
    }
    let Some((line, columns)) = first else { return Err("it is empty".into()) };
    if values.is_empty() {
        return Err(format!("nothing follows line {line}, which is a header, since most of it are no numbers"));
    }
    Ok(Matrix { rows: values.len() / columns, columns, values })
}

/// What separates the fields: the first line that is not empty tells.
fn delimiter(text: &[u8]) -> u8 {
    let first = text.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    // A tab at the end of a line is no more than white space.
    [b',', b'\t', b';'].into_iter().find(|delimiter| first.trim_ascii().contains(delimiter)).unwrap_or(b',')
}

/// Whether a line names columns: at most half of its fields are numbers. If it were more, one that is none is a slip.
fn is_header(record: &ByteRecord) -> bool {
    let numbers = record.iter().filter(|field| number(field).is_some()).count();
    numbers < record.len() && 2 * numbers <= record.len()
}

fn number(field: &[u8]) -> Option<f32> {
    str::from_utf8(field).ok()?.parse().ok()
}

/// The number of a record's line, from 1. Counted when asked for: the parser's own count stops before empty lines.
fn line_of(record: &ByteRecord, text: &[u8]) -> usize {
    let start = record.position().map_or(0, |position| position.byte() as usize).min(text.len());
    let empty = text[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    1 + text[..start + empty].iter().filter(|&&byte| byte == b'\n').count()
}

fn fields(count: usize) -> String {
    if count == 1 { "1 field".into() } else { format!("{count} fields") }
}

/// What stands where a number should.
fn description(field: &[u8]) -> String {
    if field.is_empty() {
        return "is empty".into();
    }
    let text = String::from_utf8_lossy(field);
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("is '{shown}{more}', which is no number")
}
