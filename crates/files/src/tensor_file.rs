//! Named tensors, of f32 or bytes, with text beside them, as a safetensors file.
//!
//! The `safetensors` crate reads; writing is done here, because the crate puts the texts in the order of a hash map
//! that differs from process to process, and equal runs are to give equal files. The texts carry a checksum over
//! themselves and all tensors, which the format lacks: a flipped bit is found, not trained on.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata};
use serde_json::{Map, Value, json};

use crate::atomic;
use crate::error::FileError;
use crate::fingerprint::Fingerprint;
use crate::regular_file;

/// The text that holds the checksum.
const CHECKSUM: &str = "checksum";

/// In bytes. A larger file is not read: it is to fit into memory.
const LARGEST_FILE: u64 = 16 << 30;

/// A tensor to be written.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// What it is found by.
    pub name: String,
    /// Its sizes, the outermost dimension first.
    pub shape: Vec<usize>,
    /// As many as the product of `shape`, the last dimension varying fastest.
    pub values: Values<'a>,
}

/// The values of a tensor.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Numbers, four bytes each.
    Floats(&'a [f32]),
    /// Bytes, such as pixels.
    Bytes(&'a [u8]),
}

impl Values<'_> {
    /// What the format calls their type.
    fn kind(self) -> &'static str {
        match self {
            Self::Floats(_) => "F32",
            Self::Bytes(_) => "U8",
        }
    }

    /// Bytes in the file.
    fn size(self) -> usize {
        match self {
            Self::Floats(values) => 4 * values.len(),
            Self::Bytes(values) => values.len(),
        }
    }
}

/// Writes tensors, in their order, and texts. See [`atomic::write`] for what a failure leaves.
///
/// # Errors
/// When the system refuses.
pub fn write(path: &Path, texts: &BTreeMap<&str, String>, tensors: &[Tensor<'_>]) -> Result<(), FileError> {
    atomic::write(path, |writer| fill(writer, texts, tensors))
}

/// The same for what can be made again. See [`atomic::write_unsynced`]; the checksum tells what a loss of power left.
///
/// # Errors
/// When the system refuses.
pub fn write_unsynced(path: &Path, texts: &BTreeMap<&str, String>, tensors: &[Tensor<'_>]) -> Result<(), FileError> {
    atomic::write_unsynced(path, |writer| fill(writer, texts, tensors))
}

fn fill(writer: &mut dyn Write, texts: &BTreeMap<&str, String>, tensors: &[Tensor<'_>]) -> io::Result<()> {
    let header = header(texts, tensors);
    writer.write_all(&(header.len() as u64).to_le_bytes())?;
    writer.write_all(header.as_bytes())?;
    for tensor in tensors {
        match tensor.values {
            Values::Floats(values) => write_floats(writer, values)?,
            Values::Bytes(values) => writer.write_all(values)?,
        }
    }
    Ok(())
}

/// The JSON that a safetensors file begins with, padded so that the values lie at a multiple of eight bytes.
fn header(texts: &BTreeMap<&str, String>, tensors: &[Tensor<'_>]) -> String {
    let mut checksum = Checksum::new(texts.iter().map(|(key, text)| (*key, text.as_str())));
    let mut entries = Map::new();
    let mut start = 0;
    for tensor in tensors {
        let end = start + tensor.values.size();
        let entry = json!({ "dtype": tensor.values.kind(), "shape": tensor.shape, "data_offsets": [start, end] });
        entries.insert(tensor.name.clone(), entry);
        let checksum = checksum.tensor(&tensor.name, &tensor.shape);
        match tensor.values {
            Values::Floats(values) => checksum.floats(values),
            Values::Bytes(values) => checksum.field(values),
        };
        start = end;
    }
    let mut all: Map<String, Value> = texts.iter().map(|(key, text)| ((*key).to_owned(), json!(text))).collect();
    all.insert(CHECKSUM.to_owned(), json!(checksum.0.digits()));
    entries.insert("__metadata__".to_owned(), Value::Object(all));
    let mut header = Value::Object(entries).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    header
}

fn write_floats(writer: &mut dyn Write, values: &[f32]) -> io::Result<()> {
    values.chunks(1 << 14).try_for_each(|chunk| {
        let bytes: Vec<u8> = chunk.iter().flat_map(|value| value.to_le_bytes()).collect();
        writer.write_all(&bytes)
    })
}

/// Over the texts by key, then the tensors in their order.
struct Checksum(Fingerprint);

impl Checksum {
    fn new<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut fingerprint = Fingerprint::new();
        for (key, text) in texts {
            fingerprint.field(key.as_bytes()).field(text.as_bytes());
        }
        Self(fingerprint)
    }

    /// A tensor, of which the caller is to add the values.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> &mut Fingerprint {
        let shape: Vec<u8> = shape.iter().flat_map(|&size| (size as u64).to_le_bytes()).collect();
        self.0.field(name.as_bytes()).field(&shape)
    }
}

/// A file that has been read and found whole.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    kind: &'static str,
    texts: HashMap<String, String>,
    header: Metadata,
    /// The whole file.
    bytes: Vec<u8>,
    /// Where the values begin.
    values: usize,
}

impl TensorFile {
    /// Reads a file that should be a `kind`; allocates no more than a small multiple of what the file holds.
    ///
    /// # Errors
    /// When it cannot be read, is not safetensors, or is damaged.
    pub fn read(path: &Path, kind: &'static str) -> Result<Self, FileError> {
        Self::parse(path, kind, Self::content(path, kind)?)
    }

    /// The same of a file's content, which errors call `name`.
    ///
    /// # Errors
    /// When it is not safetensors, or is damaged.
    pub fn of_bytes(name: &Path, kind: &'static str, bytes: Vec<u8>) -> Result<Self, FileError> {
        Self::parse(name, kind, bytes)
    }

    /// The same of a file that others may have written: its checksum is not asked for where it has none.
    ///
    /// # Errors
    /// When it cannot be read, is not safetensors, or is damaged.
    pub fn read_foreign(path: &Path, kind: &'static str) -> Result<Self, FileError> {
        Self::parse_foreign(path, kind, Self::content(path, kind)?)
    }

    /// The bytes of a file.
    fn content(path: &Path, kind: &'static str) -> Result<Vec<u8>, FileError> {
        let io = |source| FileError::io("read", path, source);
        let (file, length) = regular_file::open(path).map_err(io)?;
        if length > LARGEST_FILE {
            return Err(FileError::invalid(path, kind, format!("it has {length} bytes, far too many")));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length as usize).map_err(|_| io(ErrorKind::OutOfMemory.into()))?;
        file.take(LARGEST_FILE).read_to_end(&mut bytes).map_err(io)?;
        Ok(bytes)
    }

    fn parse(path: &Path, kind: &'static str, bytes: Vec<u8>) -> Result<Self, FileError> {
        let file = Self::parse_foreign(path, kind, bytes)?;
        file.text(CHECKSUM)?;
        Ok(file)
    }

    fn parse_foreign(path: &Path, kind: &'static str, bytes: Vec<u8>) -> Result<Self, FileError> {
        let invalid = |why: String| FileError::invalid(path, kind, why);
        let (length, header) =
            SafeTensors::read_metadata(&bytes).map_err(|_| invalid("it is cut short or damaged".to_owned()))?;
        let texts = header.metadata().clone().unwrap_or_default();
        let file = Self { path: path.to_owned(), kind, texts, header, bytes, values: 8 + length };
        if file.texts.get(CHECKSUM).is_some_and(|written| *written != file.checksum()) {
            return Err(invalid("its checksum does not match its content, so it is damaged".to_owned()));
        }
        Ok(file)
    }

    fn checksum(&self) -> String {
        let texts: BTreeMap<_, _> = self.texts.iter().filter(|(key, _)| *key != CHECKSUM).collect();
        let mut checksum = Checksum::new(texts.into_iter().map(|(key, text)| (key.as_str(), text.as_str())));
        let mut tensors: Vec<_> = self.header.tensors().into_iter().collect();
        tensors.sort_by_key(|(_, info)| info.data_offsets);
        for (name, info) in tensors {
            let (start, end) = info.data_offsets;
            checksum.tensor(&name, &info.shape).field(&self.bytes[self.values..][start..end]);
        }
        checksum.0.digits()
    }

    /// The text under `key`.
    ///
    /// # Errors
    /// When there is none.
    pub fn text(&self, key: &str) -> Result<&str, FileError> {
        self.texts.get(key).map(String::as_str).ok_or_else(|| {
            self.invalid(format!("it lacks the text '{key}', so it was not written by this program or is damaged"))
        })
    }

    /// Whether there is a text under `key`.
    pub fn has_text(&self, key: &str) -> bool {
        self.texts.contains_key(key)
    }

    /// The JSON document under `key`.
    ///
    /// # Errors
    /// When there is none, or it is not one of these.
    pub fn document<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<T, FileError> {
        serde_json::from_str(self.text(key)?).map_err(|error| self.invalid(format!("'{key}' in it: {error}")))
    }

    /// Names of all tensors, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.header.tensors().into_keys().collect();
        names.sort();
        names
    }

    /// Whether there are tensors whose names begin so.
    pub fn holds(&self, prefix: &str) -> bool {
        self.header.tensors().keys().any(|name| name.starts_with(prefix))
    }

    /// The sizes of the tensor of this name, if there is one.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.header.info(name).map(|info| info.shape.as_slice())
    }

    /// The values of a tensor, which must have this name and shape, as bytes: an f32 each, little-endian.
    ///
    /// # Errors
    /// When there is no such tensor.
    pub fn expect(&self, name: &str, shape: &[usize]) -> Result<&[[u8; 4]], FileError> {
        Ok(self.raw(name, Dtype::F32, shape)?.as_chunks().0)
    }

    /// The values of a tensor of bytes, which must have this name and shape.
    ///
    /// # Errors
    /// When there is no such tensor.
    pub fn bytes(&self, name: &str, shape: &[usize]) -> Result<&[u8], FileError> {
        self.raw(name, Dtype::U8, shape)
    }

    fn raw(&self, name: &str, kind: Dtype, shape: &[usize]) -> Result<&[u8], FileError> {
        let info = self.header.info(name).ok_or_else(|| self.invalid(format!("it lacks the tensor {name}")))?;
        if info.dtype != kind || info.shape != shape {
            let found = format!("{:?} {:?}", info.dtype, info.shape);
            return Err(self.invalid(format!("the tensor {name} is {found}, but should be {kind:?} {shape:?}")));
        }
        let (start, end) = info.data_offsets;
        Ok(&self.bytes[self.values..][start..end])
    }

    /// Copies the values of a tensor, which must have this name and shape, to as many `values`.
    ///
    /// # Errors
    /// When there is no such tensor, or one of its values is NaN or infinite.
    pub fn copy(&self, name: &str, shape: &[usize], values: &mut [f32]) -> Result<(), FileError> {
        let bytes = self.expect(name, shape)?;
        if bytes.len() != values.len() {
            return Err(self.invalid(format!("the tensor {name} has {} values", bytes.len())));
        }
        for (value, bytes) in values.iter_mut().zip(bytes) {
            *value = f32::from_le_bytes(*bytes);
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(self.invalid(format!("the tensor {name} holds values that are not numbers")));
        }
        Ok(())
    }

    /// Room for so many values of it.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn room_for(&self, values: usize) -> Result<Vec<f32>, FileError> {
        let mut room = Vec::new();
        let exhausted = |_| FileError::io("read", &self.path, ErrorKind::OutOfMemory.into());
        room.try_reserve_exact(values).map_err(exhausted)?;
        Ok(room)
    }

    /// An error about this file.
    pub fn invalid(&self, why: impl Into<String>) -> FileError {
        FileError::invalid(&self.path, self.kind, why)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn sample(path: &Path) {
        let texts = BTreeMap::from([("recipe", "name = \"a\"".to_owned()), ("epoch", "3".to_owned())]);
        let tensor =
            |name: &str, shape: &[usize], values| Tensor { name: name.to_owned(), shape: shape.to_vec(), values };
        let tensors = [
            tensor("b", &[2, 2], Values::Floats(&[1.0, -2.5, 3.25, f32::MIN_POSITIVE])),
            tensor("a", &[1], Values::Floats(&[7.0])),
            tensor("pixels", &[3], Values::Bytes(&[0, 9, 255])),
            tensor("none", &[0, 5], Values::Bytes(&[])),
        ];
        write(path, &texts, &tensors).unwrap();
    }

    fn sample_bytes() -> Vec<u8> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.safetensors");
        sample(&path);
        fs::read(path).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back_bit_for_bit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.safetensors");
        sample(&path);
        let file = TensorFile::read(&path, "model").unwrap();
        let mut values = [0.0; 4];
        file.copy("b", &[2, 2], &mut values).unwrap();
        assert_eq!(values, [1.0, -2.5, 3.25, f32::MIN_POSITIVE]);
        assert_eq!(file.text("epoch").unwrap(), "3");
        assert_eq!(
            (file.bytes("pixels", &[3]).unwrap(), file.bytes("none", &[0, 5]).unwrap()),
            (&[0, 9, 255][..], &[][..])
        );
        assert!(file.bytes("b", &[2, 2]).is_err() && file.bytes("pixels", &[4]).is_err());
        let problem = file.copy("b", &[4], &mut values).unwrap_err().to_string();
        assert!(problem.contains("x.safetensors") && problem.contains("[2, 2]"), "{problem}");
        // The values stand aligned, so that others can map the file into memory.
        assert_eq!(file.values % 8, 0);
    }

    #[test]
    fn others_can_read_it_and_equal_content_gives_equal_bytes() {
        let bytes = sample_bytes();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.tensor("a").unwrap().data(), 7.0f32.to_le_bytes());
        assert_eq!(bytes, sample_bytes());
    }

    #[test]
    fn files_of_others_are_refused() {
        let path = Path::new("foreign.safetensors");
        for bytes in [&b""[..], b"PK\x03\x04", &[0xff; 64], b"\x02\0\0\0\0\0\0\0{}"] {
            let problem = TensorFile::parse(path, "model", bytes.to_vec()).unwrap_err().to_string();
            assert!(problem.starts_with("foreign.safetensors is not a valid model: "), "{problem}");
            assert!(!problem.contains('\n'), "{problem}");
        }
    }

    proptest! {
        #[test]
        fn any_damaged_byte_is_found(at in any::<prop::sample::Index>(), change in 1u8..) {
            let mut bytes = sample_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            // A header may say the same in other words, e.g. with another kind of white space, and a changed type of
            // values is found when they are asked for.
            let mut values = [0.0; 4];
            if let Ok(file) = TensorFile::parse(Path::new("x"), "model", bytes)
                && file.copy("b", &[2, 2], &mut values).is_ok()
            {
                prop_assert_eq!(values, [1.0, -2.5, 3.25, f32::MIN_POSITIVE]);
            }
        }

        #[test]
        fn cut_or_random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
            let mut sample = sample_bytes();
            sample.truncate(cut.index(sample.len()));
            prop_assert!(TensorFile::parse(Path::new("x"), "model", sample).is_err());
            prop_assert!(TensorFile::parse(Path::new("x"), "model", bytes.clone()).is_err());
            // With a length that fits, so that the header is looked at.
            let length = (bytes.len() as u64).to_le_bytes();
            bytes.splice(0..0, length);
            prop_assert!(TensorFile::parse(Path::new("x"), "model", bytes).is_err());
        }
    }
}
