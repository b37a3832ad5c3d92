//! The header of a `.npy` file: a line of Python that says type, order and shape of the values behind it.
//!
//! Its three keys are few enough to read here without a parser of Python.
//! The format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::io::Read;

use super::flaw::Flaw;
use super::write::MAGIC;

/// NumPy itself refuses longer ones.
const LONGEST_HEADER: usize = 10_000;

/// What a header says.
pub(super) struct Header {
    pub(super) kind: String,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
}

/// The header, and where the values behind it begin.
pub(super) fn read_header(stream: &mut impl Read) -> Result<(Header, u64), Flaw> {
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
