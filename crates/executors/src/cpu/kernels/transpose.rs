//! A matrix's rows as columns, a square of registers at a time (bench/NOTES.md, "weights transposed in registers").

use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Kernel, Vector};

/// Transposes `rows` × `columns` values: value `column` of row `row`, at `from + row · from_step + column`, goes to
/// `to + column · to_step + row`.
///
/// Valid where both hold what the steps reach, neither reaches into the other, and nobody else touches what is written.
pub(crate) struct Transpose {
    /// First value.
    pub from: *const f32,
    /// Values from one row to the next.
    pub from_step: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Where the first value goes.
    pub to: *mut f32,
    /// Values from where one column goes to where the next does.
    pub to_step: usize,
}

impl Kernel for Transpose {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Self { from, from_step, rows, columns, to, to_step } = self;
        let (whole_rows, whole_columns) = (rows - rows % V::LANES, columns - columns % V::LANES);
        for column in (0..whole_columns).step_by(V::LANES) {
            for row in (0..whole_rows).step_by(V::LANES) {
                // SAFETY: a whole block inside the matrix that the caller vouches for.
                unsafe {
                    let from = from.add(row * from_step + column);
                    V::transpose(from, from_step, to.add(column * to_step + row), to_step);
                }
            }
        }
        for row in 0..rows {
            let left = if row < whole_rows { whole_columns } else { 0 };
            for column in left..columns {
                // SAFETY: inside the matrix.
                unsafe { *to.add(column * to_step + row) = *from.add(row * from_step + column) };
            }
        }
    }

    /// Nothing but moves.
    fn work(&self) -> Work {
        Work::new("transposition", 0, 2 * self.rows * self.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::simd::Isa;

    #[test]
    fn every_value_goes_to_its_place_and_nothing_else_is_touched() {
        for isa in Isa::available() {
            // An interpreter takes minutes for the largest.
            let sizes = [(1, 1), (3, 40), (16, 16), (17, 33), (32, 784), (48, 5)];
            for (rows, columns) in sizes.into_iter().filter(|(rows, columns)| !cfg!(miri) || rows * columns < 1000) {
                let (from_step, to_step) = (columns + 3, rows + 2);
                let value = |row: usize, column: usize| (row * columns + column) as f32;
                let mut from = vec![-1.0; rows * from_step];
                for row in 0..rows {
                    (0..columns).for_each(|column| from[row * from_step + column] = value(row, column));
                }
                let mut to = vec![-2.0; columns * to_step];
                let kernel = Transpose { from: from.as_ptr(), from_step, rows, columns, to: to.as_mut_ptr(), to_step };
                // SAFETY: the vectors hold what the steps reach.
                unsafe { isa.run(kernel) };
                for (place, &got) in to.iter().enumerate() {
                    let (column, row) = (place / to_step, place % to_step);
                    let wanted = if row < rows { value(row, column) } else { -2.0 };
                    assert_eq!(got, wanted, "{isa}, {rows} x {columns}, at {row}, {column}");
                }
            }
        }
    }
}
