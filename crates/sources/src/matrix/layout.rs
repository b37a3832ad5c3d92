//! How a table is laid out: what separates its fields, where its lines begin, how wide they are, and what comments say.

use super::header::names as names_of;
use super::lines::{Lines, Separator, is_comment, is_end};
use super::separator::{found, named};

/// The layout of a text.
pub(super) struct Layout<'a> {
    text: &'a [u8],
    /// The number of the line at which the text begins.
    line: usize,
    pub(super) separator: Separator,
    /// Fields of the widest line, less those at the end that are empty in all lines.
    width: usize,
    /// Lines that begin with `#`.
    pub(super) comments: usize,
}

impl<'a> Layout<'a> {
    /// Goes through a text once. Says in `notes` which columns and lines are left out for having nothing in them.
    pub(super) fn of(text: &'a [u8], notes: &mut Vec<String>) -> Result<Self, String> {
        let (separator, text, line) = match named(text) {
            Some((separator, rest)) => (separator, rest, 2),
            None => (found(text), text, 1),
        };
        let mut lines = Lines::new(text, line, separator, usize::MAX);
        let (mut width, mut widest) = (0, 0);
        while let Some(record) = lines.next()? {
            width = width.max(record.filled());
            widest = widest.max(record.len());
        }
        match widest - width {
            0 => {}
            1 => {
                notes.push("its last column is empty, as separators at the ends of lines make it, and left out".into())
            }
            empty => notes.push(format!("its last {empty} columns are empty and left out")),
        }
        if lines.hollow > 0 {
            notes.push(match lines.hollow {
                1 => "1 line has separators alone, and counts as empty".into(),
                lines => format!("{lines} lines have separators alone, and count as empty"),
            });
        }
        Ok(Self { text, line, separator, width, comments: lines.comments })
    }

    pub(super) fn lines(&self) -> Lines<'a> {
        Lines::new(self.text, self.line, self.separator, self.width)
    }

    /// What a comment before all else calls the columns: one that has as many fields as there are columns. NumPy writes headers
    /// so, and with whatever separator they were given.
    pub(super) fn commented_names(&self, columns: usize) -> Option<Vec<String>> {
        let lines = self.text.split(|&byte| is_end(byte)).filter(|line| !line.trim_ascii().is_empty());
        let comments: Vec<&[u8]> = lines.take_while(|line| is_comment(line)).map(<[u8]>::trim_ascii).collect();
        let separators = [self.separator, Separator::Byte(b','), Separator::Byte(b';'), Separator::Blanks];
        comments
            .iter()
            .rev()
            .find_map(|comment| separators.iter().find_map(|&separator| names(comment, separator, columns)))
    }
}

/// The fields of a comment, if they are as many.
fn names(comment: &[u8], separator: Separator, columns: usize) -> Option<Vec<String>> {
    let signs = comment.iter().take_while(|&&byte| byte == b'#').count();
    // A comment in which a quote does not close has no names.
    let record = Lines::new(comment[signs..].trim_ascii(), 1, separator, usize::MAX).next().ok()??;
    let mut names = names_of(&record);
    // The sign itself may be a name, that of the column which numbers the rows.
    if separator == Separator::Blanks && names.len() + 1 == columns {
        names.insert(0, "#".into());
    } else if names[0].is_empty() {
        names[0] = "#".into();
    }
    (names.len() == columns).then_some(names)
}
