//! Products of matrices in f32, by the crate `gemm-f32`, over slices whose lengths are checked.

use gemm_common::Parallelism;
use gemm_f32::gemm::f32::get_gemm_fn;

/// A matrix that lies in a slice, `[rows, columns]`; element (i, j) is at `i * row_step + j * column_step`.
#[derive(Clone, Copy)]
pub(crate) struct MatrixView<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> MatrixView<'a> {
    /// Rows one after the other.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert!(values.len() >= rows * columns, "a matrix lies within its values");
        Self { values, rows, columns, row_step: columns, column_step: 1 }
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Rows as columns.
    pub(crate) fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, row_step: self.column_step, column_step: self.row_step, ..self }
    }
}

/// C `[a.rows, b.columns]` = A · B, or C += A · B, on the calling thread.
pub(crate) fn multiply(a: MatrixView<'_>, b: MatrixView<'_>, c: &mut [f32], accumulate: bool) {
    assert!(a.columns == b.rows && c.len() >= a.rows * b.columns, "the sizes of a product match");
    // The kernels like columns that lie one after the other: those of the transposed product, Bᵀ · Aᵀ = Cᵀ.
    let (first, second, column_step, row_step) = match b.columns {
        1 => (a, b, 1, 1),
        width => (b.transposed(), a.transposed(), width as isize, 1),
    };
    // SAFETY: `MatrixView::new` has checked that both operands lie within their slices, and C does too.
    unsafe {
        get_gemm_fn()(
            first.rows,
            second.columns,
            first.columns,
            c.as_mut_ptr(),
            column_step,
            row_step,
            accumulate,
            first.values.as_ptr(),
            first.column_step as isize,
            first.row_step as isize,
            second.values.as_ptr(),
            second.column_step as isize,
            second.row_step as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_match_plain_sums(
            (rows, inner, columns) in (1usize..20, 0usize..20, 1usize..20),
            (left, right, accumulate) in (any::<bool>(), any::<bool>(), any::<bool>()),
        ) {
            let number = |at: usize| ((at * 7919) % 13) as f32 - 6.0;
            let a: Vec<f32> = (0..rows * inner).map(number).collect();
            let b: Vec<f32> = (0..inner * columns).map(|at| number(at + 5)).collect();
            let mut c: Vec<f32> = (0..rows * columns).map(|at| number(at + 3)).collect();
            let before = c.clone();
            let one = match left {
                true => MatrixView::new(&a, inner, rows).transposed(),
                false => MatrixView::new(&a, rows, inner),
            };
            let other = match right {
                true => MatrixView::new(&b, columns, inner).transposed(),
                false => MatrixView::new(&b, inner, columns),
            };
            multiply(one, other, &mut c, accumulate);
            for row in 0..rows {
                for column in 0..columns {
                    let term = |k: usize| {
                        let one = if left { a[k * rows + row] } else { a[row * inner + k] };
                        one * if right { b[column * inner + k] } else { b[k * columns + column] }
                    };
                    let start = if accumulate { before[row * columns + column] } else { 0.0 };
                    // Small whole numbers, so every sum is exact.
                    prop_assert_eq!(c[row * columns + column], start + (0..inner).map(term).sum::<f32>());
                }
            }
        }
    }
}
