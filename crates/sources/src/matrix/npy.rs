//! NumPy's format for an array: a line of Python that says type, order and shape, then the values as bytes.
//!
//! Its three keys are few enough to read here without a parser of Python, and what they claim is held against the
//! length of the file before anything is multiplied or memory is taken.
//! The format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use super::table::{Table, Values};
use crate::error::Error;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// NumPy itself refuses longer ones.
const LONGEST_HEADER: usize = 10_000;
/// Headers are padded, so that the values begin at a multiple of it.
const ALIGNMENT: usize = 64;
/// Whole numbers up to this are held by f64.
const WHOLE: f64 = 9_007_199_254_740_992.0;
/// Values that are read or written at once.
const CHUNK: usize = 1 << 14;

/// Writes float32 values of rows of `columns` numbers as a `.npy` file.
///
/// # Errors
/// When `out` fails, and when there are no columns or `values` are not whole rows.
pub fn write_npy(out: &mut dyn Write, columns: usize, values: &[f32]) -> io::Result<()> {
    if columns == 0 || !values.len().is_multiple_of(columns) {
        let why = format!("{} values are not rows of {columns}", values.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let rows = values.len() / columns;
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Magic, version and length before it, a line feed behind it.
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    header.push('\n');
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    let mut bytes = Vec::with_capacity(4 * CHUNK);
    for chunk in values.chunks(CHUNK) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
        out.write_all(&bytes)?;
    }
    Ok(())
}

pub(super) fn read(file: File, stored: u64, path: &Path) -> Result<Table, Error> {
    let mut stream = BufReader::with_capacity(1 << 16, file);
    decode(&mut stream, stored).map_err(|flaw| match flaw {
        Flaw::Format(why) => Error::matrix(path, why),
        Flaw::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            Error::matrix(path, "it ends within its header")
        }
        Flaw::Io(source) => Error::io("read", path, source),
    })
}

/// Why an array cannot be read.
enum Flaw {
    Format(String),
    Io(io::Error),
}

impl From<String> for Flaw {
    fn from(why: String) -> Self {
        Flaw::Format(why)
    }
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Flaw::Io(error)
    }
}

fn decode(stream: &mut impl Read, stored: u64) -> Result<Table, Flaw> {
    let (header, begins) = read_header(stream)?;
    let kind = Kind::of(&header.kind)?;
    let Some((&rows, dims)) = header.shape.split_first() else {
        return Err("it is a single number without dimensions".to_owned().into());
    };
    let held = stored.saturating_sub(begins);
    let shape = header.shape.iter().map(u64::to_string).collect::<Vec<_>>().join("x");
    if let Some(nothing) = header.shape.iter().position(|&dim| dim == 0) {
        let what = if nothing == 0 { "rows" } else { "columns" };
        return Err(format!("it has no {what} (its shape is {shape})").into());
    }
    let bytes = header.shape.iter().try_fold(kind.bytes as u64, |product, &dim| product.checked_mul(dim));
    if bytes != Some(held) {
        let size = kind.bytes;
        return Err(format!("its header promises {shape} values of {size} bytes, but {held} bytes follow").into());
    }

    // No dimension or product of them is larger than the file is long.
    let too_large = |_| Flaw::Format(format!("{shape} values do not fit into memory"));
    let count = usize::try_from(held / kind.bytes as u64).map_err(|_| too_large(()))?;
    let rows = rows as usize;
    let dims: Vec<usize> = dims.iter().map(|&dim| dim as usize).collect();
    let columns = count / rows;
    let layout = Layout { count, rows, dims, fortran_order: header.fortran_order };
    // What f32 holds takes half the memory.
    let values = if kind.is_single {
        kind.values(stream, &layout, |value| value as f32)?.map(Values::Single)
    } else {
        kind.values(stream, &layout, |value| value)?.map(Values::Double)
    };
    let mut table = Table::new(rows, columns, values.ok_or_else(|| too_large(()))?);
    if let (Values::Double(values), 'i' | 'u') = (&table.values, kind.letter)
        && values.iter().any(|value| value.abs() > WHOLE)
    {
        table.notes.push("it has whole numbers beyond 2^53, which are rounded".into());
    }
    Ok(table)
}

/// How many values there are, and how they lie.
struct Layout {
    count: usize,
    rows: usize,
    /// All but the first.
    dims: Vec<usize>,
    fortran_order: bool,
}

/// Where a value stands in C's order of `dims` that stands at `at` in Fortran's.
fn column(mut at: usize, dims: &[usize]) -> usize {
    let mut column = 0;
    for dim in dims {
        column = column * dim + at % dim;
        at /= dim;
    }
    column
}

/// How a number is stored.
struct Kind {
    /// `f`, `i`, `u` or `b`.
    letter: char,
    bytes: usize,
    big_endian: bool,
    /// Whether f32 holds all such numbers.
    is_single: bool,
    /// From its bits.
    number: fn(u64) -> f64,
}

impl Kind {
    fn of(descr: &str) -> Result<Self, String> {
        let name = descr.trim_start_matches(['<', '>', '|', '=']);
        let (bytes, number): (_, fn(u64) -> f64) = match name {
            "f4" => (4, |bits| f64::from(f32::from_bits(bits as u32))),
            "f8" => (8, f64::from_bits),
            "u1" => (1, |bits| bits as f64),
            "u2" => (2, |bits| bits as f64),
            "u4" => (4, |bits| bits as f64),
            "u8" => (8, |bits| bits as f64),
            "i1" => (1, |bits| f64::from(bits as i8)),
            "i2" => (2, |bits| f64::from(bits as i16)),
            "i4" => (4, |bits| f64::from(bits as i32)),
            "i8" => (8, |bits| bits as i64 as f64),
            "b1" => (1, |bits| f64::from(u8::from(bits != 0))),
            _ => {
                return Err(format!(
                    "its values are of type '{}', where floats of 4 or 8 bytes, integers and booleans can be read",
                    descr.escape_debug()
                ));
            }
        };
        let letter = name.chars().next().unwrap_or_default();
        Ok(Kind { letter, bytes, big_endian: descr.starts_with('>'), is_single: bytes < 4 || name == "f4", number })
    }

    /// All values in C's order; `None` if they do not fit into memory.
    fn values<T: Copy + Default>(
        &self,
        stream: &mut impl Read,
        layout: &Layout,
        convert: impl Fn(f64) -> T,
    ) -> io::Result<Option<Vec<T>>> {
        let Layout { count, rows, dims, fortran_order } = layout;
        let mut values = Vec::new();
        if values.try_reserve_exact(*count).is_err() {
            return Ok(None);
        }
        if *fortran_order {
            values.resize(*count, T::default());
            let mut at = 0;
            self.each(stream, *count, |value| {
                values[at % rows * (count / rows) + column(at / rows, dims)] = convert(value);
                at += 1;
            })?;
        } else {
            self.each(stream, *count, |value| values.push(convert(value)))?;
        }
        Ok(Some(values))
    }

    /// Calls `take` with each of `count` numbers.
    fn each(&self, stream: &mut impl Read, count: usize, mut take: impl FnMut(f64)) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK * self.bytes];
        let mut left = count;
        while left > 0 {
            let now = left.min(CHUNK);
            let buffer = &mut buffer[..now * self.bytes];
            stream.read_exact(buffer)?;
            for bytes in buffer.chunks_exact_mut(self.bytes) {
                if self.big_endian {
                    bytes.reverse();
                }
                let bits = bytes.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
                take((self.number)(bits));
            }
            left -= now;
        }
        Ok(())
    }
}

/// What a header says.
struct Header {
    kind: String,
    fortran_order: bool,
    shape: Vec<u64>,
}

/// The header, and where the values behind it begin.
fn read_header(stream: &mut impl Read) -> Result<(Header, u64), Flaw> {
    let mut start = [0; 8];
    stream.read_exact(&mut start)?;
    if !start.starts_with(MAGIC) {
        return Err(format!("it begins with {:02x?} instead of {MAGIC:02x?}", &start[..MAGIC.len()]).into());
    }
    let mut length = [0; 4];
    let width = match start[6] {
        1 => 2,
        2 | 3 => 4,
        version => return Err(format!("its format has version {version}, where 1 to 3 can be read").into()),
    };
    stream.read_exact(&mut length[..width])?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_HEADER {
        return Err(format!("its header has {length} bytes, where {LONGEST_HEADER} can be read").into());
    }
    let mut text = vec![0; length];
    stream.read_exact(&mut text)?;
    let header = parse_header(&String::from_utf8_lossy(&text))
        .ok_or_else(|| "its header does not say type, order and shape of an array of numbers".to_owned())?;
    Ok((header, (start.len() + width + length) as u64))
}

/// Reads e.g. `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`, in any order of the keys.
fn parse_header(text: &str) -> Option<Header> {
    let (mut kind, mut fortran_order, mut shape) = (None, None, None);
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    while !rest.is_empty() {
        let (key, after) = quoted(rest)?;
        let value = after.trim_start().strip_prefix(':')?.trim_start();
        rest = match key {
            "descr" => {
                let (word, after) = quoted(value)?;
                kind = Some(word.to_owned());
                after
            }
            "fortran_order" => {
                let yes = value.strip_prefix("True");
                fortran_order = Some(yes.is_some());
                yes.or_else(|| value.strip_prefix("False"))?
            }
            "shape" => {
                let (dims, after) = value.strip_prefix('(')?.split_once(')')?;
                shape = Some(tuple(dims)?);
                after
            }
            _ => return None,
        };
        rest = rest.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(Header { kind: kind?, fortran_order: fortran_order?, shape: shape? })
}

/// A string at the start of `text`, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|&first| first == '\'' || first == '"')?;
    text[1..].split_once(quote)
}

/// The dimensions within a tuple's parentheses: ``, `3,` or `3, 2`.
fn tuple(text: &str) -> Option<Vec<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    // Python 2 wrote an L behind a long number.
    text.strip_suffix(',').unwrap_or(text).split(',').map(|dim| dim.trim().trim_end_matches('L').parse().ok()).collect()
}
