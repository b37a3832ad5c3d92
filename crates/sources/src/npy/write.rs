//! Matrices of float32 on their way out, as NumPy writes them.

use std::io::{self, Write};

/// What each file begins with.
pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Headers are padded, so that the values begin at a multiple of it.
const ALIGNMENT: usize = 64;
/// Values that are written at once.
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
