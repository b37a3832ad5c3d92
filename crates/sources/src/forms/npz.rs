//! Arrays of NumPy in one file: those of Keras (`x_train`, `y_train` …), of MedMNIST (`train_images`, `train_labels` …), or
//! images and labels of one part.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use modiste_data::Images;
use modiste_files::regular_file;
use zip::ZipArchive;
use zip::result::ZipError;

use super::labels::Labels;
use super::part::{self, Part};
use super::planes::interleave;
use super::shapes::{self, Found};
use super::values::Pixels;
use crate::credible::is_credible;
use crate::error::Error;
use crate::npy::array::{Array, NumbersOrWords};
use crate::npy::flaw::Flaw;
use crate::npy::kind::Kind;
use crate::options::LoadOptions;
use crate::part_name::PartName;
use crate::parts::Parts;

/// Arrays of images where there is one part only, that which is taken first before the others, and those of labels.
const IMAGES: [&str; 5] = ["images", "x", "data", "image", "arr_0"];
const LABELS: [&str; 6] = ["labels", "y", "target", "label", "targets", "arr_1"];
/// So many arrays are named where none is a known one.
const NAMED: usize = 8;

/// Reads the set in an `.npz` file.
pub(crate) fn read(path: &Path, options: &LoadOptions) -> Result<Parts<Images>, Error> {
    let (file, stored) = regular_file::open(path).map_err(|source| Error::io("read", path, source))?;
    let archive = ZipArchive::new(BufReader::with_capacity(1 << 16, file)).map_err(|error| zipped(path, error))?;
    Npz { path, stored, archive, options, notes: Vec::new() }.read()
}

/// An array among the entries of the file.
#[derive(Clone)]
struct Entry {
    index: usize,
    name: String,
}

/// The arrays of a part.
struct Pair {
    part: PartName,
    images: Entry,
    labels: Entry,
}

struct Npz<'a> {
    path: &'a Path,
    /// Bytes.
    stored: u64,
    archive: ZipArchive<BufReader<File>>,
    options: &'a LoadOptions,
    notes: Vec<String>,
}

impl Npz<'_> {
    fn read(mut self) -> Result<Parts<Images>, Error> {
        let entries = self.entries();
        let pairs = pairs(&entries).map_err(|why| Error::form(self.path, why))?;
        let is_read =
            |entry: &Entry| pairs.iter().any(|pair| [pair.images.index, pair.labels.index].contains(&entry.index));
        let others = entries.iter().filter(|entry| !is_read(entry));
        let left_out = others.map(|entry| (entry.name.clone(), "it is no array of a known part".to_owned())).collect();
        let mut parts = Vec::new();
        for pair in pairs {
            let part = self.part(pair)?;
            parts.push(part);
        }
        self.notes.dedup();
        part::join(self.path, parts, self.notes, left_out)
    }

    fn entries(&self) -> Vec<Entry> {
        let name = |index| Some(self.archive.name_for_index(index)?.ok()?.into_owned());
        let entries = (0..self.archive.len()).filter_map(|index| Some((index, name(index)?)));
        entries.map(|(index, name)| Entry { index, name: name.trim_end_matches(".npy").to_owned() }).collect()
    }

    fn part(&mut self, pair: Pair) -> Result<Part, Error> {
        let Pair { part: name, images, labels } = pair;
        let shape = self.options.shape;
        let (Found { shape, has_planes, note }, mut pixels) = self.array(&images, |array| match array {
            NumbersOrWords::Numbers(mut array) => {
                let found = shapes::of_dims(&array.shape, shape)?;
                if array.count() == 0 {
                    return Err(Flaw::Format(format!("it holds no pixel (its shape is {})", array.shape_text())));
                }
                Ok((found, pixels(&mut array)?))
            }
            NumbersOrWords::Words(_) => Err(Flaw::Format("it holds words, where images should be".into())),
        })?;
        if has_planes {
            pixels.rearrange(|bytes| interleave(bytes, shape));
        }
        if let Some(note) = note {
            self.notes.push(note);
        }
        let (labels_of, is_one_hot) = self.array(&labels, label_column)?;
        if is_one_hot {
            self.notes.push("labels are taken for rows with a 1 in the column of the class".into());
        }
        let count = pixels.len() / shape.len();
        if count != labels_of.len() {
            let why = format!(
                "array '{}' has {count} images, but array '{}' {} labels; save a label with each image",
                images.name,
                labels.name,
                labels_of.len()
            );
            return Err(Error::form(self.path, why));
        }
        Ok(Part { name, path: self.path.to_owned(), shape, pixels, labels: labels_of })
    }

    /// What `read` makes of an array, which must end behind its last value.
    fn array<T>(
        &mut self,
        entry: &Entry,
        read: impl FnOnce(NumbersOrWords<&mut dyn Read>) -> Result<T, Flaw>,
    ) -> Result<T, Error> {
        let (path, name) = (self.path, &entry.name);
        let bad = |why: String| Error::form(path, format!("array '{name}' is not to be read: {why}"));
        let mut file = self.archive.by_index(entry.index).map_err(|error| zipped(path, error))?;
        let (claimed, compressed) = (file.size(), file.compressed_size().min(self.stored));
        if !is_credible(claimed.into(), compressed) {
            return Err(bad(format!("it promises {claimed} bytes, absurdly many for {compressed}; save it anew")));
        }
        let outcome = NumbersOrWords::new(&mut file as &mut dyn Read, claimed).and_then(read).and_then(|outcome| {
            // Asking for one byte more makes the decoder check its sum.
            match file.read(&mut [0])? {
                0 => Ok(outcome),
                _ => Err(Flaw::Format("more follows behind its last value".into())),
            }
        });
        outcome.map_err(|flaw| match flaw {
            Flaw::Format(why) => bad(why),
            Flaw::Io(error) if is_damage(&error) => {
                bad(format!("it is damaged ({error}); fetch or save the file anew"))
            }
            Flaw::Io(error) => Error::io("read", path, error),
        })
    }
}

fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}

fn zipped(path: &Path, error: ZipError) -> Error {
    match error {
        ZipError::Io(error) if !is_damage(&error) => Error::io("read", path, error),
        error => Error::form(path, format!("its zip archive is damaged ({error}); fetch or save it anew")),
    }
}

/// The pixels of an array, in C's order.
fn pixels(array: &mut Array<impl Read, Kind>) -> Result<Pixels, Flaw> {
    let count = array.count();
    let too_large = || Flaw::Format(format!("{count} values do not fit into memory"));
    let Kind { letter, bytes, .. } = array.values;
    if letter == 'u' && bytes == 1 && !array.fortran_order {
        let mut values = Vec::new();
        values.try_reserve_exact(count).map_err(|_| too_large())?;
        array.stream().take(count as u64).read_to_end(&mut values)?;
        if values.len() < count {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        return Ok(Pixels::of_bytes(values));
    }
    let mut pixels = Pixels::of_numbers(count, letter == 'f').ok_or_else(too_large)?;
    let white = if letter == 'b' { 255.0 } else { 1.0 };
    array.each(|place, value| pixels.set(place, value * white))?;
    pixels.check_range()?;
    Ok(pixels)
}

/// Labels `[n]`, `[n, 1]`, or `[n, classes]` with a 1 in each row; and whether they are those.
fn label_column(array: NumbersOrWords<&mut dyn Read>) -> Result<(Labels, bool), Flaw> {
    let mut labels = Labels::new("label");
    let wrong =
        |shape: String| Flaw::Format(format!("its shape is {shape}, where labels are [n]; save one for each image"));
    match array {
        NumbersOrWords::Words(mut array) => match array.shape[..] {
            [_] | [_, 1] => {
                array.each(|at, word| labels.push(word, at).map_err(Flaw::Format))?;
                Ok((labels, false))
            }
            _ => Err(wrong(array.shape_text())),
        },
        NumbersOrWords::Numbers(mut array) => match array.shape[..] {
            [_] | [_, 1] => {
                let mut failed = None;
                array.each(|at, number| {
                    if failed.is_none() {
                        failed = labels.push_number(number, at).err();
                    }
                })?;
                failed.map_or(Ok((labels, false)), |why| Err(why.into()))
            }
            [rows, columns] if columns > 0 => {
                one_hot(&mut array, rows, columns, &mut labels)?;
                Ok((labels, true))
            }
            _ => Err(wrong(array.shape_text())),
        },
    }
}

fn one_hot(array: &mut Array<impl Read, Kind>, rows: usize, columns: usize, labels: &mut Labels) -> Result<(), Flaw> {
    // How many ones a row has, and where the last is.
    let mut ones = vec![(0_u32, 0); rows];
    let mut other = None;
    array.each(|place, number| {
        let (row, column) = (place / columns, place % columns);
        if number == 1.0 {
            ones[row] = (ones[row].0.saturating_add(1), column);
        } else if number != 0.0 {
            other = other.or(Some((row, number)));
        }
    })?;
    let advice = "save the number of its class for each image";
    if let Some((row, number)) = other {
        let why =
            format!("row {row} of its {columns} columns has {number}, where 0 and a single 1 should be; {advice}");
        return Err(why.into());
    }
    for (row, (count, column)) in ones.into_iter().enumerate() {
        if count != 1 {
            let why =
                format!("row {row} of its {columns} columns has {count} ones, where a single one should be; {advice}");
            return Err(why.into());
        }
        labels.push(&column.to_string(), row)?;
    }
    Ok(())
}

/// What an array holds by its name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Images,
    Labels,
}

/// A part, what of it, and how early it is taken among those of the same meaning.
fn meaning(name: &str) -> Option<(PartName, What, usize)> {
    let name = name.to_ascii_lowercase();
    let what = |word: &str| {
        let rank = |words: &[&str]| words.iter().position(|known| *known == word);
        rank(&IMAGES).map(|rank| (What::Images, rank)).or_else(|| Some((What::Labels, rank(&LABELS)?)))
    };
    // Where there are arrays of parts, one without a part is none of them.
    if let Some((what, rank)) = what(&name) {
        return Some((PartName::Train, what, IMAGES.len() + LABELS.len() + rank));
    }
    let (first, second) = name.split_once('_')?;
    let (part, (what, rank)) = match PartName::of(first) {
        Some(part) => (part, what(second)?),
        None => (PartName::of(second)?, what(first)?),
    };
    Some((part, what, rank))
}

/// The arrays of each part.
fn pairs(entries: &[Entry]) -> Result<Vec<Pair>, String> {
    let find = |part, wanted| {
        let fitting = entries.iter().filter_map(|entry| {
            let (found, what, rank) = meaning(&entry.name)?;
            (found == part && what == wanted).then_some((rank, entry))
        });
        fitting.min_by_key(|(rank, _)| *rank).map(|(_, entry)| entry.clone())
    };
    let mut pairs = Vec::new();
    for part in PartName::ALL {
        match (find(part, What::Images), find(part, What::Labels)) {
            (Some(images), Some(labels)) => pairs.push(Pair { part, images, labels }),
            (Some(images), None) => {
                return Err(format!("array '{}' has images without labels; save their labels with them", images.name));
            }
            (None, Some(labels)) => {
                return Err(format!("array '{}' has labels without images; save the images with them", labels.name));
            }
            (None, None) => {}
        }
    }
    if pairs.iter().any(|pair| pair.part == PartName::Train) {
        return Ok(pairs);
    }
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).take(NAMED).collect();
    if entries.len() > NAMED {
        names.push("…");
    }
    let names = if names.is_empty() { "no array".to_owned() } else { names.join(", ") };
    Err(format!("it holds {names}, where x_train and y_train should be, or images and labels; save them so named"))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use modiste_data::ImageShape;
    use proptest::prelude::*;
    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    /// A `.npy` file.
    fn array(descr: &str, order: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}\n");
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), values].concat()
    }

    fn bytes(shape: &str, values: &[u8]) -> Vec<u8> {
        array("|u1", "False", shape, values)
    }

    fn floats(shape: &str, values: &[f32]) -> Vec<u8> {
        array("<f4", "False", shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in arrays {
            writer.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read_with(bytes: &[u8], options: &LoadOptions) -> Result<Parts<Images>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("set.npz");
        std::fs::write(&path, bytes).unwrap();
        let outcome = read(&path, options).map_err(|error| error.to_string());
        assert!(outcome.as_ref().err().is_none_or(|why| why.contains("set.npz")));
        outcome
    }

    fn read_arrays(arrays: &[(&str, Vec<u8>)]) -> Result<Parts<Images>, String> {
        read_with(&npz(arrays), &LoadOptions::default())
    }

    /// One part with these images, and labels 0 and 1.
    fn of_images(images: Vec<u8>) -> Result<Parts<Images>, String> {
        read_arrays(&[("images", images), ("labels", bytes("2,", &[0, 1]))])
    }

    /// Two images of four bytes with these labels.
    fn of_labels(labels: Vec<u8>) -> Result<Parts<Images>, String> {
        read_arrays(&[("x", bytes("2, 2, 2", &[0; 8])), ("y", labels)])
    }

    #[test]
    fn the_sets_of_keras_and_medmnist_have_their_parts() {
        let two = |first| bytes("2, 1, 2", &[first, 2, 3, 4]);
        let labels = || bytes("2, 1", &[0, 1]);
        for names in [
            ["x_train", "y_train", "x_val", "y_val", "x_test", "y_test"],
            ["train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels"],
            ["X_TRAIN", "Y_train", "X_valid", "y_valid", "X_test", "y_test"],
        ] {
            let values = [two(10), labels(), two(20), labels(), two(30), labels()];
            let set: Vec<_> = names.into_iter().zip(values).collect();
            let parts = read_arrays(&set).unwrap();
            assert_eq!(parts.class_names, ["0", "1"]);
            let all = [Some(parts.train), parts.validation, parts.test].map(Option::unwrap);
            for (images, first) in all.iter().zip([10, 20, 30]) {
                assert_eq!(images.pixels(), [first, 2, 3, 4]);
                assert_eq!(images.shape(), ImageShape { height: 1, width: 2, channels: 1 });
                assert_eq!(images.labels(), [0, 1]);
            }
            assert!(parts.notes.is_empty() && parts.left_out.is_empty());
        }
    }

    #[test]
    fn one_part_is_for_training_and_other_arrays_are_left_out() {
        for [images, labels] in [["images", "labels"], ["X", "y"], ["data", "target"], ["arr_0", "arr_1"]] {
            let set = [(images, bytes("1, 4", &[9; 4])), (labels, bytes("1,", &[3])), ("extra", vec![])];
            let parts = read_arrays(&set).unwrap();
            assert_eq!((parts.train.len(), parts.class_names), (1, vec!["3".to_owned()]));
            assert_eq!(parts.left_out[0].0, "extra");
        }
    }

    #[test]
    fn every_order_of_values_is_read() {
        let shape = |height, width, channels| ImageShape { height, width, channels };
        let counting: Vec<u8> = (0..24).collect();
        let of = |images| of_images(images).unwrap().train;
        let planes = of(bytes("2, 3, 2, 2", &counting));
        assert_eq!((planes.shape(), &planes.image(0)[..6]), (shape(2, 2, 3), &[0, 4, 8, 1, 5, 9][..]));
        let fortran = of(array("|u1", "True", "2, 2, 2, 3", &counting));
        assert_eq!((fortran.shape(), &fortran.image(1)[..6]), (shape(2, 2, 3), &[1, 9, 17, 5, 13, 21][..]));
        let flat = of(bytes("2, 12", &counting));
        assert_eq!((flat.shape(), flat.pixels()), (shape(2, 2, 3), &counting[..]));
        let set = npz(&[("x", bytes("2, 12", &counting)), ("y", bytes("2,", &[0, 1]))]);
        let options = LoadOptions { shape: Some(shape(4, 3, 1)), ..LoadOptions::default() };
        assert_eq!(read_with(&set, &options).unwrap().train.shape(), shape(4, 3, 1));
    }

    #[test]
    fn numbers_of_any_type_become_bytes() {
        let of = |images| of_images(images).map(|parts| (parts.train.pixels().to_vec(), parts.notes));
        let (scaled, notes) = of(floats("2, 1, 2", &[0.0, 0.2, 0.5, 1.0])).unwrap();
        assert_eq!(scaled, [0, 51, 128, 255]);
        assert!(notes[0].contains("multiplied by 255"), "{notes:?}");
        let (rounded, notes) = of(floats("2, 1, 2", &[0.0, 0.2, 0.5, 254.6])).unwrap();
        assert_eq!(rounded, [0, 0, 1, 255]);
        assert!(notes[0].contains("0 to 255"), "{notes:?}");
        assert_eq!(of(array("|b1", "False", "2, 1, 1", &[0, 1])).unwrap().0, [0, 255]);
        assert_eq!(of(array(">i2", "False", "2, 1, 1", &[0, 1, 0, 200])).unwrap().0, [1, 200]);
        for (images, words) in [
            (floats("2, 1, 1", &[-1.0, 1.0]), "from -1 to 1"),
            (floats("2, 1, 1", &[0.0, f32::NAN]), "NaN"),
            (array("<u2", "False", "2, 1, 1", &[0, 0, 0xff, 0xff]), "from 0 to 65535, as of images of 16 bits"),
            (array("|O", "False", "2, 1, 1", &[0; 2]), "without allow_pickle"),
            (bytes("2, 0, 1", &[]), "no pixel"),
            (bytes("2, 2, 1, 4", &[0; 16]), "4 channels"),
            (bytes("900, 900, 900", &[0; 8]), "promises 900x900x900"),
        ] {
            let why = of(images).unwrap_err();
            assert!(why.contains(words) && why.contains("'images'"), "expected '{words}' in: {why}");
        }
    }

    #[test]
    fn labels_are_numbers_words_or_rows_with_a_one() {
        let of = |labels| of_labels(labels).map(|parts| (parts.class_names, parts.train.labels().to_vec()));
        let words = |names: [&str; 2], labels: [u8; 2]| Ok((names.map(str::to_owned).to_vec(), labels.to_vec()));
        assert_eq!(of(bytes("2,", &[7, 3])), words(["3", "7"], [1, 0]));
        assert_eq!(of(floats("2, 1", &[1.0, 2.0])), words(["1", "2"], [0, 1]));
        assert_eq!(of(floats("2, 3", &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0])), words(["0", "2"], [1, 0]));
        assert_eq!(of(array("|S3", "False", "2,", b"c10c2\0")), words(["c2", "c10"], [1, 0]));
        let utf_32: Vec<u8> = "犬\0猫x".chars().flat_map(|character| u32::from(character).to_be_bytes()).collect();
        assert_eq!(of(array(">U2", "False", "2,", &utf_32)), words(["犬", "猫x"], [0, 1]));
        for (labels, words) in [
            (array("<i4", "False", "2,", &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), "label 1 has label -1"),
            (array("<i2", "False", "2,", &[1, 0, 0, 1]), "label 1 has label 256"),
            (floats("2,", &[0.5, 1.0]), "label 0 has label 0.5"),
            (bytes("2, 3", &[1, 0, 0, 1, 1, 0]), "row 1 of its 3 columns has 2 ones"),
            (bytes("2, 3", &[1, 0, 0, 7, 0, 0]), "row 1 of its 3 columns has 7"),
            (bytes("3,", &[0; 3]), "array 'x' has 2 images, but array 'y' 3 labels"),
            (bytes("2, 1, 1", &[0; 2]), "its shape is 2x1x1"),
            (array("|U0", "False", "2,", &[]), "of type '|U0'"),
        ] {
            let why = of(labels).unwrap_err();
            assert!(why.contains(words), "expected '{words}' in: {why}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let some = || bytes("1, 1, 1", &[0]);
        for (set, words) in [
            (vec![], "holds no array"),
            (vec![("a", some()), ("b", some())], "holds a, b, where x_train and y_train should be"),
            (vec![("x_test", some()), ("y_test", some())], "holds x_test, y_test"),
            (vec![("x_train", some())], "'x_train' has images without labels"),
            (vec![("y_train", some())], "'y_train' has labels without images"),
        ] {
            let why = read_arrays(&set).err().unwrap();
            assert!(why.contains(words), "expected '{words}' in: {why}");
        }
        let set = [
            ("x_train", bytes("1, 2, 2", &[0; 4])),
            ("y_train", bytes("1,", &[0])),
            ("x_test", some()),
            ("y_test", bytes("1,", &[0])),
        ];
        assert!(read_arrays(&set).err().unwrap().contains("images of 2x2 and of 1x1 pixels"));
        assert!(read_with(b"no zip", &LoadOptions::default()).err().unwrap().contains("damaged"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damage_never_brings_it_down(cut in 0.0..1.0, flips in prop::collection::vec((0.0..1.0, 0_u8..8), 0..4)) {
            let mut set = npz(&[
                ("x_train", floats("2, 2, 2", &[0.5; 8])),
                ("y_train", array("<U1", "False", "2,", &[97, 0, 0, 0, 98, 0, 0, 0])),
                ("x_test", array("<i2", "True", "1, 2, 2", &[1, 0, 2, 0, 3, 0, 4, 0])),
                ("y_test", array("<U1", "False", "1,", &[97, 0, 0, 0])),
            ]);
            let length = set.len() as f64;
            for (place, bit) in flips {
                set[(place * length) as usize] ^= 1 << bit;
            }
            let _ = read_with(&set, &LoadOptions::default());
            set.truncate((cut * length) as usize);
            prop_assert!(read_with(&set, &LoadOptions::default()).is_err());
        }

        #[test]
        fn damaged_arrays_never_bring_it_down(place in 0.0..1.0, byte in any::<u8>()) {
            // With the sums of the archive right.
            let mut images = array("<f2", "True", "2, 2, 2", &[0; 16]);
            let mut labels = array("<U1", "False", "2,", &[97, 0, 0, 0, 98, 0, 0, 0]);
            for array in [&mut images, &mut labels] {
                let place = (place * array.len() as f64) as usize;
                array[place] = byte;
            }
            let _ = read_arrays(&[("x", images), ("y", labels)]);
        }
    }
}
