//! Images as lines of text, as Kaggle has them: a label and the values of all pixels, `label,pixel1,…,pixel784`.
//!
//! Lines are read one by one, and memory is taken for bytes of pixels only.

mod columns;
mod lines;

use std::path::{Path, PathBuf};

use modiste_data::Images;

use self::columns::Columns;
use self::lines::Lines;
use super::labels::Labels;
use super::part::{self, Part};
use super::shapes;
use super::values::Pixels;
use crate::error::Error;
use crate::options::LoadOptions;
use crate::part_name::PartName;
use crate::parts::Parts;

/// So many characters are shown of what stands where a number should.
const SHOWN: usize = 40;

/// Reads the set in a `.csv` or `.csv.gz` file, or in a folder of them whose names end in those of parts.
pub(crate) fn read(path: &Path, options: &LoadOptions) -> Result<Parts<Images>, Error> {
    let mut left_out = Vec::new();
    let files = if path.is_dir() { files(path, &mut left_out)? } else { vec![(PartName::Train, path.to_owned())] };
    let mut notes = Vec::new();
    let mut parts: Vec<Part> = Vec::new();
    for (name, path) in files {
        let reader = FileReader::new(&path, options)?;
        // The other parts have what the training images have.
        let pixels = parts.first().map(|train| train.shape.len());
        if name != PartName::Train && pixels.is_some_and(|pixels| reader.columns.are_unlabelled(pixels)) {
            notes.push(format!("{} has no labels and is left out", file_name(&path)));
            left_out.push((file_name(&path), "it has no labels".to_owned()));
            continue;
        }
        parts.push(reader.read(name, &mut notes)?);
    }
    notes.sort();
    notes.dedup();
    part::join(path, parts, notes, left_out)
}

/// The file of each part in a folder, that of training images first.
fn files(dir: &Path, left_out: &mut Vec<(String, String)>) -> Result<Vec<(PartName, PathBuf)>, Error> {
    let entries = std::fs::read_dir(dir).map_err(|source| Error::io("read", dir, source))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut files: Vec<(PartName, PathBuf)> = Vec::new();
    for path in paths {
        let Some(stem) = stem(&path) else { continue };
        let last = stem.rsplit(['-', '_', '.', ' ']).next().unwrap_or_default();
        let Some(part) = PartName::of(last) else {
            left_out.push((file_name(&path), "its name ends in that of no part".to_owned()));
            continue;
        };
        if let Some((_, other)) = files.iter().find(|(other, _)| *other == part) {
            let why = format!("{} and {} are of one part; keep one of them", file_name(other), file_name(&path));
            return Err(Error::form(dir, why));
        }
        files.push((part, path));
    }
    files.sort();
    if files.first().is_none_or(|(part, _)| *part != PartName::Train) {
        let why = "it has no train.csv; call the file of training images so, and that of test images test.csv";
        return Err(Error::form(dir, why));
    }
    Ok(files)
}

/// A file's name without `.csv`, `.tsv` and `.gz`, if it is one of these.
fn stem(path: &Path) -> Option<String> {
    let name = file_name(path).to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = name.strip_suffix(".csv").or_else(|| name.strip_suffix(".tsv"))?;
    (!stem.starts_with('.')).then(|| stem.to_owned())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A file whose first line has been read.
struct FileReader<'a> {
    path: &'a Path,
    lines: Lines,
    columns: Columns,
    options: &'a LoadOptions,
}

impl<'a> FileReader<'a> {
    fn new(path: &'a Path, options: &'a LoadOptions) -> Result<Self, Error> {
        let mut lines = Lines::open(path)?;
        if !lines.next()? {
            return Err(Error::form(path, "it is empty; put a label and pixels on each line"));
        }
        let columns = Columns::of_first(lines.fields());
        if columns.is_header {
            lines.next()?;
        }
        Ok(Self { path, lines, columns, options })
    }

    fn read(mut self, name: PartName, notes: &mut Vec<String>) -> Result<Part, Error> {
        let bad = |why: String| Error::form(self.path, why);
        let found = shapes::of_count(self.columns.pixels(), self.options.shape).map_err(bad)?;
        notes.extend(found.note);
        if !self.columns.has_label_name {
            notes
                .push(format!("no column is called label, so labels are taken from column {}", self.columns.label + 1));
        }
        let left_out = self.columns.left_out.iter();
        notes.extend(
            left_out
                .map(|(_, name)| format!("column '{name}' is taken for one that numbers the images and is left out")),
        );
        let (mut pixels, mut labels) = (Pixels::of_text(), Labels::new("line"));
        while !self.lines.fields().is_empty() {
            let (fields, line) = (self.lines.fields(), self.lines.number());
            if fields.len() != self.columns.count {
                let (found, expected) = (fields.len(), self.columns.count);
                return Err(bad(format!("line {line} has {found} fields, where {expected} should be; complete it")));
            }
            for (column, field) in fields.iter().enumerate() {
                if column == self.columns.label {
                    let label =
                        str::from_utf8(field).map_err(|_| bad(format!("line {line} is no UTF-8; save it so")))?;
                    labels.push(label, line).map_err(bad)?;
                } else if !self.columns.is_left_out(column) {
                    let number =
                        pixel(field).map_err(|why| bad(format!("line {line}, column {} {why}", column + 1)))?;
                    pixels.push(number);
                }
            }
            self.lines.next()?;
        }
        if labels.len() == 0 {
            return Err(bad("it has no line of pixels; put a label and pixels on each".to_owned()));
        }
        Ok(Part { name, path: self.path.to_owned(), shape: found.shape, pixels, labels })
    }
}

/// A value of a pixel, or what stands there instead.
fn pixel(field: &[u8]) -> Result<f64, String> {
    let text = str::from_utf8(field).unwrap_or_default();
    match text.parse::<f64>() {
        Ok(number) if (0.0..=255.0).contains(&number) => Ok(number),
        Ok(_) => Err(format!("is {text}, where pixels are 0 to 255, or 0 to 1; bring them there")),
        Err(_) if field.is_empty() => Err("is empty, where a pixel should be; complete the line".to_owned()),
        Err(_) => {
            let text = String::from_utf8_lossy(field);
            let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
            let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
            Err(format!("is '{shown}{more}', where a pixel should be; keep a label and pixels only"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use modiste_data::ImageShape;
    use proptest::prelude::*;

    use super::*;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Reads a folder of these files, or the file alone.
    fn read_files(files: &[(&str, &[u8])]) -> Result<Parts<Images>, String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        let path = match files {
            [(name, _)] => dir.path().join(name),
            _ => dir.path().to_owned(),
        };
        read(&path, &LoadOptions::default()).map_err(|error| error.to_string())
    }

    fn read_text(text: impl AsRef<[u8]>) -> Result<Parts<Images>, String> {
        read_files(&[("set.csv", text.as_ref())])
    }

    #[test]
    fn lines_are_images_however_they_are_written() {
        let plain = "label,p1,p2,p3,p4\n7,0,1,2,3\n3,4,5,6,255\n";
        for text in [
            plain.to_owned(),
            "7,0,1,2,3\n3,4,5,6,255".to_owned(),
            plain.replace(',', ";"),
            plain.replace(',', "\t"),
            plain.replace('\n', "\r\n\r\n"),
            format!("\u{feff}{plain}"),
            "p1,p2,p3,p4,Target\n0,1,2,3,7.0\n4, 5,\"6\",255.0,3\n".to_owned(),
            ",class,0,1,2,3\n0,7,0,1,2,3\n1,3,4,5,6,255\n".to_owned(),
        ] {
            for bytes in [text.clone().into_bytes(), gzipped(text.as_bytes())] {
                let Parts { class_names, train, test: None, .. } = read_text(bytes).unwrap() else { panic!("{text}") };
                assert_eq!(train.shape(), ImageShape { height: 2, width: 2, channels: 1 }, "{text}");
                assert_eq!((train.pixels(), train.labels()), (&[0, 1, 2, 3, 4, 5, 6, 255][..], &[1, 0][..]), "{text}");
                assert_eq!(class_names, ["3", "7"]);
            }
        }
    }

    #[test]
    fn words_are_classes_and_fractions_are_shares_of_white() {
        let parts = read_text("\"shirt, 10\",0.0,0.5,1,0\n\"shirt, 9\",0,0,0,0\n").unwrap();
        assert_eq!(parts.class_names, ["shirt, 9", "shirt, 10"]);
        assert_eq!((parts.train.labels(), parts.train.image(0)), (&[1, 0][..], &[0, 128, 255, 0][..]));
        assert_eq!(parts.notes[0], "no column is called label, so labels are taken from column 1");
        assert!(parts.notes[1].contains("multiplied by 255"));
    }

    #[test]
    fn a_folder_has_its_parts_by_name() {
        let image: &[u8] = b"label,p1,p2,p3,p4\n1,0,1,2,3\n";
        let unlabelled = b"p1,p2,p3,p4\n0,1,2,3\n";
        let set = [("mnist_train.csv", image), ("mnist_val.csv.gz", &gzipped(image)), ("mnist_test.tsv", image)];
        let parts = read_files(&set).unwrap();
        assert_eq!((parts.train.len(), parts.validation.unwrap().len(), parts.test.unwrap().len()), (1, 1, 1));

        let set = [("train.csv", image), ("test.csv", unlabelled), ("sample_submission.csv", b"ImageId,Label\n")];
        let parts = read_files(&set).unwrap();
        assert!(parts.test.is_none());
        assert_eq!(parts.notes, ["test.csv has no labels and is left out"]);
        assert!(parts.left_out.iter().any(|(name, _)| name == "sample_submission.csv"));

        let other: &[u8] = b"label,p1\n1,0\n";
        for (set, words) in [
            ([("test.csv", image), ("val.csv", image)], "has no train.csv"),
            ([("train.csv", image), ("a-train.csv", image)], "a-train.csv and train.csv are of one part"),
            ([("train.csv", image), ("test.csv", other)], "images of 2x2 and of 1x1 pixels"),
        ] {
            let why = read_files(&set).err().unwrap();
            assert!(why.contains(words), "expected '{words}' in: {why}");
        }
    }

    #[test]
    fn a_line_that_is_far_longer_than_its_gzipped_file_is_not_read_to_its_end() {
        let why = read_text(gzipped(&vec![b','; 17 << 20])).err().unwrap();
        assert!(why.contains("line 1 has more than 16 MB"), "{why}");
    }

    #[test]
    fn a_million_columns_without_a_name_take_no_time_to_speak_of() {
        let header = format!("label,p1{}\n", ",".repeat(1 << 20));
        let image = format!("7,5{}\n", ",0".repeat(1 << 20));
        assert_eq!(read_text(header + &image).unwrap().train.pixels(), [5]);
    }

    #[test]
    fn a_flaw_is_named_with_its_line_and_column() {
        for (text, words) in [
            ("", "it is empty"),
            ("label,p1,p2,p3,p4\n", "no line of pixels"),
            ("label,p1,p2,p3,p4\n\n1,0,0,0,0\n1,0,0,0\n", "line 4 has 4 fields, where 5"),
            ("label,p1,p2,p3,p4\n\n1,0,0,x,0\n", "line 3, column 4 is 'x'"),
            ("1,0,0,,0\n", "line 1, column 4 is empty"),
            ("1,0,0,256,0\n", "line 1, column 4 is 256"),
            ("1,0,0,-1,0\n", "line 1, column 4 is -1"),
            ("1,0,0,NaN,0\n", "line 1, column 4 is NaN"),
            ("1,0,0,0,0\n-4,0,0,0,0\n", "line 2 has label -4"),
            ("1,0,0,0,0\n,0,0,0,0\n", "line 2 has no label"),
            ("1,0,0\n", "have 2 values, which are no square"),
            ("1\n", "have 0 values"),
            ("1,\0,0,0,0\n", "UTF-16"),
        ] {
            let why = read_text(text).err().unwrap();
            assert!(why.contains(words) && why.contains("set.csv"), "expected '{words}' in: {why}");
        }
        let cut = gzipped(b"1,0,0,0,0\n");
        assert!(read_text(&cut[..cut.len() - 4]).err().unwrap().contains("gzip stream is damaged"));
    }

    proptest! {
        #[test]
        fn damage_never_brings_it_down(
            cut in 0.0..1.0,
            flips in prop::collection::vec((0.0..1.0, any::<u8>()), 0..4),
            is_gzipped in any::<bool>(),
        ) {
            let text = b"label,p1,p2,p3,p4\n7,0,1,2,3\n\"a\",4,5,6,0.5\n";
            let mut bytes = if is_gzipped { gzipped(text) } else { text.to_vec() };
            let length = bytes.len() as f64;
            for (place, byte) in flips {
                bytes[(place * length) as usize] = byte;
            }
            bytes.truncate((cut * length) as usize);
            let _ = read_text(&bytes);
        }
    }
}
