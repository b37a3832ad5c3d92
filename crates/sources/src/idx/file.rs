//! The IDX format of MNIST and its relatives: a header of big-endian numbers, then one byte per value.
//!
//! A header is two zero bytes, the type of the values (8 is u8), the number of dimensions, and each dimension as
//! a 32-bit number. Files are gzipped as a rule; their first bytes tell, whatever their name says. What a header
//! claims is never believed: memory grows only as bytes really come.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use modiste_files::regular_file;

use crate::credible::is_credible;
use crate::error::Error;
use crate::file_kind::FileKind;
use crate::gzip::{self, Members};

/// The values of an IDX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// One to four dimensions, the outermost first.
    pub dims: Vec<usize>,
    /// The product of `dims` many values, the last dimension varying fastest.
    pub values: Vec<u8>,
}

/// Reads an IDX file, gzipped or raw.
///
/// # Errors
/// When the file cannot be read, and [`Error::Idx`] when it is not whole: a bad header, more or fewer values than
/// the header says, a damaged gzip stream, or more data than such a file can sensibly hold.
pub fn read(path: &Path) -> Result<Idx, Error> {
    let (file, stored) = regular_file::open(path).map_err(|source| Error::io("read", path, source))?;
    decode(BufReader::with_capacity(1 << 16, file), stored, path)
}

/// Reads what [`read`] does from bytes in memory or any other reader of `stored` bytes; `path` is for messages.
///
/// # Errors
/// As [`read`].
pub fn decode(stream: impl BufRead, stored: u64, path: &Path) -> Result<Idx, Error> {
    let mut stream = Uninterrupted(stream);
    // A first read may bring a single byte, as from a network.
    let mut start = Vec::with_capacity(gzip::MAGIC.len());
    stream
        .by_ref()
        .take(gzip::MAGIC.len() as u64)
        .read_to_end(&mut start)
        .map_err(|source| Error::io("read", path, source))?;
    let gzipped = start == gzip::MAGIC;
    let stream = start.as_slice().chain(stream);
    if gzipped { unpacked(Members::new(stream), stored, true, path) } else { unpacked(stream, stored, false, path) }
}

/// A reader whose reads are tried again where a signal has interrupted them, which is no damage.
struct Uninterrupted<R>(R);

impl<R: BufRead> Read for Uninterrupted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

impl<R: BufRead> BufRead for Uninterrupted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.0.fill_buf() {
                Ok([]) => return Ok(&[]),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // What has been filled is only handed out.
        self.0.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.0.consume(count)
    }
}

fn unpacked(mut stream: impl Read, stored: u64, gzipped: bool, path: &Path) -> Result<Idx, Error> {
    let bad = |why: String| Error::idx(path, why);
    let broken = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof if gzipped => bad("its gzip stream ends too early".into()),
        io::ErrorKind::UnexpectedEof => bad("it ends within its header".into()),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            bad(format!("its gzip stream is damaged ({source})"))
        }
        _ => Error::io("read", path, source),
    };

    let mut magic = [0; 4];
    stream.read_exact(&mut magic).map_err(broken)?;
    let rank = match magic {
        [0, 0, 8, rank @ 1..=4] => usize::from(rank),
        [0, 0, 8, rank] => return Err(bad(format!("it has {rank} dimensions, where 1 to 4 can be read"))),
        [0, 0, kind, _] => {
            return Err(bad(format!(
                "its values are of type {kind:#04x}, where only unsigned bytes (0x08) can be read"
            )));
        }
        _ => return Err(another_kind(magic, path)),
    };
    let mut dims = Vec::with_capacity(rank);
    for _ in 0..rank {
        let mut dim = [0; 4];
        stream.read_exact(&mut dim).map_err(broken)?;
        dims.push(u32::from_be_bytes(dim) as usize);
    }
    let shape = shape_of(&dims);
    let Allowance { claimed, reserved } = allowance(&dims, stored, gzipped).map_err(bad)?;
    let mut values = Vec::new();
    // Nothing is wrong with the file then.
    values.try_reserve(reserved).map_err(|_| Error::io("read", path, io::ErrorKind::OutOfMemory.into()))?;
    stream.by_ref().take(claimed).read_to_end(&mut values).map_err(broken)?;
    if (values.len() as u64) < claimed {
        return Err(bad(format!("its header promises {shape} values, but only {} follow", values.len())));
    }
    // Asking for one byte more also makes the gzip decoder check its sums.
    match stream.read(&mut [0]).map_err(broken)? {
        0 => Ok(Idx { dims, values }),
        _ => Err(bad(format!("more follows after the {shape} values its header promises"))),
    }
}

/// What is wrong with a file that begins with other bytes than an IDX file: it is another kind of file, as a rule.
fn another_kind(start: [u8; 4], path: &Path) -> Error {
    const WRITE: &str = "write its bytes behind the header of an IDX file";
    let (kind, remedy) = match FileKind::of(&start) {
        // It has been unpacked once.
        Some(FileKind::Gzip) => ("gzipped twice", "unpack it once"),
        Some(kind) => {
            let remedy = match kind {
                FileKind::LfsPointer => "fetch that with `git lfs pull`",
                FileKind::WebPage => "fetch the file itself",
                FileKind::Zip | FileKind::Gzip | FileKind::Compressed => "unpack it",
                FileKind::NumpyArray | FileKind::OldWorkbook | FileKind::Hdf5 | FileKind::Parquet => WRITE,
            };
            (kind.name(), remedy)
        }
        None if start.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) => {
            ("text", "write the values as bytes behind the header of an IDX file")
        }
        None => return Error::idx(path, format!("it begins with {start:02x?} instead of [00, 00, 08, dimensions]")),
    };
    Error::Idx { path: path.to_owned(), why: format!("it is {kind}"), remedy }
}

fn shape_of(dims: &[usize]) -> String {
    dims.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

/// What a header that can be believed asks for.
#[derive(Debug, PartialEq, Eq)]
struct Allowance {
    /// Values to read, at most: memory for no more is ever taken.
    claimed: u64,
    /// Values to take memory for before any has come.
    reserved: usize,
}

/// How much memory a file of `stored` bytes may take whose header says `dims`, or why its header is not believed.
fn allowance(dims: &[usize], stored: u64, gzipped: bool) -> Result<Allowance, String> {
    let shape = shape_of(dims);
    // Four 32-bit dimensions fit into 128 bits.
    let claimed = dims.iter().map(|&dim| dim as u128).product::<u128>();
    let held = stored.saturating_sub(4 + 4 * dims.len() as u64);
    if !gzipped && claimed != u128::from(held) {
        return Err(format!("its header promises {shape} values, but the bytes that follow are {held}"));
    }
    if gzipped && !is_credible(claimed, stored) {
        return Err(format!("its header promises {shape} values, absurdly many for a file of {stored} bytes"));
    }
    // Checked above to be at most the length of a file, or at most a hundred times it.
    let claimed = claimed as u64;
    // Reserving what a raw file verifiably holds, or a usual gzip ratio, spares the copies of growing.
    let likely = if gzipped { stored.saturating_mul(4) } else { held };
    Ok(Allowance { claimed, reserved: claimed.min(likely) as usize })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_what_a_file_holds_and_not_what_it_promises() {
        // Raw: exactly what follows the header, or nothing.
        assert_eq!(allowance(&[600, 8, 8], 16 + 38_400, false), Ok(Allowance { claimed: 38_400, reserved: 38_400 }));
        for stored in [0, 3, 16, 38_400, 16 + 38_399, 16 + 38_401] {
            assert!(allowance(&[600, 8, 8], stored, false).unwrap_err().contains("600x8x8 values"), "{stored}");
        }
        // Gzipped: at first four times what is stored, and never more than a hundred times, beyond what is harmless.
        assert_eq!(allowance(&[1000, 100, 100], 50, true), Ok(Allowance { claimed: 10_000_000, reserved: 200 }));
        assert_eq!(allowance(&[10], 50, true), Ok(Allowance { claimed: 10, reserved: 10 }));
        assert_eq!(allowance(&[256, 1 << 20], 50, true).map(|allowance| allowance.reserved), Ok(200));
        let (megabyte, gigabyte) = (1 << 20, 1 << 30);
        assert!(allowance(&[gigabyte], 11 * megabyte, true).is_ok());
        assert!(allowance(&[gigabyte], 10 * megabyte, true).unwrap_err().contains("absurdly"));
        let most = u32::MAX as usize;
        for dims in [&[most][..], &[most; 4], &[60_000, 1 << 20, 1 << 20], &[257, 1 << 20]] {
            assert!(allowance(dims, 1000, true).unwrap_err().contains("absurdly"), "{dims:?}");
            assert!(allowance(dims, 1000, false).is_err(), "{dims:?}");
        }
    }
}
