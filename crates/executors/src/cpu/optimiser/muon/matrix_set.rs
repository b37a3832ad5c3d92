//! Which matrices there are, where their values lie, and how they are cut into tasks.

use std::ops::Range;

use modiste_network::Matrix;

use crate::cpu::context::Context;
use crate::cpu::kernels::transpose::Transpose;
use crate::cpu::runtime::memory::{Disjoint, LINE};
use crate::cpu::runtime::thread_pool::split_range;

/// Rows that one task takes at most: whole register tiles of 6 and of 12 rows. More use the right operand more often,
/// fewer make more tasks; not measured against other numbers.
const ROWS_PER_TASK: usize = 48;

/// Values from one row of a matrix to the next: an odd number of cache lines, so that a column is spread over all of a
/// cache.
pub(super) fn pitch(columns: usize) -> usize {
    LINE * (columns.div_ceil(LINE) | 1)
}

/// A matrix, and where everything that belongs to it lies in buffers that hold the same of all matrices.
#[derive(Debug)]
pub(super) struct Place {
    /// In the parameters, `[rows, columns]`.
    pub parameter: Range<usize>,
    /// Outputs.
    pub rows: usize,
    /// All else.
    pub columns: usize,
    /// Factor of its steps.
    pub scale: f64,
    /// Values like it, `[rows, pitch]`.
    pub matrix: Range<usize>,
    /// Its transpose, `[columns, pitch]`, if it is wide. One that is not takes part in products as it lies.
    pub transposed: Range<usize>,
    /// A product of it with itself, `[side, pitch]`.
    pub square: Range<usize>,
    /// Its tasks among all that are cut by rows.
    pub tasks: Range<usize>,
}

impl Place {
    /// Whether its rows are the smaller side.
    pub(super) fn is_wide(&self) -> bool {
        self.rows < self.columns
    }

    /// Rows and columns of its product with itself.
    pub(super) fn side(&self) -> usize {
        self.rows.min(self.columns)
    }

    /// Where some of its rows lie among values like it.
    pub(super) fn matrix_rows(&self, rows: &Range<usize>) -> Range<usize> {
        let pitch = pitch(self.columns);
        self.matrix.start + rows.start * pitch..self.matrix.start + rows.end * pitch
    }

    /// Where some rows of its square lie.
    pub(super) fn square_rows(&self, rows: &Range<usize>) -> Range<usize> {
        let pitch = pitch(self.side());
        self.square.start + rows.start * pitch..self.square.start + rows.end * pitch
    }

    /// Where some of its rows lie among the parameters.
    pub(super) fn parameter_rows(&self, rows: &Range<usize>) -> Range<usize> {
        self.parameter.start + rows.start * self.columns..self.parameter.start + rows.end * self.columns
    }

    /// Copies rows `[rows, pitch]` into the columns of the transpose, if there is one.
    pub(super) fn transpose(
        &self,
        context: Context<'_>,
        rows: &Range<usize>,
        values: &[f32],
        transposed: &Disjoint<'_, f32>,
    ) {
        if self.is_wide() {
            assert!(values.len() == rows.len() * pitch(self.columns) && rows.end <= self.rows, "rows of the matrix");
            let kernel = Transpose {
                from: values.as_ptr(),
                from_step: pitch(self.columns),
                rows: rows.len(),
                columns: self.columns,
                to: transposed.pointer(self.transposed.clone()).wrapping_add(rows.start),
                to_step: pitch(self.rows),
            };
            // SAFETY: the rows have just been found whole, their columns are these rows' own, and the place holds them all.
            unsafe { context.isa.run(kernel) };
        }
    }
}

/// Some rows of a matrix.
#[derive(Debug)]
struct Task {
    place: usize,
    rows: Range<usize>,
}

/// All matrices.
#[derive(Debug, Default)]
pub(super) struct MatrixSet {
    places: Vec<Place>,
    /// All rows of all matrices.
    of_rows: Vec<Task>,
    /// All rows of all squares.
    of_squares: Vec<Task>,
    /// Values of all matrices, of all transposes, and of all squares.
    pub matrix_len: usize,
    /// See `matrix_len`.
    pub transposed_len: usize,
    /// See `matrix_len`.
    pub square_len: usize,
}

impl MatrixSet {
    /// Plans for some matrices. Nothing is allocated for their values.
    pub(super) fn new(matrices: &[Matrix<'_>]) -> Self {
        let mut set = Self::default();
        for (index, matrix) in matrices.iter().enumerate() {
            let Matrix { parameter, rows, columns } = *matrix;
            let (side, wide) = (rows.min(columns), rows < columns);
            let transposed = if wide { columns * pitch(rows) } else { 0 };
            let first = set.of_rows.len();
            set.of_rows.extend(tasks(index, rows));
            set.of_squares.extend(tasks(index, side));
            set.places.push(Place {
                parameter: parameter.range.clone(),
                rows,
                columns,
                scale: matrix.scale(),
                matrix: append(&mut set.matrix_len, rows * pitch(columns)),
                transposed: append(&mut set.transposed_len, transposed),
                square: append(&mut set.square_len, side * pitch(side)),
                tasks: first..set.of_rows.len(),
            });
        }
        set
    }

    /// Tasks of [`Self::for_rows`].
    pub(super) fn row_tasks(&self) -> usize {
        self.of_rows.len()
    }

    /// Calls `work(task, matrix, rows)` for all rows of all matrices.
    pub(super) fn for_rows(&self, context: Context<'_>, work: impl Fn(usize, &Place, &Range<usize>) + Sync) {
        context.threads.run(self.of_rows.len(), |task, _| {
            let Task { place, rows } = &self.of_rows[task];
            work(task, &self.places[*place], rows);
        });
    }

    /// Calls `work(matrix, rows)` for all rows of all squares.
    pub(super) fn for_squares(&self, context: Context<'_>, work: impl Fn(&Place, &Range<usize>) + Sync) {
        context.threads.run(self.of_squares.len(), |task, _| {
            let Task { place, rows } = &self.of_squares[task];
            work(&self.places[*place], rows);
        });
    }
}

/// Nearly equal parts of the rows of one matrix.
fn tasks(place: usize, rows: usize) -> impl Iterator<Item = Task> {
    let parts = rows.div_ceil(ROWS_PER_TASK);
    (0..parts).map(move |part| Task { place, rows: split_range(rows, parts, part) })
}

/// The next `more` values of a buffer of `len` values.
fn append(len: &mut usize, more: usize) -> Range<usize> {
    let start = *len;
    *len += more;
    start..*len
}
