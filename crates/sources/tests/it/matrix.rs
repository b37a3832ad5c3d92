//! Matrices from `.npy` and `.csv` files: what is read, and that nothing malformed gets through or brings it down.

use std::fs;
use std::path::Path;

use modiste_files::FileError;
use modiste_sources::{Error, Matrix, read_matrix, write_npy};
use proptest::prelude::*;

/// What reading a file of this name and these bytes says.
fn outcome(name: &str, bytes: &[u8]) -> Result<Matrix, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    read_matrix(&path).map_err(|error| {
        let text = error.to_string();
        assert!(text.contains(&path.display().to_string()), "no file in: {text}");
        assert!(!text.contains('\n'), "more than a sentence: {text}");
        text
    })
}

fn npy(bytes: &[u8]) -> Result<Matrix, String> {
    outcome("matrix.npy", bytes)
}

fn csv(text: &str) -> Result<Matrix, String> {
    outcome("matrix.csv", text.as_bytes())
}

fn matrix<const N: usize>(columns: usize, values: [f32; N]) -> Matrix {
    Matrix { rows: N / columns, columns, values: values.to_vec() }
}

/// The bytes of a `.npy` file with this header, as NumPy writes it but for the padding.
fn raw(header: &str, values: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), values].concat()
}

/// The same of an array.
fn array(descr: &str, fortran_order: bool, shape: &str, values: &[u8]) -> Vec<u8> {
    let order = if fortran_order { "True" } else { "False" };
    raw(&format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n"), values)
}

/// What one value of a type is read as.
fn single(descr: &str, bytes: &[u8]) -> f32 {
    npy(&array(descr, false, "(1,)", bytes)).unwrap().values[0]
}

#[test]
fn every_type_is_read_in_both_byte_orders() {
    let both = |kind: &str, little: &[u8], expected: f32| {
        let big: Vec<u8> = little.iter().rev().copied().collect();
        assert_eq!(single(&format!("<{kind}"), little), expected, "{kind}");
        assert_eq!(single(&format!(">{kind}"), &big), expected, "{kind}");
    };
    both("f2", &0xbe00_u16.to_le_bytes(), -1.5);
    both("f4", &(-1.5e-3_f32).to_le_bytes(), -1.5e-3);
    both("f8", &0.1_f64.to_le_bytes(), 0.1);
    both("u2", &40_000_u16.to_le_bytes(), 40_000.0);
    both("u4", &4_000_000_000_u32.to_le_bytes(), 4e9);
    both("u8", &u64::MAX.to_le_bytes(), 18_446_744_073_709_551_615.0);
    both("i2", &(-300_i16).to_le_bytes(), -300.0);
    both("i4", &(-70_000_i32).to_le_bytes(), -70_000.0);
    both("i8", &i64::MIN.to_le_bytes(), -9_223_372_036_854_775_808.0);
    for (descr, byte, expected) in [("|u1", 200, 200.0), ("|i1", 0xff, -1.0), ("|b1", 1, 1.0), ("|b1", 0, 0.0)] {
        assert_eq!(single(descr, &[byte]), expected, "{descr}");
    }
    assert_eq!(single("<f8", &1e300_f64.to_le_bytes()), f32::INFINITY);
    assert!(single("<f4", &f32::NAN.to_le_bytes()).is_nan());
    for descr in ["<c8", "|O", "<U3", "|S1", "<M8[ns]", "", "f", "<f44"] {
        let text = npy(&array(descr, false, "(1,)", &[0; 8])).unwrap_err();
        assert!(text.contains(&format!("of type '{descr}'")), "{text}");
    }
    assert!(npy(&raw("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", &[0; 4])).is_err());
}

#[test]
fn the_first_dimension_is_points_and_the_others_are_columns() {
    let bytes: Vec<u8> = (0..24).collect();
    let read = |fortran, shape| npy(&array("|u1", fortran, shape, &bytes)).unwrap();
    let in_order: Vec<f32> = (0..24_u8).map(f32::from).collect();
    for (shape, rows, columns) in [("(24,)", 24, 1), ("(4, 6)", 4, 6), ("(2, 3, 4)", 2, 12), ("(2, 1, 3, 4)", 2, 12)] {
        assert_eq!(read(false, shape), Matrix { rows, columns, values: in_order.clone() }, "{shape}");
    }
    assert_eq!(read(true, "(24,)").values, in_order);
    // np.arange(24).reshape(4, 6, order="F") and .reshape(2, 3, 4, order="F")
    assert_eq!(read(true, "(4, 6)").values[..8], [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 1.0, 5.0]);
    assert_eq!(
        read(true, "(2, 3, 4)").values[..13],
        [0.0, 6.0, 12.0, 18.0, 2.0, 8.0, 14.0, 20.0, 4.0, 10.0, 16.0, 22.0, 1.0]
    );
    assert!(npy(&array("|u1", false, "()", &[1])).unwrap_err().contains("single number"));
    assert!(npy(&array("|u1", false, "(0, 3)", &[])).unwrap_err().contains("no rows"));
    assert!(npy(&array("|u1", false, "(3, 0)", &[])).unwrap_err().contains("no columns"));
}

#[test]
fn headers_are_read_as_python_has_ever_written_them() {
    let expected = Ok(matrix(2, [1.0, 2.0, 3.0, 4.0]));
    for header in [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }",
        "{'shape':(2,2),'fortran_order':False,'descr':\"|u1\"}   \n",
        "{'shape': (2L, 2L), 'descr': 'u1', 'fortran_order': False}\n",
        "  { 'shape' : ( 2 , 2, ) , 'descr' : '|u1' , 'fortran_order' : False , } ",
    ] {
        assert_eq!(npy(&raw(header, &[1, 2, 3, 4])), expected, "{header}");
        for version in [2, 3] {
            let length = (header.len() as u32).to_le_bytes();
            let start = [b"\x93NUMPY".as_slice(), &[version, 0], &length, header.as_bytes()].concat();
            assert_eq!(npy(&[start, vec![1, 2, 3, 4]].concat()), expected, "{header}");
        }
    }
    for header in [
        "",
        "{}",
        "'descr'",
        "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (4,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': 4}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-4,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4,,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), 'more': 1}",
        "{'descr': '|u1' 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '|u1",
    ] {
        let text = npy(&raw(header, &[1, 2, 3, 4])).unwrap_err();
        assert!(text.contains("type, order and shape"), "{header}: {text}");
    }
}

#[test]
fn files_end_where_their_header_says() {
    let valid = array("<f4", false, "(2, 2)", &[0; 16]);
    for cut in 0..valid.len() - 16 {
        assert!(npy(&valid[..cut]).unwrap_err().contains("ends within its header"), "cut to {cut}");
    }
    for cut in valid.len() - 16..valid.len() {
        assert!(npy(&valid[..cut]).unwrap_err().contains("promises 2x2 values of 4 bytes"), "cut to {cut}");
    }
    assert!(npy(&[&valid[..], &[0]].concat()).unwrap_err().contains("17 bytes follow"));
    assert!(npy(b"PK\x03\x04 an .npz file").unwrap_err().contains("begins with"));
    assert!(npy(b"\x93NUMPY\x04\x00\x00\x00\x00\x00").unwrap_err().contains("version 4"));
}

#[test]
fn absurd_promises_are_not_believed() {
    let most = u64::MAX;
    for shape in [
        "(1000000000000, 2)".to_owned(),
        "(4294967296, 4294967296, 4)".to_owned(),
        format!("({most},)"),
        format!("({most}, {most})"),
    ] {
        for fortran_order in [false, true] {
            let text = npy(&array("<f4", fortran_order, &shape, &[0; 64])).unwrap_err();
            assert!(text.contains("64 bytes follow"), "{text}");
        }
    }
    assert!(npy(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'").unwrap_err().contains("4294967295 bytes"));
}

#[test]
fn what_is_written_is_what_numpy_writes() {
    let mut bytes = Vec::new();
    write_npy(&mut bytes, 2, &[1.0, 2.0, 3.0, -0.5, 0.0, 7.5]).unwrap();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
    assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
    assert_eq!(bytes[10..128], *format!("{header:117}\n").as_bytes());
    assert_eq!(bytes.len(), 128 + 24);
    assert_eq!(npy(&bytes), Ok(matrix(2, [1.0, 2.0, 3.0, -0.5, 0.0, 7.5])));

    for (columns, count) in [(0, 0), (0, 2), (2, 3)] {
        let error = write_npy(&mut Vec::new(), columns, &vec![0.0; count]).unwrap_err();
        assert_eq!(error.to_string(), format!("{count} values are not rows of {columns}"));
    }
}

#[test]
fn text_is_read_with_each_separator() {
    let expected = Ok(matrix(3, [1.0, -2.5, 3e4, 4.0, 5.0, 6.0]));
    for text in [
        "1,-2.5,3e4\n4,5,6\n",
        "1,-2.5,3e4\n4,5,6",
        "1\t-2.5\t3e4\n4\t5\t6\n",
        "1;-2.5;3e4\n4;5;6\n",
        " 1 , -2.5 ,\t3e4\r\n4, 5,6\r\n",
        "\u{feff}1,-2.5,+30000.0\n4,5,6\n",
        "\n\n1,-2.5,3e4\n\n   \n4,5,6\n\n",
        "\"1\",\"-2.5\",\"3e4\"\n\"4\",\"5\",\"6\"\n",
        "a,b,c\n1,-2.5,3e4\n4,5,6\n",
        "\n\"a, b\",2,\n1,-2.5,3e4\n4,5,6\n",
        "a\tb\tc\n1\t-2.5\t3e4\n4\t5\t6\n",
    ] {
        assert_eq!(csv(text), expected, "{text:?}");
    }
    for text in
        ["1;-2,5;3e4\n4;5;6\n", "1\t-2,5\t3e4\n4\t5\t6\n", "a;b;c\n1;-2,5;3e4\n4;5,0;6\n", "1,0;-2,5;3e4\n4;5;6"]
    {
        assert_eq!(csv(text), expected, "{text:?}");
    }
    assert_eq!(csv("7\n8\n"), Ok(matrix(1, [7.0, 8.0])));
    assert_eq!(csv("x\n8\n"), Ok(matrix(1, [8.0])));
    let odd = csv("nan,inf\n-inf,1e300\n").unwrap().values;
    assert!(odd[0].is_nan());
    assert_eq!(odd[1..], [f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY]);
}

#[test]
fn what_is_no_number_is_named_with_its_place() {
    for (text, complaint) in [
        ("1,2\n3,four\n", "line 2, column 2 is 'four', which is no number"),
        ("1,2\n3,\n", "line 2, column 2 is empty"),
        ("oops,2,3\n4,5,6\n", "line 1, column 1 is 'oops', which is no number"),
        ("1,,3\n4,5,6\n", "line 1, column 2 is empty"),
        ("\n\na,b\r\n\r\n1,2\r\n\r\n\r\n3,x y\r\n", "line 8, column 2 is 'x y', which is no number"),
        ("1;2\n3,5,1;4\n", "line 2, column 1 is '3,5,1', which is no number"),
        ("a\n1 2\n", "line 2, column 1 is '1 2', which is no number"),
        ("1\n\"a\nb\"\n", "line 2, column 1 is 'a\\nb', which is no number"),
        ("1,2\n3,4,5\n", "line 2 has 3 fields, where line 1 has 2"),
        ("\na,b\n\n3\n", "line 4 has 1 field, where line 2 has 2"),
        ("", "it is empty"),
        ("\n \n\r\n", "it is empty"),
        ("a,b\n", "nothing follows line 1, which is a header"),
    ] {
        let found = csv(text).unwrap_err();
        assert!(found.contains(complaint), "{text:?}: {found}");
    }
    let long = csv(&format!("1\n{}\n", "x".repeat(1000))).unwrap_err();
    assert!(long.contains(&format!("'{}…'", "x".repeat(40))), "{long}");
    assert!(outcome("matrix.csv", b"1\n\xff\xfe\n").unwrap_err().contains("line 2, column 1"));
}

#[test]
fn the_name_tells_the_format() {
    assert_eq!(outcome("MATRIX.CSV", b"1\n"), Ok(matrix(1, [1.0])));
    for name in ["matrix.npz", "matrix", "npy", "matrix.csv.gz"] {
        let text = outcome(name, b"1\n").unwrap_err();
        assert!(text.contains("neither a .npy nor a .csv"), "{text}");
    }
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.npy");
    assert!(matches!(read_matrix(&missing), Err(Error::File(FileError::Io { action: "read", .. }))));
    let directory = dir.path().join("directory.npy");
    fs::create_dir(&directory).unwrap();
    assert!(read_matrix(&directory).unwrap_err().to_string().contains("not a file"));
    assert!(matches!(read_matrix(Path::new("x.dat")), Err(Error::MatrixFormat { .. })));
}

fn any_matrix() -> impl Strategy<Value = Matrix> {
    (1_usize..20, 1_usize..20).prop_flat_map(|(rows, columns)| {
        prop::collection::vec(-1e6_f32..1e6, rows * columns).prop_map(move |values| Matrix { rows, columns, values })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(expected in any_matrix()) {
        let mut bytes = Vec::new();
        write_npy(&mut bytes, expected.columns, &expected.values).unwrap();
        prop_assert_eq!(npy(&bytes).unwrap(), expected.clone());

        let lines = expected.values.chunks(expected.columns).map(|row| row.iter().map(f32::to_string).collect::<Vec<_>>());
        let text: String = lines.map(|row| row.join(";") + "\n").collect();
        prop_assert_eq!(csv(&text).unwrap(), expected);
    }

    #[test]
    fn damage_never_brings_it_down(
        expected in any_matrix(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        tail in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        let mut bytes = Vec::new();
        write_npy(&mut bytes, expected.columns, &expected.values).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len().min(80));
            bytes[at] = value;
        }
        for name in ["damaged.npy", "damaged.csv"] {
            let _ = outcome(name, &bytes);
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        bytes.extend(tail);
        if let Ok(read) = npy(&bytes) {
            prop_assert_eq!(read.rows * read.columns, read.values.len());
        }
    }

    #[test]
    fn noise_never_brings_it_down(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[0-9a,;\t\" \r\n.-]{0,80}") {
        let _ = npy(&[b"\x93NUMPY\x01\x00", &bytes[..]].concat());
        let _ = outcome("noise.csv", &bytes);
        if let Ok(read) = csv(&text) {
            prop_assert_eq!(read.rows * read.columns, read.values.len());
            prop_assert!(read.rows > 0);
        }
    }
}
