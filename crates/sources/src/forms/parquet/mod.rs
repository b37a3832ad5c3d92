//! Sets of images in Parquet files, as Hugging Face has them: a column of encoded images and one of labels, in a file or several
//! for each part.

mod class_names;
mod quiet;
mod shards;
mod table;

use std::borrow::Cow;
use std::path::Path;

use ::parquet::data_type::ByteArray;

use self::shards::{Shard, shards};
use self::table::{Label, Table};
use super::labels::{self, Labels};
use crate::error::Error;
use crate::options::LoadOptions;
use crate::part_name::PartName;
use crate::parts::{Parts, PictureEntry, Pictures, ReadPicture};

/// Reads the set in a `.parquet` file, or in those of a folder or of its folder `data`.
pub(crate) fn read(path: &Path, options: &LoadOptions) -> Result<Parts<Pictures>, Error> {
    let mut left_out = Vec::new();
    let mut class_names: Option<Vec<String>> = None;
    let mut tables: Vec<(Shard, Table)> = Vec::new();
    let mut notes = Vec::new();
    for shard in shards(path, &mut left_out)? {
        let mut table = Table::read(&shard.path)?;
        if let Some(names) = table.class_names.take() {
            match &class_names {
                Some(others) if *others != names => {
                    return Err(Error::form(&shard.path, "its classes are others than those of the files before it"));
                }
                _ => class_names = Some(names),
            }
        }
        if shard.part != PartName::Train && table.is_unlabelled() {
            notes.push(format!("{} has no labels and is left out", shard.name()));
            left_out.push((shard.name(), "it has no labels".to_owned()));
            continue;
        }
        leave_out_without_bytes(&shard, &mut table, options, &mut left_out)?;
        tables.push((shard, table));
    }
    let (class_names, labels) = classes(&tables, class_names)?;
    let (mut train, mut validation, mut test) = (None, None, None);
    for ((shard, table), labels) in tables.into_iter().zip(labels) {
        let part: &mut Option<(Vec<PictureEntry>, Vec<ByteArray>)> = match shard.part {
            PartName::Train => &mut train,
            PartName::Validation => &mut validation,
            PartName::Test => &mut test,
        };
        let (entries, images) = part.get_or_insert_default();
        for (row, label) in table.rows.into_iter().zip(labels) {
            let Some(image) = row.image else { continue };
            entries.push(PictureEntry { name: format!("{}, row {}", shard.path.display(), row.number), label });
            images.push(image);
        }
    }
    let pictures = |(entries, images)| Pictures { entries, source: Box::new(InMemory(images)) };
    let train = train.filter(|(entries, _)| !entries.is_empty()).map(pictures);
    let train = train.ok_or_else(|| Error::form(path, "it has no training images; put some in"))?;
    let [validation, test] = [validation, test].map(|part| part.map(pictures));
    Ok(Parts { class_names, train, validation, test, notes, left_out })
}

/// Images that lie in memory as they are encoded.
struct InMemory(Vec<ByteArray>);

impl ReadPicture for InMemory {
    fn read(&self, index: usize) -> Result<Cow<'_, [u8]>, Error> {
        Ok(Cow::Borrowed(self.0[index].data()))
    }
}

/// Refuses rows without an image, or leaves them out where damaged files are skipped.
fn leave_out_without_bytes(
    shard: &Shard,
    table: &mut Table,
    options: &LoadOptions,
    left_out: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    let lacking = table.rows.iter().filter(|row| row.image.is_none()).map(|row| row.number);
    let why = "has no bytes of an image";
    if options.skip_bad {
        left_out.extend(lacking.map(|row| (format!("{}, row {row}", shard.name()), format!("it {why}"))));
        table.rows.retain(|row| row.image.is_some());
        return Ok(());
    }
    lacking.take(1).try_for_each(|row| {
        let advice = "embed the images in the file, or leave such rows out with --skip-bad";
        Err(Error::form(&shard.path, format!("row {row} {why}; {advice}")))
    })
}

/// The names of all classes, and the labels of each table.
fn classes(tables: &[(Shard, Table)], class_names: Option<Vec<String>>) -> Result<(Vec<String>, Vec<Vec<u8>>), Error> {
    let are_numbers = tables.iter().flat_map(|(_, table)| &table.rows).all(|row| !matches!(row.label, Label::Word(_)));
    if let Some(names) = class_names.filter(|_| are_numbers) {
        let labels =
            tables.iter().map(|(shard, table)| numbered(table, names.len(), &shard.path)).collect::<Result<_, _>>()?;
        return Ok((names, labels));
    }
    let mut columns = Vec::new();
    for (shard, table) in tables {
        let mut labels = Labels::new("row");
        for row in &table.rows {
            let pushed = match &row.label {
                Label::Number(number) => labels.push(&number.to_string(), row.number),
                Label::Word(word) => labels.push(&String::from_utf8_lossy(word.data()), row.number),
                Label::None => labels.push("", row.number),
            };
            pushed.map_err(|why| Error::form(&shard.path, why))?;
        }
        columns.push((shard.path.as_path(), labels));
    }
    labels::into_classes(&columns)
}

/// Labels that are the numbers of known classes.
fn numbered(table: &Table, classes: usize, path: &Path) -> Result<Vec<u8>, Error> {
    let label = |row: &table::Row| {
        let why = match row.label {
            Label::Number(number) => match u8::try_from(number) {
                Ok(label) if usize::from(label) < classes => return Ok(label),
                _ => format!("has label {number}, but the file names {classes} classes, from 0 on"),
            },
            _ => "has no label".to_owned(),
        };
        Err(Error::form(path, format!("row {} {why}; correct it or leave it out", row.number)))
    };
    table.rows.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use ::parquet::basic::{Compression, ZstdLevel};
    use ::parquet::data_type::{ByteArrayType, Int64Type};
    use ::parquet::file::metadata::KeyValue;
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;
    use proptest::prelude::*;

    use super::*;

    const NAMES: &str = r#"{"info": {"features": {"label": {"names": ["ant", "bee"], "_type": "ClassLabel"}}}}"#;

    /// A file of images, of which `""` has no bytes, and labels.
    struct Sample<'a> {
        images: &'a [&'a str],
        numbers: &'a [i64],
        /// In place of the numbers.
        words: &'a [&'a str],
        metadata: Option<&'a str>,
        compression: Compression,
    }

    const SAMPLE: Sample<'static> = Sample {
        images: &["first", "second"],
        numbers: &[1, 0],
        words: &[],
        metadata: Some(NAMES),
        compression: Compression::UNCOMPRESSED,
    };

    impl Sample<'_> {
        fn bytes(&self) -> Vec<u8> {
            let label = if self.words.is_empty() { "int64 label" } else { "binary label (UTF8)" };
            let schema = format!(
                "message schema {{
                    optional group image {{ optional binary bytes; optional binary path (UTF8); }}
                    optional {label};
                }}"
            );
            let metadata = self.metadata.map(|text| vec![KeyValue::new("huggingface".to_owned(), text.to_owned())]);
            let properties =
                WriterProperties::builder().set_compression(self.compression).set_key_value_metadata(metadata);
            let schema = Arc::new(parse_message_type(&schema).unwrap());
            let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
            let mut group = writer.next_row_group().unwrap();
            let words = |words: &[&str]| words.iter().map(|&word| ByteArray::from(word)).collect::<Vec<_>>();
            let there: Vec<&str> = self.images.iter().copied().filter(|image| !image.is_empty()).collect();
            let levels: Vec<i16> = self.images.iter().map(|image| if image.is_empty() { 1 } else { 2 }).collect();
            let rows = self.images.len();
            for (values, levels) in [(words(&there), levels), (vec![], vec![1; rows])] {
                let mut column = group.next_column().unwrap().unwrap();
                column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
                column.close().unwrap();
            }
            let mut column = group.next_column().unwrap().unwrap();
            let levels = vec![1; rows];
            if self.words.is_empty() {
                column.typed::<Int64Type>().write_batch(self.numbers, Some(&levels), None).unwrap();
            } else {
                column.typed::<ByteArrayType>().write_batch(&words(self.words), Some(&levels), None).unwrap();
            }
            column.close().unwrap();
            group.close().unwrap();
            writer.into_inner().unwrap()
        }
    }

    fn read_with(files: &[(&str, Vec<u8>)], options: &LoadOptions) -> Result<Parts<Pictures>, String> {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        for (name, bytes) in files {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        read(dir.path(), options).map_err(|error| error.to_string())
    }

    fn read_files(files: &[(&str, Vec<u8>)]) -> Result<Parts<Pictures>, String> {
        read_with(files, &LoadOptions::default())
    }

    /// Images and labels.
    fn content(pictures: &Pictures) -> Vec<(String, u8)> {
        let image = |at| String::from_utf8(pictures.source.read(at).unwrap().into_owned()).unwrap();
        pictures.entries.iter().enumerate().map(|(at, entry)| (image(at), entry.label)).collect()
    }

    #[test]
    fn a_file_has_images_labels_and_names_of_classes() {
        let compressions = [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())];
        for compression in compressions {
            let parts = read_files(&[("any.parquet", Sample { compression, ..SAMPLE }.bytes())]).unwrap();
            assert_eq!(parts.class_names, ["ant", "bee"]);
            assert_eq!(content(&parts.train), [("first".to_owned(), 1), ("second".to_owned(), 0)]);
            assert!(parts.train.entries[1].name.ends_with("any.parquet, row 1"));
            assert!(parts.test.is_none());
        }
    }

    #[test]
    fn labels_without_names_are_numbers_or_words() {
        for metadata in [None, Some("{}"), Some("no JSON")] {
            let set = Sample { numbers: &[7, 3], metadata, ..SAMPLE }.bytes();
            let parts = read_files(&[("a.parquet", set)]).unwrap();
            assert_eq!((parts.class_names, parts.train.entries[0].label), (vec!["3".to_owned(), "7".into()], 1));
        }
        let set = Sample { words: &["c10", "c2"], ..SAMPLE }.bytes();
        let parts = read_files(&[("a.parquet", set)]).unwrap();
        assert_eq!((parts.class_names, parts.train.entries[0].label), (vec!["c2".to_owned(), "c10".into()], 1));
    }

    #[test]
    fn each_part_has_its_files_in_order() {
        let of = |images| Sample { images, ..SAMPLE }.bytes();
        let unlabelled = Sample { numbers: &[-1, -1], ..SAMPLE }.bytes();
        let set = [
            ("data/train-00001-of-00002.parquet", of(&["c", "d"])),
            ("data/train-00000-of-00002.parquet", of(&["a", "b"])),
            ("data/validation-00000-of-00001.parquet", of(&["e", "f"])),
            ("data/test-00000-of-00001.parquet", unlabelled),
            ("data/other.parquet", vec![]),
        ];
        let parts = read_files(&set).unwrap();
        let images = content(&parts.train).into_iter().map(|(image, _)| image).collect::<String>();
        assert_eq!((images.as_str(), content(&parts.validation.unwrap()).len()), ("abcd", 2));
        assert!(parts.test.is_none() && parts.notes[0].contains("test-00000-of-00001.parquet has no labels"));
        assert_eq!(parts.left_out[0].0, "other.parquet");
        let why = read_files(&set[..1]).map(|parts| parts.train.entries.len());
        assert_eq!(why, Ok(2));
        let why = read_files(&[set[0].clone(), set[2].clone()]).err().unwrap();
        assert!(why.contains("train-00000-of-00002.parquet is not there"), "{why}");
        let why = read_files(&set[2..4]).err().unwrap();
        assert!(why.contains("no file of training images"), "{why}");
    }

    #[test]
    fn rows_that_lack_something_are_named() {
        let without = Sample { images: &["a", ""], ..SAMPLE }.bytes();
        let many = format!(r#"{{"info": {{"features": {{"label": {{"names": {:?}}}}}}}}}"#, ["a"; 257]);
        for (bytes, words) in [
            (without.clone(), "row 1 has no bytes of an image"),
            (Sample { numbers: &[0, 2], ..SAMPLE }.bytes(), "row 1 has label 2, but the file names 2 classes"),
            (Sample { numbers: &[0, -1], ..SAMPLE }.bytes(), "row 1 has label -1"),
            (Sample { numbers: &[0, 256], metadata: None, ..SAMPLE }.bytes(), "row 1 has label 256"),
            (Sample { metadata: Some(&many), ..SAMPLE }.bytes(), "it has 257 classes"),
            (b"PAR1".to_vec(), "its Parquet is damaged"),
        ] {
            let why = read_files(&[("a.parquet", bytes)]).err().unwrap();
            assert!(why.contains(words) && why.contains("a.parquet"), "expected '{words}' in: {why}");
        }
        let options = LoadOptions { skip_bad: true, ..LoadOptions::default() };
        let parts = read_with(&[("a.parquet", without)], &options).unwrap();
        assert_eq!((content(&parts.train).len(), parts.left_out[0].0.as_str()), (1, "a.parquet, row 1"));
    }

    #[test]
    fn what_the_library_asserts_of_a_page_is_an_error_too() {
        let mut bytes = SAMPLE.bytes();
        // The first page, of 19 bytes (doubled, as numbers with a sign are), is said to have none.
        assert_eq!(std::mem::replace(&mut bytes[9], 0), 38);
        let why = read_files(&[("a.parquet", bytes)]).err().unwrap();
        assert!(why.contains("a.parquet") && why.ends_with("its pages are damaged; fetch it anew"), "{why}");
    }

    proptest! {
        #[test]
        fn damage_never_brings_it_down(
            cut in 0.0..1.0,
            flips in prop::collection::vec((0.0..1.0, 0_u8..8), 1..4),
            compression in prop::sample::select(vec![Compression::UNCOMPRESSED, Compression::SNAPPY]),
        ) {
            let mut bytes = Sample { compression, ..SAMPLE }.bytes();
            let length = bytes.len() as f64;
            for (place, bit) in flips {
                bytes[(place * length) as usize] ^= 1 << bit;
            }
            let _ = read_files(&[("a.parquet", bytes.clone())]);
            bytes.truncate((cut * length) as usize);
            prop_assert!(read_files(&[("a.parquet", bytes)]).is_err());
        }
    }
}
