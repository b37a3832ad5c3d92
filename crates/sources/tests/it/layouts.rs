//! How tables are laid out: separators, comments, quotes, ends of lines, and files that are no tables.

use std::fs;

use modiste_sources::{Table, TableOptions, read_table};

/// What reading these bytes from a file of this name says.
fn outcome_of(name: &str, bytes: &[u8], options: &TableOptions) -> Result<Table, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    read_table(&path, options).map_err(|error| error.to_string())
}

fn outcome(text: &str) -> Result<Table, String> {
    outcome_of("table.csv", text.as_bytes(), &TableOptions::default())
}

/// Its numbers, row after row, and its notes.
fn read(text: &str) -> (Vec<f32>, Vec<String>) {
    let table = outcome(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let notes = table.notes.clone();
    (table.into_matrix(true).0.values, notes)
}

/// Reads a table of two points about which nothing is to be said.
fn is_plain(text: &str) {
    assert_eq!(read(text), (vec![5.0, 2.0, 3.0, 9.0, 5.0, 1.0], vec![]), "{text:?}");
}

#[test]
fn a_line_that_names_the_separator_is_no_row() {
    is_plain("sep=;\n5;2;3\n9;5;1\n");
    is_plain("\u{feff}sep=,\r\na,b,c\r\n5,2,3\r\n9,5,1\r\n");
    let problem = outcome("sep=;\na;b\n1;2\n3;x\n").unwrap_err();
    assert!(problem.contains("line 4, column 2 is 'x'"), "{problem}");
}

#[test]
fn empty_columns_at_the_end_are_left_out_and_said() {
    for text in [
        "5,2,3,\n9,5,1,\n",
        "a,b,c,\n5,2,3,\n9,5,1,\n",
        "a,b,c\n5,2,3,\n9,5,1,\n",
        "a,b,c,\n5,2,3\n9,5,1\n",
        "5;2;3;\n9;5;1\n",
        "5,2,3,,,\n9,5,1,,,\n",
    ] {
        let (values, notes) = read(text);
        assert_eq!(values, [5.0, 2.0, 3.0, 9.0, 5.0, 1.0], "{text:?}");
        assert!(notes.len() == 1 && notes[0].starts_with("its last"), "{text:?}: {notes:?}");
    }
    // A column with a name, or a number in it, lacks others.
    for text in ["a,b\n1,\n2,\n", "1,\n2,5\n"] {
        assert!(outcome(text).unwrap_err().contains("column 2 is empty"), "{text:?}");
    }
}

#[test]
fn lines_of_separators_alone_are_empty() {
    let (values, notes) = read("a,b,c\n5,2,3\n,,\n9,5,1\n\n ,\t,\n");
    assert_eq!(values, [5.0, 2.0, 3.0, 9.0, 5.0, 1.0]);
    assert_eq!(notes, ["2 lines have separators alone, and count as empty"]);
    assert!(outcome(",,,\n").unwrap_err().contains("it is empty"));
}

#[test]
fn comments_are_left_out_and_said() {
    let (values, notes) = read("# made, on, a, Monday\na,b,c\n5,2,3\n #9,9\n9,5,1\n");
    assert_eq!(values, [5.0, 2.0, 3.0, 9.0, 5.0, 1.0]);
    assert_eq!(notes, ["2 lines begin with '#' and are left out as comments"]);
    let problem = outcome("# 'a \"comment\n5,2\n# another\n3,x\n").unwrap_err();
    assert!(problem.contains("line 4, column 2 is 'x'"), "{problem}");
    assert!(outcome("# a,b\n").unwrap_err().contains("comments alone"));
    assert!(outcome("a,b\n#1,2\n").unwrap_err().contains("but comments"));
}

#[test]
fn a_comment_may_be_the_header() {
    for text in [
        "# a,b,c\n5,2,3\n9,5,1\n",
        "#a,b,c\n5,2,3\n9,5,1\n",
        "# a b c\n5 2 3\n9 5 1\n",
        "# a,b,c\n5 2 3\n9 5 1\n",
        "# 1,2,3\n5,2,3\n9,5,1\n",
    ] {
        is_plain(text);
    }
    for text in ["# by hand\n# label,a,b\n1,2,3\n0,5,1\n", "# label,a,b\n# m\n1 2 3\n0 5 1\n"] {
        let table = outcome(text).unwrap();
        assert_eq!(table.labels.as_ref().unwrap().classes, [1, 0], "{text:?}");
        assert!(table.notes[0].starts_with("1 line begins with '#'"), "{:?}", table.notes);
        assert_eq!((table.rows, table.columns), (2, 2));
    }
    // What follows a tab is a field, and no comment.
    is_plain("\t# a,b,c\n5,2,3\n9,5,1\n");
    for text in ["#,a,b\n7,2,3\n8,5,1\n", "# a b\n7 2 3\n8 5 1\n"] {
        assert_eq!(
            read(text),
            (vec![2.0, 3.0, 5.0, 1.0], vec!["column '#' is taken for the numbers of rows and left out".into()])
        );
    }
    let options = TableOptions { no_header: true, ..Default::default() };
    let table = outcome_of("table.csv", b"# label,a\n1,2\n3,4\n", &options).unwrap();
    assert_eq!((table.rows, table.columns), (2, 2));
}

#[test]
fn a_quote_that_never_closes_is_named_by_its_line() {
    for text in ["a,b\n1,2\n3,\"4\n5,6\n7,8\n", "a,b\r\"1\r1\",2\r\"3,4\r5,6\r"] {
        let line = if text.contains('\r') { 4 } else { 3 };
        let problem = outcome(text).unwrap_err();
        assert!(problem.contains(&format!("the quote that opens in line {line} never closes")), "{problem}");
    }
}

#[test]
fn blanks_may_separate() {
    is_plain("5 2 3\n9 5 1\n");
    is_plain("  5.000e+00   2.0 3\n9 5    1.0  \n\n");
    is_plain("a b  c\n5 2 3\n9 5 1\n");
    let (values, notes) = read("5,5 2,5\n3,5 1,25\n");
    assert_eq!(values, [5.5, 2.5, 3.5, 1.25]);
    assert!(notes[0].contains("commas within its numbers"), "{notes:?}");
    // As R writes it.
    let (values, _) = read("\"a\" \"b\"\n\"Mazda RX4\" 5 2\n\"Fiat 128\" 9 5\n");
    assert_eq!(values, [5.0, 2.0, 9.0, 5.0]);
    let table = outcome("a b species\n5.5 2 setosa\n4.5 1 virginica\n").unwrap();
    assert_eq!(table.labels.unwrap().names, ["setosa", "virginica"]);
    let problem = outcome("1 2\n3 4 5\n").unwrap_err();
    assert!(problem.contains("line 2 has 3 fields, where line 1 has 2"), "{problem}");
}

#[test]
fn vertical_bars_may_separate() {
    is_plain("a|b|c\n5|2|3\n9|5|1\n");
}

#[test]
fn quotes_hold_ends_of_lines_and_stand_behind_blanks() {
    is_plain("\"a\nb\";\"b\"; \"c\"\n5;2;3\n9;5;1\n");
    is_plain("a, \"b, or c\", c\n5, \"2\", 3\n9, 5, 1\n");
    let problem = outcome("\"a\nb\",c\n5,2\n9,x\n").unwrap_err();
    assert!(problem.contains("line 4, column 2 is 'x'"), "{problem}");
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for end in ["\n", "\r", "\r\n"] {
        is_plain(&["a;b;c", "5;2;3", "", "9;5;1", ""].join(end));
        let problem = outcome(&["a;b", "1;2", "", "3;x"].join(end)).unwrap_err();
        assert!(problem.contains("line 4, column 2 is 'x'"), "{problem}");
        let problem = outcome(&["# c", "1;2", "3"].join(end)).unwrap_err();
        assert!(problem.contains("line 3 has 1 field, where line 2 has 2"), "{problem}");
    }
}

#[test]
fn lines_of_other_lengths_are_told_in_narrow_tables_too() {
    for (text, complaint) in [
        ("a\n1\n2,3\n", "line 3 has 2 fields, where line 1 has 1"),
        ("a;b\n1,5;2,5\n3,5\n", "line 3 has 1 field, where line 1 has 2"),
        ("a,b,c\n1,2\n", "line 2 has 2 fields, where line 1 has 3"),
        ("1,5;2,5;3,5\n4,5;5,5\n", "line 2 has 2 fields, where line 1 has 3"),
        ("a title\na;b\n1;2\n", "line 2 has 2 fields, where line 1 has 1"),
        ("1 2\n3\n", "line 2 has 1 field, where line 1 has 2"),
        ("sepal length sepal width\n1 2\n", "line 2 has 2 fields, where line 1 has 4"),
    ] {
        let problem = outcome(text).unwrap_err();
        assert!(problem.contains(complaint), "{text:?}: {problem}");
    }
}

#[test]
fn other_kinds_of_files_are_called_by_their_names() {
    for (bytes, words) in [
        (&b"PK\x03\x04\x14\x00"[..], "it is a zip archive, as an .xlsx file is; save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "it is a workbook of Excel; save it as CSV"),
        (b"\x1f\x8b\x08\x00", "it is gzipped; unpack it"),
        (b"\x93NUMPY\x01\x00", "it is a NumPy array; give its name the ending .npy"),
        (b"PAR1\x15\x04", "it is a Parquet file; save it as CSV"),
        (b"<!DOCTYPE html>\n1,2\n", "it is a web page; fetch the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a pointer to a file in Git LFS; fetch that"),
        (b"a,b\r\n1,2\r\n3,\x00\r\n", "line 3 has a zero byte, so it is no text; save it as CSV"),
    ] {
        let problem = outcome_of("table.csv", bytes, &TableOptions::default()).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }
    assert_eq!(outcome("version,PK\n1,2\n").unwrap().columns, 2);
}

#[test]
fn utf_32_is_read() {
    for unit in [u32::to_le_bytes as fn(u32) -> [u8; 4], u32::to_be_bytes] {
        let bytes: Vec<u8> = "\u{feff}a,b\n5,2\n".chars().flat_map(|letter| unit(u32::from(letter))).collect();
        assert_eq!(outcome_of("table.csv", &bytes, &TableOptions::default()).unwrap().columns, 2);
    }
}

#[test]
fn tables_have_several_endings() {
    for name in ["table.tsv", "table.txt", "TABLE.TXT", "table.Tsv"] {
        let table = outcome_of(name, b"a\tb\n1\t2\n", &TableOptions::default()).unwrap();
        assert_eq!((table.rows, table.columns), (1, 2), "{name}");
    }
}
