//! Between filters and transformed filters.

use super::transforms::{
    FILTER, FilterAdjoint, FilterTransform, IN, POSITIONS, add_tile, both_ways, load_tile, operations,
};
use crate::cpu::runtime::memory::{Disjoint, LINE};
use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Kernel, Vector};

/// Transforms the filters of one row of channels: U = G g Gᵀ, into panels.
///
/// Valid where no other task writes this row of the panels.
pub(super) struct PackFilters<'a> {
    /// Nine values for the first column, and so on every `column_step`.
    pub weight: &'a [f32],
    /// Values from one column's filter to the next.
    pub column_step: usize,
    /// Columns that there are.
    pub columns: usize,
    /// Columns with padding; the rest are zero.
    pub pitch: usize,
    /// Columns of a panel.
    pub panel: usize,
    /// Values from one panel to the next.
    pub panel_step: usize,
    /// Values from one position to the next.
    pub position_step: usize,
    /// Where the row begins in a panel.
    pub row_offset: usize,
    /// `[position][panel][row][column]`
    pub packed: &'a Disjoint<'a, f32>,
}

impl Kernel for PackFilters<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for column in (0..self.pitch).step_by(V::LANES) {
            let mut taps = [[0.0f32; LINE]; FILTER * FILTER];
            for lane in 0..V::LANES.min(self.columns.saturating_sub(column)) {
                let filter = &self.weight[(column + lane) * self.column_step..][..9];
                for (tap, &value) in taps.iter_mut().zip(filter) {
                    tap[lane] = value;
                }
            }
            let place = column / self.panel * self.panel_step + self.row_offset + column % self.panel;
            // SAFETY: sixteen lanes at most are read of each tap; each part of the panels is this row's own.
            unsafe {
                let filter = load_tile(taps.as_ptr().cast(), LINE);
                let transformed = both_ways::<V, FilterTransform, FILTER, IN>(&filter);
                for (position, value) in transformed.as_flattened().iter().enumerate() {
                    let start = position * self.position_step + place;
                    value.store(self.packed.exclusive(start..start + V::LANES).as_mut_ptr());
                }
            }
        }
    }

    /// A transform for each column, padding too.
    fn work(&self) -> Work {
        let arithmetic = operations::<FilterTransform, FILTER, IN>() * self.pitch;
        Work::new("filter transform", arithmetic, FILTER * FILTER * self.columns + POSITIONS * self.pitch)
    }
}

/// Gᵀ dU G, from `[position][row][pitch]`, added to `[tap][row][pitch]`.
pub(super) struct FilterGradient<'a> {
    /// Gradient towards the transformed filters.
    pub d_transformed: &'a [f32],
    /// Gradient towards the filters.
    pub d_weight: &'a mut [f32],
    /// Input channels.
    pub rows: usize,
    /// Output channels with padding.
    pub pitch: usize,
}

impl Kernel for FilterGradient<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let matrix = self.rows * self.pitch;
        assert!(self.d_transformed.len() >= POSITIONS * matrix && self.d_weight.len() >= 9 * matrix);
        for place in (0..matrix).step_by(V::LANES) {
            // SAFETY: the lengths have been checked, and a matrix is a multiple of the lanes.
            unsafe {
                let from = self.d_transformed.as_ptr().add(place);
                let tile = load_tile(from, matrix);
                let taps = both_ways::<V, FilterAdjoint, IN, FILTER>(&tile);
                add_tile(&taps, self.d_weight.as_mut_ptr().add(place), matrix);
            }
        }
    }

    /// A transform for each pair of channels, added to what is there.
    fn work(&self) -> Work {
        let matrix = self.rows * self.pitch;
        let taps = FILTER * FILTER;
        let arithmetic = (operations::<FilterAdjoint, IN, FILTER>() + taps) * matrix;
        Work::new("filter adjoint", arithmetic, (POSITIONS + 2 * taps) * matrix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::runtime::memory::Buffer;
    use crate::cpu::simd::counting::declared_and_done;

    #[test]
    fn packing_does_what_it_says() {
        // With padding within a panel; an interpreter takes a second for a few values.
        let (columns, pitch) = if cfg!(miri) { (13, 16) } else { (20, 32) };
        let mut packed = Buffer::zeroed(POSITIONS * pitch);
        let kernel = PackFilters {
            weight: &vec![1.0; 9 * columns],
            column_step: 9,
            columns,
            pitch,
            panel: 8,
            panel_step: 8,
            position_step: pitch,
            row_offset: 0,
            packed: &Disjoint::new(&mut packed),
        };
        // SAFETY: there is one row only, and nobody else writes.
        let (declared, done) = unsafe { declared_and_done(kernel) };
        // The weights are read value by value, and collected in registers by way of memory.
        assert_eq!(declared.arithmetic, done.arithmetic);
    }

    #[test]
    fn the_gradient_does_what_it_says() {
        let (rows, pitch) = (3, 32);
        let d_transformed = Buffer::zeroed(POSITIONS * rows * pitch);
        let mut d_weight = Buffer::zeroed(9 * rows * pitch);
        let kernel = FilterGradient { d_transformed: &d_transformed, d_weight: &mut d_weight, rows, pitch };
        // SAFETY: slices of these lengths.
        let (declared, done) = unsafe { declared_and_done(kernel) };
        assert_eq!(declared, done);
    }
}
