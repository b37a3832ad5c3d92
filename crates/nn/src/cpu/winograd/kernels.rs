//! Between kernels and transformed kernels.

use super::transforms::{IN, KERNEL, KernelAdjoint, KernelTransform, POSITIONS, add_tile, both_ways, load_tile};
use crate::cpu::memory::{Disjoint, LINE};
use crate::cpu::vector::{Kernel, Vector};

/// Transforms the kernels of one row of channels: U = G g Gᵀ, into panels.
///
/// Valid where no other task writes this row of the panels.
pub struct PackKernels<'a> {
    /// Nine values for the first column, and so on every `column_step`.
    pub weight: &'a [f32],
    /// Values from one column's kernel to the next.
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

impl Kernel for PackKernels<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for column in (0..self.pitch).step_by(V::LANES) {
            let mut taps = [[0.0f32; LINE]; KERNEL * KERNEL];
            for lane in 0..V::LANES.min(self.columns.saturating_sub(column)) {
                let kernel = &self.weight[(column + lane) * self.column_step..][..9];
                for (tap, &value) in taps.iter_mut().zip(kernel) {
                    tap[lane] = value;
                }
            }
            let place = column / self.panel * self.panel_step + self.row_offset + column % self.panel;
            // SAFETY: sixteen lanes at most are read of each tap; each part of the panels is this row's own.
            unsafe {
                let kernel = load_tile(taps.as_ptr().cast(), LINE);
                let transformed = both_ways::<V, KernelTransform, KERNEL, IN>(&kernel);
                for (position, value) in transformed.as_flattened().iter().enumerate() {
                    let start = position * self.position_step + place;
                    value.store(self.packed.part(start..start + V::LANES).as_mut_ptr());
                }
            }
        }
    }
}

/// Gᵀ dU G, from `[position][row][pitch]`, added to `[tap][row][pitch]`.
pub struct KernelGradient<'a> {
    /// Gradient towards the transformed kernels.
    pub d_transformed: &'a [f32],
    /// Gradient towards the kernels.
    pub d_weight: &'a mut [f32],
    /// Input channels.
    pub rows: usize,
    /// Output channels with padding.
    pub pitch: usize,
}

impl Kernel for KernelGradient<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let matrix = self.rows * self.pitch;
        assert!(self.d_transformed.len() >= POSITIONS * matrix && self.d_weight.len() >= 9 * matrix);
        for place in (0..matrix).step_by(V::LANES) {
            // SAFETY: the lengths have been checked, and a matrix is a multiple of the lanes.
            unsafe {
                let from = self.d_transformed.as_ptr().add(place);
                let tile = load_tile(from, matrix);
                let taps = both_ways::<V, KernelAdjoint, IN, KERNEL>(&tile);
                add_tile(&taps, self.d_weight.as_mut_ptr().add(place), matrix);
            }
        }
    }
}
