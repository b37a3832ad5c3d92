//! Newton and Schulz's iteration for all matrices at once, in products of squares.
//!
//! With A = X Xᵀ and Q = a I + b A + c A², the iteration is X ← Q X, and so A ← Q A Q. Where a matrix is a few times as
//! wide as high, as those of convolutions are, it is cheaper to follow A alone and multiply all Q to one P, by which X is
//! multiplied in the end. All A, Q and P of a matrix are polynomials of one another and symmetric: only rounding keeps
//! them from commuting. Of a tall matrix the same is done from the right, with A = Xᵀ X and X ← X Q.

use modiste_network::executor::muon::COEFFICIENTS;

use super::matrix_set::{MatrixSet, pitch};
use crate::cpu::context::Context;
use crate::cpu::kernels::matmul::{Product, panel_width};
use crate::cpu::runtime::memory::{Buffer, Disjoint, padded};

/// Iterations before X is formed. An eigenvalue of A that is 0 but for rounding, about -1e-7, grows by a² = 12 in each, and
/// must stay small, as it would grow without bound; X Xᵀ of a new X has none that is worse than at first.
const AT_ONCE: usize = 5;

/// What the iteration takes and makes: of each matrix what lies at its [`Place`].
#[derive(Debug, Default)]
pub(super) struct NewtonSchulz {
    /// X: divided by its norm before, and overwritten. What lies behind the columns of a row is zero.
    pub matrices: Buffer,
    /// Transposes of all that are wide.
    pub transposed: Buffer,
    /// The result.
    pub results: Buffer,
    /// A.
    grams: Buffer,
    /// Q.
    factors: Buffer,
    /// P.
    products: Buffer,
    /// What is to be A or P next.
    between: Buffer,
}

impl NewtonSchulz {
    /// Memory for the matrices of a set.
    pub(super) fn new(set: &MatrixSet) -> Self {
        let square = || Buffer::zeroed(set.square_len);
        Self {
            matrices: Buffer::zeroed(set.matrix_len),
            transposed: Buffer::zeroed(set.transposed_len),
            results: Buffer::zeroed(set.matrix_len),
            grams: square(),
            factors: square(),
            products: square(),
            between: square(),
        }
    }

    /// Values of that memory.
    pub(super) fn planned_len(set: &MatrixSet) -> usize {
        2 * set.matrix_len + set.transposed_len + 4 * set.square_len
    }

    /// Brings the singular values of all matrices near 1.
    pub(super) fn run(&mut self, set: &MatrixSet, context: Context<'_>, iterations: usize) {
        let mut left = iterations;
        while left > 0 {
            let now = left.min(AT_ONCE);
            self.multiply_with_itself(set, context);
            for iteration in 0..now {
                self.find_factors(set, context);
                if iteration + 1 < now {
                    multiply_squares(set, context, &self.factors, &self.grams, &mut self.between);
                    multiply_squares(set, context, &self.factors, &self.between, &mut self.grams);
                }
                if iteration == 0 {
                    std::mem::swap(&mut self.products, &mut self.factors);
                } else {
                    multiply_squares(set, context, &self.factors, &self.products, &mut self.between);
                    std::mem::swap(&mut self.products, &mut self.between);
                }
            }
            self.apply_products(set, context);
            left -= now;
            if left > 0 {
                self.start_from_results(set, context);
            }
        }
    }

    /// A = X Xᵀ, or Xᵀ X of a tall matrix.
    fn multiply_with_itself(&mut self, set: &MatrixSet, context: Context<'_>) {
        let grams = Disjoint::new(&mut self.grams);
        set.for_squares(context, |place, rows| {
            let matrix = &self.matrices[place.matrix.clone()];
            let step = pitch(place.columns);
            let (left, right) = if place.is_wide() {
                let left = Left { values: &matrix[rows.start * step..], row: step, column: 1, columns: place.columns };
                (left, &self.transposed[place.transposed.clone()])
            } else {
                let left = Left { values: &matrix[rows.start..], row: 1, column: step, columns: place.rows };
                (left, matrix)
            };
            // SAFETY: the rows are this task's.
            let product = unsafe { grams.exclusive(place.square_rows(rows)) };
            multiply(context, left, right, place.side(), product);
        });
    }

    /// Q = a I + b A + c A²
    fn find_factors(&mut self, set: &MatrixSet, context: Context<'_>) {
        let (a, b, c) = COEFFICIENTS;
        let (a, b, c) = (a as f32, b as f32, c as f32);
        let factors = Disjoint::new(&mut self.factors);
        set.for_squares(context, |place, rows| {
            let gram = &self.grams[place.square.clone()];
            let step = pitch(place.side());
            // SAFETY: the rows are this task's.
            let factor = unsafe { factors.exclusive(place.square_rows(rows)) };
            let left = &gram[rows.start * step..rows.end * step];
            multiply(context, Left::rows_of(left, place.side()), gram, place.side(), factor);
            for (factor, &gram) in factor.iter_mut().zip(left) {
                *factor = b * gram + c * *factor;
            }
            for (row, factor) in rows.clone().zip(factor.chunks_exact_mut(step)) {
                factor[row] += a;
            }
        });
    }

    /// P X, or X P of a tall matrix.
    fn apply_products(&mut self, set: &MatrixSet, context: Context<'_>) {
        let results = Disjoint::new(&mut self.results);
        set.for_rows(context, |_, place, rows| {
            let (matrix, square) = (&self.matrices[place.matrix.clone()], &self.products[place.square.clone()]);
            let (left, right) = if place.is_wide() { (square, matrix) } else { (matrix, square) };
            // Both are as wide as the smaller side.
            let step = pitch(place.side());
            let left = Left::rows_of(&left[rows.start * step..rows.end * step], place.side());
            // SAFETY: the rows are this task's.
            let result = unsafe { results.exclusive(place.matrix_rows(rows)) };
            multiply(context, left, right, place.columns, result);
        });
    }

    /// The results become the matrices to begin with.
    fn start_from_results(&mut self, set: &MatrixSet, context: Context<'_>) {
        let (matrices, transposed) = (Disjoint::new(&mut self.matrices), Disjoint::new(&mut self.transposed));
        set.for_rows(context, |_, place, rows| {
            // SAFETY: the rows are this task's.
            let matrix = unsafe { matrices.exclusive(place.matrix_rows(rows)) };
            let result = &self.results[place.matrix_rows(rows)];
            let step = pitch(place.columns);
            for (to, from) in matrix.chunks_exact_mut(step).zip(result.chunks_exact(step)) {
                to[..place.columns].copy_from_slice(&from[..place.columns]);
            }
            place.transpose(context, rows, matrix, &transposed);
        });
    }
}

/// A product of two squares for each matrix.
fn multiply_squares(set: &MatrixSet, context: Context<'_>, left: &Buffer, right: &Buffer, product: &mut Buffer) {
    let product = Disjoint::new(product);
    set.for_squares(context, |place, rows| {
        let left = Left::rows_of(&left[place.square_rows(rows)], place.side());
        // SAFETY: the rows are this task's.
        let product = unsafe { product.exclusive(place.square_rows(rows)) };
        multiply(context, left, &right[place.square.clone()], place.side(), product);
    });
}

/// Rows of a left operand: value k of row i lies at i · row + k · column.
struct Left<'a> {
    values: &'a [f32],
    row: usize,
    column: usize,
    columns: usize,
}

impl<'a> Left<'a> {
    /// Of a matrix as it lies.
    fn rows_of(values: &'a [f32], columns: usize) -> Self {
        Self { values, row: pitch(columns), column: 1, columns }
    }
}

/// Rows `[.., pitch]` of a product of `columns` columns, of as many rows of a matrix and a right operand as it lies, whose
/// padding becomes that of the product.
fn multiply(context: Context<'_>, left: Left<'_>, right: &[f32], columns: usize, product: &mut [f32]) {
    let step = pitch(columns);
    let rows = product.len() / step;
    let Left { values, row, column, columns: inner } = left;
    assert!(rows > 0 && inner > 0, "a product has terms");
    assert!((rows - 1) * row + (inner - 1) * column < values.len(), "a left operand of that many rows");
    assert!(inner * step <= right.len(), "a right operand of that many rows");
    let product = Product {
        a: values.as_ptr(),
        a_row: row,
        a_column: column,
        b: right.as_ptr(),
        b_row: step,
        // A panel begins where the one before ends, in the same rows.
        b_panel: panel_width(context.isa),
        c: product.as_mut_ptr(),
        c_row: step,
        rows,
        inner,
        columns: padded(columns),
        ..Product::PLAIN
    };
    // SAFETY: both operands have just been found large enough, and the product's padded columns fit in its rows.
    unsafe { context.isa.run(product) };
}
