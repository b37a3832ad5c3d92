//! The lines of a table, each of them fields.

use std::borrow::Cow;
use std::ops::Index;

/// What separates the fields of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// Each of these bytes.
    Byte(u8),
    /// One or several spaces or tabs.
    Blanks,
}

impl Separator {
    pub(super) fn is_comma(self) -> bool {
        self == Self::Byte(b',')
    }

    fn is(self, byte: u8) -> bool {
        match self {
            Self::Byte(separator) => byte == separator,
            Self::Blanks => matches!(byte, b' ' | b'\t'),
        }
    }
}

/// A line, or several if quotes hold their ends. White space around fields is no part of them.
#[derive(Clone, Debug)]
pub(super) struct Record<'a> {
    /// The number of its first line, from 1.
    pub(super) line: usize,
    fields: Vec<Field<'a>>,
}

#[derive(Clone, Debug)]
struct Field<'a> {
    text: Cow<'a, [u8]>,
    is_quoted: bool,
}

impl Record<'_> {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().map(|field| &*field.text)
    }

    pub(super) fn is_quoted(&self, at: usize) -> bool {
        self.fields.get(at).is_some_and(|field| field.is_quoted)
    }

    /// Its fields but for the empty ones at its end.
    pub(super) fn filled(&self) -> usize {
        self.fields.iter().rposition(|field| !field.text.is_empty()).map_or(0, |last| last + 1)
    }
}

impl Index<usize> for Record<'_> {
    type Output = [u8];

    fn index(&self, at: usize) -> &[u8] {
        &self.fields[at].text
    }
}

/// Whether a line is one, or the first of several: tabs before the sign may separate fields.
pub(super) fn is_comment(line: &[u8]) -> bool {
    line.iter().find(|&&byte| byte != b' ') == Some(&b'#')
}

/// Records of a text. Those without anything in them mean nothing, nor do comments: lines that begin with `#`.
#[derive(Clone)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    /// The number of the line at which the rest begins, from 1.
    line: usize,
    separator: Separator,
    /// Fields beyond these are left out.
    width: usize,
    /// Comments that have been passed.
    pub(super) comments: usize,
    /// Lines of separators alone that have been passed.
    pub(super) hollow: usize,
}

impl<'a> Lines<'a> {
    /// Of a text that begins at this line.
    pub(super) fn new(text: &'a [u8], line: usize, separator: Separator, width: usize) -> Self {
        Self { rest: text, line, separator, width, comments: 0, hollow: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Option<Record<'a>>, String> {
        while !self.rest.is_empty() {
            if is_comment(self.rest) {
                let end = self.rest.iter().position(|&byte| is_end(byte)).unwrap_or(self.rest.len());
                self.rest = &self.rest[end..];
                self.pass_end();
                self.comments += 1;
                continue;
            }
            let mut record = self.record()?;
            if record.filled() > 0 {
                record.fields.truncate(self.width);
                return Ok(Some(record));
            }
            self.hollow += usize::from(record.len() > 1);
        }
        Ok(None)
    }

    fn record(&mut self) -> Result<Record<'a>, String> {
        let mut record = Record { line: self.line, fields: Vec::new() };
        loop {
            record.fields.push(self.field()?);
            match self.rest.first() {
                Some(&byte) if !is_end(byte) => self.rest = &self.rest[1..],
                _ => break,
            }
        }
        self.pass_end();
        // Blanks at the end of a line separate nothing.
        if self.separator == Separator::Blanks && record.len() > 1 {
            record.fields.pop_if(|last| last.text.is_empty() && !last.is_quoted);
        }
        Ok(record)
    }

    /// The next field, behind which the rest begins with a separator or the end of a line, if with anything.
    fn field(&mut self) -> Result<Field<'a>, String> {
        let is_blank = |byte: &u8| *byte == b' ' || (*byte == b'\t' && self.separator != Separator::Byte(b'\t'));
        let blanks = self.rest.iter().take_while(|byte| is_blank(byte)).count();
        self.rest = &self.rest[blanks..];
        let is_quoted = self.rest.first() == Some(&b'"');
        let mut text = if is_quoted { self.quoted()? } else { Cow::Borrowed(&[][..]) };
        let end = self.rest.iter().position(|&byte| self.separator.is(byte) || is_end(byte));
        let (unquoted, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        if text.is_empty() {
            text = Cow::Borrowed(unquoted);
        } else if !unquoted.trim_ascii().is_empty() {
            text.to_mut().extend_from_slice(unquoted);
        }
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
            Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_vec()),
        };
        Ok(Field { text, is_quoted })
    }

    /// What stands in the quotes with which the rest begins.
    fn quoted(&mut self) -> Result<Cow<'a, [u8]>, String> {
        let opened = self.line;
        let mut text = Cow::Borrowed(&[][..]);
        loop {
            self.rest = &self.rest[1..];
            let Some(end) = self.rest.iter().position(|&byte| byte == b'"') else {
                return Err(format!("the quote that opens in line {opened} never closes"));
            };
            let (more, rest) = self.rest.split_at(end);
            self.line += ends(more);
            self.rest = &rest[1..];
            if text.is_empty() {
                text = Cow::Borrowed(more);
            } else {
                text.to_mut().extend_from_slice(more);
            }
            if self.rest.first() != Some(&b'"') {
                return Ok(text);
            }
            // Two stand for one.
            text.to_mut().push(b'"');
        }
    }

    /// Goes on behind the end of a line with which the rest begins, if with anything.
    fn pass_end(&mut self) {
        let length = if self.rest.starts_with(b"\r\n") { 2 } else { self.rest.len().min(1) };
        self.rest = &self.rest[length..];
        self.line += 1;
    }
}

/// A line ends with a line feed, a carriage return, or the latter and the former.
pub(super) fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// How many lines end in a text.
pub(super) fn ends(text: &[u8]) -> usize {
    let both = text.windows(2).filter(|pair| pair == b"\r\n").count();
    text.iter().filter(|&&byte| is_end(byte)).count() - both
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of each record with its fields.
    fn records(text: &str, separator: Separator) -> Vec<(usize, Vec<String>)> {
        let mut lines = Lines::new(text.as_bytes(), 1, separator, usize::MAX);
        std::iter::from_fn(|| lines.next().unwrap())
            .map(|record| (record.line, record.iter().map(|field| String::from_utf8_lossy(field).into()).collect()))
            .collect()
    }

    fn expected(lines: &[(usize, &[&str])]) -> Vec<(usize, Vec<String>)> {
        lines.iter().map(|(line, fields)| (*line, fields.iter().map(|&field| field.to_owned()).collect())).collect()
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r", "\r\n"] {
            let text = ["a,b", "", "# c,d", ",", "\"1", "2\",3", "4,5"].join(end);
            let within = format!("1{end}2");
            let expected = expected(&[(1, &["a", "b"]), (5, &[&within, "3"]), (7, &["4", "5"])]);
            assert_eq!(records(&text, Separator::Byte(b',')), expected, "{text:?}");
        }
    }

    #[test]
    fn quotes_hold_separators_and_quotes() {
        let text = "\"a, b\", \"c\"\"d\" ,e\"f\n\"\",\"\"\"\",\"g\"h\n";
        let expected = expected(&[(1, &["a, b", "c\"d", "e\"f"]), (2, &["", "\"", "gh"])]);
        assert_eq!(records(text, Separator::Byte(b',')), expected);
        assert_eq!(records("\"a,b\",\"\"\"\"\"c\"", Separator::Byte(b','))[0].1, ["a,b", "\"\"c"]);
    }

    #[test]
    fn any_number_of_blanks_separates() {
        let text = "  1  -2 \t 3 \n\n \"a b\" c  \"\"\n";
        assert_eq!(records(text, Separator::Blanks), expected(&[(1, &["1", "-2", "3"]), (3, &["a b", "c", ""])]));
    }
}
