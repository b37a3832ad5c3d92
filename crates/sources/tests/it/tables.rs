//! Tables as people have them: what is a point of them and what is not, and that what was taken for what is said.

use std::fs;

use modiste_sources::{Table, TableOptions, read_map, read_table};

/// What reading these bytes as a `.csv` file says.
fn outcome(bytes: &[u8], options: &TableOptions) -> Result<Table, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table.csv");
    fs::write(&path, bytes).unwrap();
    read_table(&path, options).map_err(|error| error.to_string())
}

fn read(text: &str) -> Table {
    outcome(text.as_bytes(), &TableOptions::default()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Its numbers, row after row.
fn values(table: Table) -> Vec<f32> {
    table.into_matrix(true).0.values
}

/// Rows of three numbers, none of which rises evenly.
const ROWS: [&str; 5] = ["5.5,1.5,2.5", "4.5,7.5,1.5", "3.5,3.5,9.5", "8.5,2.5,0.5", "1.5,6.5,4.5"];

/// The rows under a header, each behind what `before` says.
fn with(header: &str, before: impl Fn(usize) -> String) -> String {
    let rows: Vec<String> = ROWS.iter().enumerate().map(|(at, row)| format!("{}{row}\n", before(at))).collect();
    format!("{header}\n{}", rows.concat())
}

fn plain() -> Vec<f32> {
    ROWS.iter().flat_map(|row| row.split(',').map(|field| field.parse::<f32>().unwrap())).collect()
}

#[test]
fn a_header_of_numbers_is_no_point() {
    for header in ["0,1,2", "1,2,3", "\"0\",\"1\",\"2\""] {
        let table = read(&with(header, |_| String::new()));
        assert!(table.notes[0].contains("line 1 rises evenly") && table.notes.len() == 1, "{:?}", table.notes);
        assert_eq!(values(table), plain(), "{header}");
    }
    let wavelengths = "400,400.5,401,401.5\n1,3,2,9\n4,4,1,2\n7,1,1,0\n2,9,4,4\n";
    let options = TableOptions { no_header: true, ..Default::default() };
    assert_eq!(outcome(wavelengths.as_bytes(), &options).unwrap().rows, 5);
    assert_eq!(outcome(with("0,1,2", |_| String::new()).as_bytes(), &options).unwrap().rows, 6);
    for data in [
        wavelengths,
        "0,1\n0.1,0.995\n1.5,0.54\n2.5,-0.8\n3.5,-0.9\n",
        "2019,2020,2021\n5,3,8\n2,9,1\n7,7,6\n1,4,8\n",
        "nm,400,410,420,430\n7,1,9,3,1\n8,2,5,5,2\n3,3,3,9,1\n5,2,8,8,3\n",
        "0\n0.5\n0.25\n0.75\n0.125\n",
    ] {
        assert_eq!(read(data).rows, 4, "{data}");
    }
    // Among many lines, a few may rise evenly by chance.
    let digits: String =
        (0..40).map(|row| format!("{},{},{}\n", row * 7 % 5, row * 3 % 4, row * row % 7 % 5)).collect();
    assert_eq!(read(&format!("0,1,2\n{digits}1,2,3\n2,3,4\n")).rows, 42);
}

#[test]
fn a_first_point_is_no_header() {
    for data in [
        // What goes on as it began.
        "0,1,2\n3,4,5\n6,7,8\n9,10,11\n12,13,14\n",
        "1,2,3\n3,6,9\n2,4,6\n5,10,15\n4,8,12\n",
        // Numbers like those of the others.
        "10,20,30\n7,1,9\n3,3,8\n4,8,8\n9,2,1\n",
        "10,20,30,40\n12,18,33,41\n9,25,31,38\n11,22,29,44\n8,19,35,39\n",
        "1.0,2.0,3.0\n2.5,1.5,3.5\n0.5,2.5,2.0\n1.5,1.5,2.5\n2.5,3.5,3.5\n",
        "0,1\n1,0\n1,1\n0,2\n3,3\n",
        "0,1\n0.1,0.995\n1,0.54\n2,-0.8\n2.5,-0.9\n",
        "0\n5\n2\n9\n3\n",
        // Too few to tell.
        "0,1,2\n5,3,8\n2,9,1\n7,7,6\n",
    ] {
        let table = read(data);
        assert_eq!((table.rows, table.columns), (data.lines().count(), columns_of(data)), "{data}");
        assert_eq!(table.notes, [""; 0], "{data}");
    }
    // A first point of which much is missing is no header that could be passed over.
    let problem = outcome(b",NA,2.5\n1,2,3\n", &TableOptions::default()).unwrap_err();
    assert!(problem.contains("line 1, column 1 is empty"), "{problem}");
    for (first, column) in [("NA,0,1", 1), ("0,,1", 2), ("0,1,?", 3)] {
        let problem = outcome(format!("{first}\n1,0,1\n0,1,1\n").as_bytes(), &TableOptions::default()).unwrap_err();
        assert!(problem.contains(&format!("line 1, column {column} is ")), "{first}: {problem}");
    }
}

#[test]
fn a_header_of_numbers_need_not_rise_evenly() {
    for (header, reason) in [
        ("4000,3998,3996,3994", "line 1 falls apart from all others and"),
        ("400,412,443,490", "line 1 rises apart from all others and"),
        ("nm,400,412,443,490", "line 1 rises apart"),
        ("\"400\",\"412\",\"413\",\"9\"", "line 1 is quoted, as no other is, and"),
        ("0.0,1.0,2.0,3.0", "line 1 rises evenly"),
    ] {
        let name = if header.starts_with("nm") { "7," } else { "" };
        let rows: String = ["1.5,3.5,2.25,9.5", "4.5,2.25,3.5,0.5", "7.25,1.5,1.5,0.25", "2.5,9.5,0.25,4.5"]
            .map(|row| format!("{name}{row}\n"))
            .concat();
        let table = read(&format!("{header}\n{rows}"));
        assert!(table.rows == 4 && table.notes[0].starts_with(reason), "{header}: {:?}", table.notes);
    }
    // R quotes names of rows, and has no name above them.
    let table = read("\"400\",\"412\"\n\"1\",2.5,7\n\"2\",3.5,1\n");
    assert_eq!((table.rows, table.columns), (2, 2));
    for data in [
        // Others rise too, or lie on both sides.
        "1,2,4,9\n11,12,15,19\n21,24,26,30\n31,33,34,40\n41,45,46,50\n",
        "5,6,8,9\n4,9,2,1\n7,1,3,8\n3,8,9,2\n6,3,1,7\n",
        // All are quoted.
        "\"5\",\"2\"\n\"3\",\"9\"\n\"8\",\"1\"\n",
        "\"5\",2\n3,9\n8,1\n",
        "\"5\"\n\"3\"\n\"8\"\n",
    ] {
        let table = read(data);
        assert_eq!((table.rows, table.columns), (data.lines().count(), columns_of(data)), "{data}");
        assert_eq!(table.notes, [""; 0], "{data}");
    }
}

fn columns_of(data: &str) -> usize {
    data.lines().next().map_or(0, |line| line.split(',').count())
}

#[test]
fn columns_that_number_the_rows_are_left_out() {
    for (header, from, step) in
        [(",a,b,c", 0, 1), ("\"\",a,b,c", 7, -1), ("Unnamed: 0,a,b,c", 3, 5), ("ID,a,b,c", 9, 2), (",0,1,2", 0, 1)]
    {
        let table = read(&with(header, |at| format!("{},", from + step * at as i32)));
        assert!(table.notes.iter().any(|note| note.contains("numbers of rows")), "{header}: {:?}", table.notes);
        assert_eq!(values(table), plain(), "{header}");
    }
    // As R has it, names of rows may be words.
    assert_eq!(values(read(&with("\"\",a,b,c", |at| format!("\"Mazda {at}\",")))), plain());
    let rows: Vec<String> = ROWS.iter().enumerate().map(|(at, row)| format!("{},{row}", at + 1)).collect();
    let table = read(&rows.join("\n"));
    assert!(table.notes[0].contains("counts the rows"), "{:?}", table.notes);
    assert_eq!(values(table), plain());
    // R has no name above them at all.
    let table = read(&with("a,b,c", |at| format!("Mazda {at},")));
    assert!(table.notes[0].contains("column 1, which has no name"), "{:?}", table.notes);
    assert_eq!(values(table), plain());
    let rows: Vec<String> = ROWS.iter().enumerate().map(|(at, row)| format!("{},{row}", at + 1980)).collect();
    let table = read(&rows.join("\n"));
    assert!(table.columns == 4 && table.notes[0].contains("rises by 1"), "{:?}", table.notes);
    // What rises otherwise is a number like others.
    let table = read(&rows.join("\n").replace("198", "19.8"));
    assert_eq!((table.columns, &table.notes), (4, &vec![]));
    // A name may be a reason.
    let table = read(&with("time,a,b,c", |at| format!("{at},")));
    assert!(table.columns == 4 && table.notes[0].contains("--drop time"), "{:?}", table.notes);
}

#[test]
fn columns_are_dropped_by_name() {
    let drop = |name: &str| TableOptions { drop: vec![name.to_owned()], ..Default::default() };
    let text = with("time,a,b,c", |at| format!("12:0{at},"));
    assert_eq!(values(outcome(text.as_bytes(), &drop("time")).unwrap()), plain());
    let problem = outcome(text.as_bytes(), &drop("when")).unwrap_err();
    assert!(problem.contains("no column 'when' to drop: its columns are 'time', 'a'"), "{problem}");
    let problem = outcome(text.as_bytes(), &TableOptions::default()).unwrap_err();
    assert!(problem.contains("is '12:00', which is no number (--drop NAME"), "{problem}");
    let problem = outcome(b"5,1\n2,9\n", &drop("a")).unwrap_err();
    assert!(problem.contains("has no header that calls a column 'a'"), "{problem}");
    let problem = outcome(b"a\n5\n2\n", &drop("a")).unwrap_err();
    assert!(problem.contains("no column of numbers left"), "{problem}");
}

#[test]
fn a_column_of_classes_is_no_number_of_a_point() {
    for (header, class) in
        [("label,a,b,c", ["0", "4", "2", "0", "4"]), ("Target,a,b,c", ["0.0", "4.0", "2.0", "0.0", "4.0"])]
    {
        let table = read(&with(header, |at| format!("{},", class[at])));
        assert_eq!(table.labels.as_ref().unwrap().classes, [0, 4, 2, 0, 4]);
        assert!(table.labels.as_ref().unwrap().names.is_empty() && table.notes.len() == 1, "{:?}", table.notes);
        assert_eq!(values(table), plain());
    }
    let mut table = read(&with("class,a,b,c", |at| format!("{},", ["wool", "silk", "linen", "silk", "wool"][at])));
    let labels = table.labels.clone().unwrap();
    assert_eq!(
        (labels.classes, labels.names),
        (vec![2, 1, 0, 1, 2], vec!["linen".into(), "silk".into(), "wool".into()])
    );
    table.select(&[1, 4]);
    assert_eq!(table.labels.as_ref().unwrap().classes, [1, 2]);
    assert_eq!(values(table), [&plain()[3..6], &plain()[12..]].concat());
    let table = read(&with("label,a,b,c", |at| format!("{},", ["-1", "10", "", "9", "10"][at])));
    assert!(table.notes[1].contains("1 row has no class"), "{:?}", table.notes);
    assert_eq!(table.labels.unwrap().names, ["(none)", "-1", "10", "9"]);
    let table = read(&with("target,a,b,c", |at| format!("{}.25,", at * 3)));
    assert!(table.labels.is_none() && table.notes[1].contains("not whole"), "{:?}", table.notes);
    assert_eq!(values(table), plain());
    let many: String = (0..300).map(|at| format!("name {at},{}.5\n", at * at % 7)).collect();
    let table = read(&format!("label,a\n{many}"));
    assert!(
        table.labels.is_none() && table.columns == 1 && table.notes[1].contains("more than 256"),
        "{:?}",
        table.notes
    );
}

#[test]
fn of_two_columns_of_classes_one_is_left_out() {
    for header in ["label,class,a,b,c", "label,label,a,b,c", "target,y,a,b,c", "target,species,a,b,c"] {
        let table = read(&with(header, |at| format!("{},{},", at % 2, at % 3)));
        assert_eq!(table.labels.as_ref().unwrap().classes, [0, 1, 0, 1, 0], "{header}");
        assert!(table.notes[1].contains("may be classes too and is left out"), "{:?}", table.notes);
        assert_eq!(values(table), plain(), "{header}");
    }
    for (header, columns) in
        [("x,y,a,b", 4), ("y,a,b,c", 3), ("#,a,b,c", 3), ("Digit,a,b,c", 3), ("sample_id,a,b,c", 3)]
    {
        assert_eq!(read(&with(header, |at| format!("{},", at * 3))).columns, columns, "{header}");
    }
}

#[test]
fn of_two_columns_of_classes_words_are_preferred() {
    let names = ["setosa", "", "virginica", "setosa", "virginica"];
    for header in ["target,a,b,c,species", "target,a,b,c,Variety"] {
        let rows = ROWS.iter().zip(names).enumerate();
        let rows: String = rows.map(|(at, (row, name))| format!("{},{row},{name}\n", at % 3)).collect();
        let table = read(&format!("{header}\n{rows}"));
        assert!(table.notes[1].contains("'target' may be classes too and is left out"), "{:?}", table.notes);
        assert_eq!(table.labels.as_ref().unwrap().names, ["(none)", "setosa", "virginica"]);
        assert_eq!(values(table), plain());
    }
}

#[test]
fn decimal_commas_are_read_where_commas_do_not_separate() {
    let text = with("a,b,c", |_| String::new()).replace(',', ";").replace('.', ",");
    for text in [text.clone(), text.replace(';', "\t"), text.replace("\n", "\r\n")] {
        let table = read(&text);
        assert!(table.notes[0].contains("commas within its numbers"), "{:?}", table.notes);
        assert_eq!(values(table), plain());
    }
    let (_, headless) = text.split_once('\n').unwrap();
    assert_eq!(values(read(headless)), plain());
    let problem = outcome(b"a;b\n1,5;2\n3;1.234\n", &TableOptions::default()).unwrap_err();
    assert!(problem.contains("line 2 has a decimal comma and line 3 a decimal point"), "{problem}");
    let problem = outcome(b"a;b\n1.234,5;2\n", &TableOptions::default()).unwrap_err();
    assert!(problem.contains("is '1.234,5', which is no number"), "{problem}");
}

#[test]
fn commas_that_may_be_decimal_are_said() {
    let problem = outcome(b"a,b\n\"1,5\",\"2,5\"\n", &TableOptions::default()).unwrap_err();
    assert!(problem.contains("is '1,5', which is no number (write decimal points"), "{problem}");
    assert!(read("1,05\n2,5\n0,75\n").notes[0].contains("numbers as 05: if its commas are decimal"));
    for data in ["1,5\n2,5\n", "1,05\n2.5,5\n", "1;05\n2;5\n", "0,1\n1,0\n"] {
        assert_eq!(read(data).notes, [""; 0], "{data}");
    }
}

#[test]
fn commas_that_may_part_thousands_are_said() {
    for (text, is_said) in [
        ("a\tb\n1,000\t2,004\n-7\t12,250\n", true),
        ("a\tb\n0,125\t2,004\n7\t12,250\n", false),
        ("a\tb\n1,25\t2,004\n7\t12,250\n", false),
    ] {
        assert_eq!(read(text).notes[0].contains("signs of thousands"), is_said, "{text}");
    }
}

#[test]
fn points_that_may_part_thousands_are_said() {
    for (text, is_said) in [
        ("a;b\n1.000;2.004\n-7;12.250\n", true),
        ("a;b\n0.125;2.004\n7;12.250\n", false),
        ("a;b\n1.25;2.004\n7;12.250\n", false),
        ("a;b\n1e3;2.004e0\n7;12.250\n", false),
        ("a,b\n1.000,2.004\n7,12.250\n", false),
    ] {
        let table = read(text);
        assert_eq!(table.notes.iter().any(|note| note.contains("signs of thousands")), is_said, "{text}");
        assert!(!is_said || values(table)[0] == 1.0, "{text}");
    }
    for number in ["1.234.567", "1'000", "1.234,5"] {
        let problem = outcome(format!("a;b\n1;{number}\n").as_bytes(), &TableOptions::default()).unwrap_err();
        assert!(problem.contains("which is no number (leave signs of thousands out)"), "{problem}");
    }
}

#[test]
fn halves_of_numbers_are_no_names_of_rows() {
    for (text, line) in [
        ("a\n0,3456\n-1,2234\n2,5\n", "line 2 has 2 fields, where line 1 has 1 (if commas are decimal"),
        ("a,b\n7,25,3\n4,5,1\n7,5,2\n", "line 2 has 3 fields, where line 1 has 2 (if commas are decimal"),
        ("a,b\nx,25,3\n4,5,1\n", "line 2 has 3 fields, where line 1 has 2;"),
    ] {
        let problem = outcome(text.as_bytes(), &TableOptions::default()).unwrap_err();
        assert!(problem.contains(line), "{problem}");
    }
    for text in ["a,b\n\"7\",25,3\n\"4\",5,1\n", "a,b\n1,25,3\n2,5,1\n", "a,b\nx,25,3\ny,5,1\n"] {
        let table = read(text);
        assert_eq!(table.notes, ["column 1, which has no name, is taken for the numbers of rows and left out"]);
        assert_eq!(values(table), [25.0, 3.0, 5.0, 1.0]);
    }
    for text in ["a\n1,25\n2,5\n3,7\n4,1\n", "0,25\n1,5\n2,7\n3,1\n"] {
        let table = read(text);
        assert!(table.notes[1].contains("two whole numbers") && table.notes.len() == 2, "{:?}", table.notes);
        assert_eq!(values(table), [25.0, 5.0, 7.0, 1.0]);
    }
}

#[test]
fn utf_16_is_read() {
    let text = with("a,b,c", |_| String::new());
    for (mark, unit) in [(b"\xff\xfe", u16::to_le_bytes as fn(u16) -> [u8; 2]), (b"\xfe\xff", u16::to_be_bytes)] {
        let bytes: Vec<u8> = mark.iter().copied().chain(text.encode_utf16().flat_map(unit)).collect();
        assert_eq!(values(outcome(&bytes, &TableOptions::default()).unwrap()), plain());
    }
}

#[test]
fn whole_numbers_that_f64_rounds_are_said() {
    for (text, notes) in [("9007199254740993,1\n5,2\n", 1), ("9007199254740992,1\n5,2\n", 0), ("1.7,1\n5,2\n", 0)] {
        assert_eq!(read(text).notes.len(), notes, "{text}");
    }
}

#[test]
fn a_table_of_a_map_is_a_map() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("map.csv");
    fs::write(&path, "index,x,y,label,predicted\n7,1.5,-2,Ankle boot,\n9,0.25,3,Bag,\n").unwrap();
    let map = read_map(&path).unwrap();
    assert_eq!((map.rows, map.columns, map.values), (2, 2, vec![1.5, -2.0, 0.25, 3.0]));
}

#[test]
fn a_million_columns_that_may_be_classes_take_no_time_to_speak_of() {
    let table = read(&format!("x{}\n1{}\n2{}\n", ",label".repeat(1 << 20), ",3".repeat(1 << 20), ",4".repeat(1 << 20)));
    assert_eq!(table.labels.as_ref().unwrap().classes, [3, 4]);
    assert_eq!(values(table), [1.0, 2.0]);
    let table = read(&format!("id{0}\n1{1}\n2{1}\n", ",id".repeat(1 << 20), ",3".repeat(1 << 20)));
    assert_eq!(values(table), [3.0, 3.0], "one column has to be left");
}
