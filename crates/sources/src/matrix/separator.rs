//! What separates the fields of a table: what its first line names, or what its first two lines agree on.

use super::lines::{Lines, Record, Separator, is_end};
use super::number::number_in_any_form;

/// Before commas those beside which commas may be decimal.
const BYTES: [u8; 4] = [b';', b'\t', b'|', b','];
/// The same, where neither line tells.
const LIKELY: [u8; 4] = [b',', b'\t', b';', b'|'];

/// What a first line `sep=;` names, as Excel understands it, and what follows that line.
pub(super) fn named(text: &[u8]) -> Option<(Separator, &[u8])> {
    let end = text.iter().position(|&byte| is_end(byte)).unwrap_or(text.len());
    let (line, rest) = text.split_at(end);
    let rest = rest.strip_prefix(b"\r\n").unwrap_or(rest.get(1..).unwrap_or_default());
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (key, value) = line.split_at_checked(4)?;
    let (&separator, behind) = value.split_first()?;
    // A program that saves the table again may quote the line and fill it up.
    let is_alone = behind.iter().all(|&byte| byte == b'"' || byte == separator || byte.is_ascii_whitespace());
    if !key.eq_ignore_ascii_case(b"sep=") || !is_alone || separator.is_ascii_alphanumeric() || !separator.is_ascii() {
        return None;
    }
    Some((if separator == b' ' { Separator::Blanks } else { Separator::Byte(separator) }, rest))
}

/// What the first two lines have in the same number; else what makes numbers of one of them; else what the first one has.
pub(super) fn found(text: &[u8]) -> Separator {
    let bytes = BYTES.map(|byte| FirstLines::of(text, Separator::Byte(byte)));
    let blanks = FirstLines::of(text, Separator::Blanks);
    let is_tabbed = bytes.iter().any(|lines| lines.separator == Separator::Byte(b'\t') && lines.separate());
    // Commas within them are decimal then.
    if !is_tabbed && blanks.first() > 1 && blanks.have_numbers() {
        return Separator::Blanks;
    }
    if let Some(lines) = bytes.iter().find(|lines| lines.agree()) {
        return lines.separator;
    }
    if blanks.agree_but_for_a_name() && !bytes.iter().any(FirstLines::separate) {
        return Separator::Blanks;
    }
    let likely = LIKELY.map(|byte| FirstLines::of(text, Separator::Byte(byte)));
    bytes
        .iter()
        .find(|lines| lines.have_numbers())
        .or_else(|| likely.iter().find(|lines| lines.first() > 1))
        .or_else(|| likely.iter().find(|lines| lines.separate()))
        .map_or(Separator::Byte(b','), |lines| lines.separator)
}

/// The first two lines of a table as a separator parts them; fewer where there are no more, or quotes do not close.
struct FirstLines<'a> {
    separator: Separator,
    records: Vec<Record<'a>>,
}

impl<'a> FirstLines<'a> {
    fn of(text: &'a [u8], separator: Separator) -> Self {
        let mut lines = Lines::new(text, 1, separator, usize::MAX);
        let records = (0..2).map_while(|_| lines.next().ok().flatten()).collect();
        Self { separator, records }
    }

    fn first(&self) -> usize {
        self.records.first().map_or(0, Record::len)
    }

    /// Whether a line has several fields.
    fn separate(&self) -> bool {
        self.records.iter().any(|record| record.len() > 1)
    }

    /// Whether they have as many fields. Separators at the end of either may be none.
    fn agree(&self) -> bool {
        self.first() > 1
            && match &self.records[..] {
                [first, second] => first.len() == second.len() || first.filled() == second.filled(),
                _ => true,
            }
    }

    /// The same, or the second has one more, as below a header of R, which has no name above those of rows.
    fn agree_but_for_a_name(&self) -> bool {
        let Some(last) = self.records.last() else { return false };
        let has_name = last.len() == self.first() + 1 && (self.first() > 1 || last.is_quoted(0));
        (self.agree() || has_name) && last.iter().any(|field| number_in_any_form(field).is_some())
    }

    /// Whether one of them is several numbers, and nothing else.
    fn have_numbers(&self) -> bool {
        // A comma before or behind a number is no part of it.
        let is_number =
            |field: &[u8]| number_in_any_form(field).is_some() && !field.starts_with(b",") && !field.ends_with(b",");
        self.records.iter().any(|record| record.len() > 1 && record.iter().all(is_number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_tell_the_separator() {
        for (text, separator) in [
            ("1,5;2,5\n3,5;4,5\n", b';'),
            ("1,5;2,5;3,5\n4,5;5,5\n", b';'),
            ("a;b;\n1,5;2,5\n", b';'),
            ("\"a\nb\";c\n1;2\n", b';'),
            ("title\na;b\n1;2\n", b';'),
            ("1,5|2,5\n3,5|4,5\n", b'|'),
            ("a\tb\t\n1 2\t3\n", b'\t'),
            ("1 2\t3\n4 5\t6\n", b'\t'),
            ("1, 2, 3\n4, 5, 6\n", b','),
            ("1 ,2 ,3\n4 ,5 ,6\n", b','),
            ("# a;b;c\na,b\n1,2\n", b','),
            ("two words\n5\n", b','),
            ("words\n1 2\n", b','),
            ("", b','),
        ] {
            assert_eq!(found(text.as_bytes()), Separator::Byte(separator), "{text:?}");
        }
        for text in [
            "1 2\n3 4\n",
            "  1   2\n 3   4 \n",
            "1 2\n3\n",
            "1,5 2,5\n3,5 4,5\n",
            "a b\n1 2\n",
            "two words each\n1 2\n",
            "5.5 setosa\n4.5 setosa\n",
            "\"a\"\n\"1\" 5\n",
            "1  2\t3\n4 5 6\n",
        ] {
            let is_tabbed = text.contains('\t');
            assert_eq!(found(text.as_bytes()) == Separator::Blanks, !is_tabbed, "{text:?}");
        }
    }

    #[test]
    fn a_first_line_may_name_the_separator() {
        let rest = &b"1;2\n"[..];
        for line in ["sep=;\n", "SEP=;\r\n", "\"sep=;\"\r", "sep=;;;\n"] {
            let text = [line.as_bytes(), rest].concat();
            assert_eq!(named(&text), Some((Separator::Byte(b';'), rest)), "{line:?}");
        }
        assert_eq!(named(b"sep=\t\n1\t2"), Some((Separator::Byte(b'\t'), &b"1\t2"[..])));
        assert_eq!(named(b"sep=;"), Some((Separator::Byte(b';'), &b""[..])));
        for text in ["sep=a\n", "sep=\n", "sep\n", "sep=;a\n", "sepal;b\n", ""] {
            assert_eq!(named(text.as_bytes()), None, "{text:?}");
        }
    }
}
