//! The lines of a table, each of them fields.

use ::csv::{ByteRecord, Reader, ReaderBuilder, Trim};

/// Records of a text; those that are empty mean nothing.
pub(super) struct Lines<'a> {
    pub(super) delimiter: u8,
    reader: Reader<&'a [u8]>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        let delimiter = delimiter(text);
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .trim(Trim::All)
            // Counted by whoever reads, where the message can say how many there are.
            .flexible(true)
            .from_reader(text);
        Self { delimiter, reader }
    }

    pub(super) fn next(&mut self) -> Result<Option<ByteRecord>, String> {
        let mut record = ByteRecord::new();
        while self.reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
            if record.len() != 1 || !record[0].is_empty() {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

/// What separates the fields: a semicolon or a tab if the first two lines have as many, since commas may be decimal then;
/// else what the first line has.
fn delimiter(text: &[u8]) -> u8 {
    // A tab at the end of a line is no more than white space.
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next());
    let agree = |delimiter: &u8| {
        let count = occurrences(first, *delimiter);
        count > 0 && second.is_none_or(|second| occurrences(second, *delimiter) == count)
    };
    let has = |delimiter: &u8| first.contains(delimiter);
    [b';', b'\t', b','].into_iter().find(agree).or([b',', b'\t', b';'].into_iter().find(has)).unwrap_or(b',')
}

/// How often a byte stands in a line outside of quotes.
fn occurrences(line: &[u8], wanted: u8) -> usize {
    let mut is_quoted = false;
    let mut count = 0;
    for &byte in line {
        is_quoted ^= byte == b'"';
        count += usize::from(byte == wanted && !is_quoted);
    }
    count
}

/// The number of a record's line, from 1. Counted when asked for: the parser's own count stops before empty lines.
pub(super) fn line_of(record: &ByteRecord, text: &[u8]) -> usize {
    let start = record.position().map_or(0, |position| position.byte() as usize).min(text.len());
    let empty = text[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    1 + text[..start + empty].iter().filter(|&&byte| byte == b'\n').count()
}

/// Whether a record begins with a quote. The parser takes it away.
pub(super) fn is_quoted(record: &ByteRecord, text: &[u8]) -> bool {
    let start = record.position().map_or(0, |position| position.byte() as usize).min(text.len());
    text[start..].iter().find(|byte| !matches!(byte, b'\n' | b'\r')) == Some(&b'"')
}

/// Whether each field of the first record is quoted, and all else has no quotes but about the first field of a line.
pub(super) fn is_all_that_is_quoted(first: &ByteRecord, text: &[u8]) -> bool {
    if !is_quoted(first, text) {
        return false;
    }
    let mut lines =
        text.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let quotes = |line: &[u8]| line.iter().filter(|&&byte| byte == b'"').count();
    lines.next().is_some_and(|line| quotes(line) == 2 * first.len())
        && lines
            .all(|line| matches!((quotes(line), line.starts_with(b"\"")), (0, _) | (2, true)) && !line.ends_with(b"\""))
}
