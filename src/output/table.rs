//! Tables of text: columns as wide as what is in them.

use unicode_width::UnicodeWidthStr;

/// To which side of its column a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Names.
    Left,
    /// Numbers.
    Right,
}

/// Titles over rows, two spaces between columns, no spaces at the ends of lines.
pub fn text<const COLUMNS: usize>(columns: [(&str, Side); COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].width());
        cells.chain([columns[column].0.width()]).max().unwrap_or(0)
    });
    let line = |cells: [&str; COLUMNS]| {
        let padded = cells.iter().zip(widths).zip(columns).map(|((cell, width), (_, side))| padded(cell, width, side));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(columns.map(|(title, _)| title))];
    lines.extend(rows.iter().map(|row| line(row.each_ref().map(String::as_str))));
    lines.join("\n")
}

/// The text with spaces up to a width in columns of a terminal: characters of some scripts take two.
pub fn padded(text: &str, width: usize, side: Side) -> String {
    let spaces = " ".repeat(width.saturating_sub(text.width()));
    match side {
        Side::Left => format!("{text}{spaces}"),
        Side::Right => format!("{spaces}{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_left_and_numbers_right() {
        let rows = [["é", "1", ""], ["longer", "12345", "z"]].map(|row| row.map(str::to_owned));
        let table = text([("a", Side::Left), ("b", Side::Right), ("c", Side::Left)], &rows);
        assert_eq!(table, "a           b  c\né           1\nlonger  12345  z");
        let rows = [["犬と猫", "1"], ["longer", "2"]].map(|row| row.map(str::to_owned));
        assert_eq!(text([("a", Side::Left), ("b", Side::Right)], &rows), "a       b\n犬と猫  1\nlonger  2");
    }
}
