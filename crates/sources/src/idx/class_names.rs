//! What the classes of a directory are called: line k of its `classes.txt` names class k, counted from 0.
//!
//! A name in the wrong place makes every later result a false one, so nothing is guessed: a flaw is named with its line. Byte
//! order marks and the line ends of any system are read.

use std::fs;
use std::path::{Path, PathBuf};

use modiste_files::regular_file;

use crate::error::Error;
use crate::progress::{Event, Progress};

/// A label is a byte.
const MOST_CLASSES: usize = 256;
/// Bytes: far more than so many names take.
const LARGEST_FILE: u64 = 1 << 20;

/// What tables call a column of names, in any case.
const HEADERS: [&str; 8] = ["label", "labels", "class", "classes", "name", "names", "class_name", "class name"];

/// The names of classes, by label.
pub(crate) struct ClassNames {
    pub(crate) names: Vec<String>,
    /// The file that they come from.
    pub(crate) file: Option<PathBuf>,
}

/// Names of classes, one on each line of a text file, without numbers before them.
///
/// # Errors
/// When the file cannot be read, or a line is no name.
pub fn read_class_names(path: &Path) -> Result<Vec<String>, Error> {
    let bad = |why: String| Error::Classes { path: path.to_owned(), why };
    let length = fs::metadata(path).map_err(|source| Error::io("read", path, source))?.len();
    if length > LARGEST_FILE {
        return Err(bad(format!("it has {length} bytes, far more than names take")));
    }
    let bytes = regular_file::read(path).map_err(|source| Error::io("read", path, source))?;
    lines(&bytes).map(|lines| lines.names).map_err(bad)
}

/// The lines of the directory's `classes.txt`, if it has one.
pub(crate) fn find(dir: &Path, progress: &dyn Progress) -> Result<Option<ClassNames>, Error> {
    let is_named = |name: &str| name.eq_ignore_ascii_case("classes.txt");
    let entries = fs::read_dir(dir).map_err(|source| Error::io("read", dir, source))?;
    let mut files: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| is_named(&file_name(path))).collect();
    // The usual name last, which is then taken.
    files.sort_by_key(|path| file_name(path) == "classes.txt");
    let Some(path) = files.pop() else { return Ok(None) };
    let bad = |why: String| Error::Classes { path: path.clone(), why };
    let meta = fs::metadata(&path).map_err(|source| Error::io("read", &path, source))?;
    if !meta.is_file() {
        return Err(bad("it is not a file".into()));
    }
    if meta.len() > LARGEST_FILE {
        return Err(bad(format!("it has {} bytes, far more than names take", meta.len())));
    }
    let bytes = fs::read(&path).map_err(|source| Error::io("read", &path, source))?;
    let Lines { names, numbered } = lines(&bytes).map_err(bad)?;
    if numbered {
        let notice = format!("the lines of {} are numbered: names begin after the numbers", path.display());
        progress.report(Event::Notice(&notice));
    }
    Ok(Some(ClassNames { names, file: Some(path) }))
}

impl ClassNames {
    /// Refuses a first line that names all the others, where there is one line more than classes; `highest` is the last of
    /// these.
    pub(crate) fn check_header(&self, highest: u8) -> Result<(), Error> {
        let is_header = self.names.len() == usize::from(highest) + 2
            && HEADERS.iter().any(|header| self.names[0].eq_ignore_ascii_case(header));
        match &self.file {
            Some(path) if is_header => {
                let why = format!(
                    "line 1, '{}', seems to say what the others are, since there are labels for one name less",
                    self.names[0]
                );
                Err(Error::Classes { path: path.clone(), why })
            }
            _ => Ok(()),
        }
    }

    /// Refuses names that are too few for the labels in `file`.
    pub(crate) fn check_labels(&self, labels: &[u8], file: &Path) -> Result<(), Error> {
        let (Some(path), names) = (&self.file, self.names.len()) else { return Ok(()) };
        match labels.iter().max() {
            Some(&label) if usize::from(label) >= names => {
                let (line, file) = (usize::from(label) + 1, file.display());
                let has = if names == 1 { "1 name".to_owned() } else { format!("{names} names") };
                let why = format!("it has {has}, but label {label} is in {file}, whose name would be on line {line}");
                Err(Error::Classes { path: path.clone(), why })
            }
            _ => Ok(()),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The names that a text holds, and whether their numbers have been taken off them.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    names: Vec<String>,
    numbered: bool,
}

fn lines(bytes: &[u8]) -> Result<Lines, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        return Err("it is UTF-16 or no text: save it as UTF-8".into());
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        format!("line {line} is not UTF-8 text: save it as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    // Spaces may follow the last name.
    let names: Vec<&str> = text.trim_end().split('\n').map(|line| line.trim_matches(' ')).collect();
    if names == [""] {
        return Err("it is empty".into());
    }
    if names.len() > MOST_CLASSES {
        return Err(format!("it has {} names, where labels tell at most {MOST_CLASSES} classes apart", names.len()));
    }
    if names[0] == "#" || names[0].starts_with("# ") {
        return Err("line 1 is a comment, where the name of class 0 should be".into());
    }
    if names.len() > 1 && are_numbers_in_disorder(&names) {
        return Err("its lines are the numbers of classes in another order than theirs".into());
    }
    let numbers_off = unnumbered(&names)?;
    let numbered = numbers_off.is_some();
    let names = numbers_off.unwrap_or(names);
    for (class, name) in names.iter().enumerate() {
        let line = class + 1;
        if name.trim().is_empty() {
            return Err(format!("line {line} is empty, where the name of class {class} should be"));
        }
        if let Some(character) = name.chars().find(|&character| is_unseen(character)) {
            return Err(format!(
                "line {line} has the character {}, which is not to be seen",
                character.escape_default()
            ));
        }
        if let Some(earlier) = names[..class].iter().position(|other| other == name) {
            return Err(format!("lines {} and {line} both say '{name}'", earlier + 1));
        }
    }
    Ok(Lines { names: names.into_iter().map(|name| name.trim().to_owned()).collect(), numbered })
}

/// Whether nobody sees a character that makes a name another one, or another to look at: control characters, line ends other
/// than those of files, spaces of no width, byte order marks, and what turns the direction of writing about. (What joins letters
/// or keeps them apart is part of some languages.)
fn is_unseen(character: char) -> bool {
    let known = ['\u{ad}', '\u{200b}', '\u{2028}', '\u{2029}', '\u{2060}', '\u{feff}'];
    character.is_control()
        || known.contains(&character)
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Names without the numbers before them, where each line begins with that of its class, as in `0 cat`.
fn unnumbered<'a>(names: &[&'a str]) -> Result<Option<Vec<&'a str>>, String> {
    let split: Option<Vec<(usize, &str)>> = names.iter().map(|name| numbered(name)).collect();
    let Some(split) = split else { return Ok(None) };
    let mut sorted: Vec<usize> = split.iter().map(|&(number, _)| number).collect();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..names.len()) {
        return Ok(None);
    }
    match split.iter().enumerate().find(|(class, (number, _))| class != number) {
        Some((class, (number, _))) => {
            Err(format!("line {} is numbered {number}, where the name of class {class} should be", class + 1))
        }
        None => Ok(Some(split.into_iter().map(|(_, name)| name).collect())),
    }
}

/// Whether the names are 0, 1, 2, … and not in that order.
fn are_numbers_in_disorder(names: &[&str]) -> bool {
    let Ok(mut numbers) = names.iter().map(|name| name.parse()).collect::<Result<Vec<usize>, _>>() else {
        return false;
    };
    let is_in_order = numbers.is_sorted();
    numbers.sort_unstable();
    !is_in_order && numbers.into_iter().eq(0..names.len())
}

/// `0 cat`, `0: cat` or `0,cat` as its number and name.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let (number, name) = line.split_at(line.find(|character: char| !character.is_ascii_digit())?);
    let name = name.trim_start_matches([':', ',', ')', '.']);
    let name = if name.starts_with([' ', '\t']) || line.as_bytes().get(number.len()) == Some(&b',') {
        name.trim_matches([' ', '\t'])
    } else {
        return None;
    };
    (!name.is_empty()).then_some((number.parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: impl AsRef<[u8]>) -> Vec<String> {
        let Lines { names, numbered } = lines(bytes.as_ref()).unwrap();
        assert!(!numbered);
        names
    }

    #[test]
    fn line_k_names_class_k_in_the_files_of_any_system() {
        for text in
            ["ant\nbee\ncat", "ant\nbee\ncat\n", "ant\r\nbee\r\ncat\r\n", "ant\rbee\rcat\r", "ant \n bee\ncat\n\n \n"]
        {
            assert_eq!(names(text), ["ant", "bee", "cat"], "{text:?}");
            assert_eq!(names(format!("\u{feff}{text}")), ["ant", "bee", "cat"], "{text:?}");
        }
        assert_eq!(names("犬\nT-shirt/top\n0\n"), ["犬", "T-shirt/top", "0"]);
    }

    #[test]
    fn a_flaw_is_named_with_its_line() {
        let utf_16: Vec<u8> = "a\nb\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [&[0xff, 0xfe], &utf_16[..]].concat();
        let latin = b"ant\ncaf\xe9\n".to_vec();
        for (bytes, words) in [
            (b"\nant\nbee\n".to_vec(), "line 1 is empty, where the name of class 0 should be"),
            (b"ant\r\n\r\nbee\r\n".to_vec(), "line 2 is empty"),
            (b"ant\n\t\nbee\n".to_vec(), "line 2 is empty"),
            (b"".to_vec(), "it is empty"),
            (b"\xef\xbb\xbf\n\n".to_vec(), "it is empty"),
            (b"ant\nbee\nant\n".to_vec(), "lines 1 and 3 both say 'ant'"),
            (b"ant\n\x1b[31mbee\n".to_vec(), "line 2 has the character \\u{1b}, which is not to be seen"),
            (b"ant\tbee\n".to_vec(), "line 1 has the character \\t"),
            ("ant\nant\u{200b}\n".into(), "line 2 has the character \\u{200b}"),
            ("ant\n\u{feff}bee\n".into(), "line 2 has the character \\u{feff}"),
            ("ant\u{202e}bee\n".into(), "line 1 has the character \\u{202e}"),
            (utf_16, "save it as UTF-8"),
            (marked, "UTF-16"),
            (latin, "line 2 is not UTF-8"),
            (b"# kinds\nant\nbee\n".to_vec(), "line 1 is a comment"),
            (b"2\n0\n1\n".to_vec(), "the numbers of classes in another order"),
            (b"1 bee\n0 ant\n".to_vec(), "line 1 is numbered 1, where the name of class 0 should be"),
        ] {
            let found = lines(&bytes).unwrap_err();
            assert!(found.contains(words), "expected '{words}' in: {found}");
        }
    }

    #[test]
    fn numbers_that_count_the_lines_are_no_part_of_names() {
        for text in ["0 ant\n1 bee\n", "0: ant\n1: bee\n", "0,ant\n1,bee\n", "0\tant\n1\tbee\n", "0) ant\n1. bee"] {
            let expected = Lines { names: vec!["ant".into(), "bee".into()], numbered: true };
            assert_eq!(lines(text.as_bytes()), Ok(expected), "{text:?}");
        }
        assert_eq!(names("0-9\n1-9\n"), ["0-9", "1-9"]);
        assert_eq!(names("1 euro\n2 euros\n"), ["1 euro", "2 euros"]);
        assert_eq!(names("0 ant\nbee\n"), ["0 ant", "bee"]);
    }
}
