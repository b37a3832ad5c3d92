//! An array of numbers, or of words, whose values come one by one.
//!
//! What its header claims is held against the length of the file before anything is multiplied or memory is taken.

use std::io::Read;

use super::flaw::Flaw;
use super::header::{Header, read_header};
use super::kind::Kind;
use super::words::Words;

/// Values that are read at once.
const CHUNK: usize = 1 << 14;

/// An array whose header has been read, and whose values, each a `V`, follow in `stream`.
pub(crate) struct Array<R, V> {
    stream: R,
    pub(crate) values: V,
    /// As many values as the file really has.
    pub(crate) shape: Vec<usize>,
    pub(crate) fortran_order: bool,
}

/// An array of either.
pub(crate) enum NumbersOrWords<R> {
    Numbers(Array<R, Kind>),
    Words(Array<R, Words>),
}

impl<R: Read> NumbersOrWords<R> {
    /// Reads the header of an array of `stored` bytes.
    pub(crate) fn new(mut stream: R, stored: u64) -> Result<Self, Flaw> {
        let (header, begins) = read_header(&mut stream)?;
        let held = stored.saturating_sub(begins);
        Ok(match Words::of(&header.kind) {
            Some(words) => Self::Words(Array::behind(header, stream, held, words.bytes, words)?),
            None => {
                let kind = Kind::of(&header.kind)?;
                Self::Numbers(Array::behind(header, stream, held, kind.bytes, kind)?)
            }
        })
    }
}

impl<R, V> Array<R, V> {
    /// The values behind a header, of `size` bytes each, where `held` bytes follow.
    fn behind(header: Header, stream: R, held: u64, size: usize, values: V) -> Result<Self, Flaw> {
        let bytes = header.shape.iter().try_fold(size as u64, |product, &dim| product.checked_mul(dim));
        if bytes != Some(held) {
            let shape = header.shape.iter().map(u64::to_string).collect::<Vec<_>>().join("x");
            return Err(format!("its header promises {shape} values of {size} bytes, but {held} bytes follow").into());
        }
        let too_large = |_| Flaw::Format("it does not fit into memory".into());
        let shape: Vec<usize> =
            header.shape.into_iter().map(usize::try_from).collect::<Result<_, _>>().map_err(too_large)?;
        usize::try_from(held).map_err(too_large)?;
        Ok(Self { stream, values, shape, fortran_order: header.fortran_order })
    }

    /// All values.
    pub(crate) fn count(&self) -> usize {
        // Beside a dimension that is 0, others may be anything.
        if self.shape.contains(&0) { 0 } else { self.shape.iter().product() }
    }

    /// As `60000x28x28`.
    pub(crate) fn shape_text(&self) -> String {
        self.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
    }

    /// Where the values lie; what remains of it when they have been read.
    pub(crate) fn stream(&mut self) -> &mut R {
        &mut self.stream
    }
}

impl<R: Read> Array<R, Kind> {
    /// Reads the header of an array of `stored` bytes, which holds numbers.
    pub(crate) fn of_numbers(mut stream: R, stored: u64) -> Result<Self, Flaw> {
        let (header, begins) = read_header(&mut stream)?;
        let kind = Kind::of(&header.kind)?;
        Self::behind(header, stream, stored.saturating_sub(begins), kind.bytes, kind)
    }

    /// Calls `take` with each number and its place in C's order.
    pub(crate) fn each(&mut self, mut take: impl FnMut(usize, f64)) -> Result<(), Flaw> {
        let Self { stream, values: kind, shape, fortran_order } = self;
        // Of one dimension both orders are the same.
        let is_turned = *fortran_order && shape.len() > 1;
        let count = if shape.contains(&0) { 0 } else { shape.iter().product() };
        each(stream, kind.bytes, count, |at, bytes| {
            take(if is_turned { place(at, shape) } else { at }, kind.number(bytes));
            Ok(())
        })
    }
}

impl<R: Read> Array<R, Words> {
    /// Calls `take` with each word, in the order of the file.
    pub(crate) fn each(&mut self, mut take: impl FnMut(usize, &str) -> Result<(), Flaw>) -> Result<(), Flaw> {
        let (count, words) = (self.count(), &self.values);
        each(&mut self.stream, words.bytes, count, |at, bytes| {
            let word = words.word(bytes).ok_or_else(|| Flaw::Format(format!("its value {at} is no text")))?;
            take(at, &word)
        })
    }
}

/// Calls `take` with the bytes of each of `count` values of `size` bytes.
fn each(
    stream: &mut impl Read,
    size: usize,
    count: usize,
    mut take: impl FnMut(usize, &mut [u8]) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let chunk = (CHUNK * 8 / size).max(1).min(count);
    let mut buffer = vec![0; chunk * size];
    let mut at = 0;
    while at < count {
        let buffer = &mut buffer[..(count - at).min(chunk) * size];
        stream.read_exact(buffer)?;
        for bytes in buffer.chunks_exact_mut(size) {
            take(at, bytes)?;
            at += 1;
        }
    }
    Ok(())
}

/// Where a value stands in C's order of `dims` that stands at `at` in Fortran's.
fn place(mut at: usize, dims: &[usize]) -> usize {
    let mut place = 0;
    for dim in dims {
        place = place * dim + at % dim;
        at /= dim;
    }
    place
}
