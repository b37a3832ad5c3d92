//! Matrices of numbers, a point in each row: vectors from elsewhere, and maps on their way out.

mod columns;
mod counts;
mod csv;
mod header;
mod labels;
mod layout;
mod lines;
mod npy;
mod number;
pub(crate) mod options;
pub(crate) mod read;
mod row_names;
mod separator;
pub(crate) mod table;
mod text;

/// Numbers in rows and columns, of which there is at least one each.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Points.
    pub rows: usize,
    /// Numbers of each point.
    pub columns: usize,
    /// `rows * columns` numbers, a row after the other. What f32 cannot hold is rounded; it may become infinite.
    pub values: Vec<f32>,
}
