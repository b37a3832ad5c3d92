//! Matrix product of operands that are already where a register tile wants them.
//!
//! A library's product packs its operands first, whatever they are. Here they are what our own kernels have just written:
//! the left operand has any row and column stride (so a transposed one costs nothing), the right one lies in panels of
//! two registers' width, and no call packs or copies anything. The order of the additions of an element is the order of
//! `inner`, whatever the position in the matrix, so any partition of rows and columns gives the same bits.

use crate::cpu::runtime::memory::{Disjoint, LINE, prefetch};
use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Isa, Kernel, Vector};

/// C `[rows, columns]` = A `[rows, groups · inner]` · B `[groups · inner, columns]`, or C += A · B.
///
/// Valid where `a`, `b`, `c` point to allocations that hold every element the strides reach, `c` is written by nobody
/// else meanwhile, and `columns` is a multiple of a register's lanes.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    /// Element (i, k) lies at `a + i · a_row + k / inner · a_group + k % inner · a_column`.
    pub a: *const f32,
    /// Step between rows of A.
    pub a_row: usize,
    /// Step between columns of A in a group.
    pub a_column: usize,
    /// Step between groups of columns of A.
    pub a_group: usize,
    /// Element (k, j) lies at `b + (j / panel) · b_panel + k · b_row + j % panel`, a panel being [`panel_width`].
    pub b: *const f32,
    /// Step between rows of B inside a panel.
    pub b_row: usize,
    /// Step between panels of B.
    pub b_panel: usize,
    /// Element (i, j) lies at `c + i · c_row + j`.
    pub c: *mut f32,
    /// Step between rows of C.
    pub c_row: usize,
    /// Rows of A and C.
    pub rows: usize,
    /// Groups of columns of A.
    pub groups: usize,
    /// Columns of a group; over all groups, the rows of B.
    pub inner: usize,
    /// Columns of B and C.
    pub columns: usize,
    /// Whether C is added to.
    pub accumulate: bool,
    /// What will be needed later, brought closer meanwhile: some with each register tile, so that nothing has to wait.
    pub ahead: &'a [f32],
}

impl Product<'static> {
    /// What most products have alike: rows of A whose values follow each other, in one group; C is overwritten; nothing is
    /// brought closer. All else is to be said.
    pub(crate) const PLAIN: Self = Self {
        a: std::ptr::null(),
        a_row: 0,
        a_column: 1,
        a_group: 0,
        b: std::ptr::null(),
        b_row: 0,
        b_panel: 0,
        c: std::ptr::null_mut(),
        c_row: 0,
        rows: 0,
        groups: 1,
        inner: 0,
        columns: 0,
        accumulate: false,
        ahead: &[],
    };
}

/// Columns of a panel: two registers.
pub(crate) fn panel_width(isa: Isa) -> usize {
    2 * isa.lanes()
}

/// Writes one panel, `[row][column]`, of a matrix given element by element; columns past the last are zero.
pub(crate) fn pack_panel(
    width: usize,
    panel: usize,
    rows: usize,
    columns: usize,
    value: impl Fn(usize, usize) -> f32,
    packed: &Disjoint<'_, f32>,
) {
    // SAFETY: each panel is packed by one task.
    let target = unsafe { packed.exclusive(panel * rows * width..(panel + 1) * rows * width) };
    let first = panel * width;
    for (row, target) in target.chunks_exact_mut(width).enumerate() {
        for (column, target) in target.iter_mut().enumerate() {
            *target = if first + column < columns { value(row, first + column) } else { 0.0 };
        }
    }
}

impl Kernel for Product<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let width = 2 * V::LANES;
        // Equal blocks of rows rather than full ones and a rest: a tile of one row would waste its loads (bench/NOTES.md,
        // "equal blocks of rows").
        let blocks = self.rows.div_ceil(V::ROWS);
        let tiles = (blocks * self.columns.div_ceil(width)).max(1);
        let chunk = self.ahead.len().div_ceil(tiles).next_multiple_of(LINE);
        let mut ahead = self.ahead;
        for column in (0..self.columns).step_by(width) {
            let mut row = 0;
            for block in 0..blocks {
                let rows = (self.rows - row).div_ceil(blocks - block);
                let (now, later) = ahead.split_at(chunk.min(ahead.len()));
                prefetch(now);
                ahead = later;
                // SAFETY: the block lies inside the matrices that the caller vouches for.
                unsafe {
                    let tile = Tile {
                        a: self.a.add(row * self.a_row),
                        b: self.b.add(column / width * self.b_panel),
                        c: self.c.add(row * self.c_row + column),
                        of: self,
                    };
                    if column + width <= self.columns {
                        tile.run_rows::<V, 2>(rows);
                    } else {
                        tile.run_rows::<V, 1>(rows);
                    }
                }
                row += rows;
            }
        }
    }

    /// A multiply-add for each element of A and column of B, and an addition where C is added to.
    fn work(&self) -> Work {
        let Self { rows, groups, inner, columns, .. } = *self;
        let terms = groups * inner;
        let added = if self.accumulate { rows * columns } else { 0 };
        let values = rows * terms + terms * columns + rows * columns + added;
        Work::new("product", rows * terms * columns + added, values)
    }
}

/// One register tile of a product.
struct Tile<'a> {
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    of: Product<'a>,
}

impl Tile<'_> {
    /// Picks the copy with this number of rows, at most [`Vector::ROWS`].
    #[inline(always)]
    unsafe fn run_rows<V: Vector, const WIDTH: usize>(&self, rows: usize) {
        // SAFETY: as for the product; the number of rows is the tile's.
        unsafe {
            match rows {
                1 => self.run::<V, 1, WIDTH>(),
                2 => self.run::<V, 2, WIDTH>(),
                3 => self.run::<V, 3, WIDTH>(),
                4 => self.run::<V, 4, WIDTH>(),
                5 => self.run::<V, 5, WIDTH>(),
                6 => self.run::<V, 6, WIDTH>(),
                7 if V::ROWS > 6 => self.run::<V, 7, WIDTH>(),
                8 if V::ROWS > 6 => self.run::<V, 8, WIDTH>(),
                9 if V::ROWS > 6 => self.run::<V, 9, WIDTH>(),
                10 if V::ROWS > 6 => self.run::<V, 10, WIDTH>(),
                11 if V::ROWS > 6 => self.run::<V, 11, WIDTH>(),
                12 if V::ROWS > 6 => self.run::<V, 12, WIDTH>(),
                _ => unreachable!("a block has between one and V::ROWS rows"),
            }
        }
    }

    #[inline(always)]
    unsafe fn run<V: Vector, const ROWS: usize, const WIDTH: usize>(&self) {
        // SAFETY: every address is an element of the matrices that the caller vouches for.
        unsafe {
            let Product { a_row, a_column, a_group, b_row, c_row, groups, inner, accumulate, .. } = self.of;
            let mut sums = [[V::splat(0.0); WIDTH]; ROWS];
            let mut b = self.b;
            for group in 0..groups {
                // Three rows share a base: the addressing modes reach base, base + a_row and base + 2 · a_row.
                let first = self.a.wrapping_add(group * a_group);
                let mut a: [*const f32; 4] = std::array::from_fn(|third| first.wrapping_add(3 * third * a_row));
                for _ in 0..inner {
                    let mut right = [V::splat(0.0); WIDTH];
                    for (w, right) in right.iter_mut().enumerate() {
                        *right = V::load(b.add(w * V::LANES));
                    }
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let left = V::splat(*a[r / 3].add(r % 3 * a_row));
                        for (sum, right) in sums.iter_mut().zip(right) {
                            *sum = left.mul_add(right, *sum);
                        }
                    }
                    b = b.wrapping_add(b_row);
                    for base in &mut a {
                        *base = base.wrapping_add(a_column);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                for (w, sum) in sums.iter().enumerate() {
                    let to = self.c.add(r * c_row + w * V::LANES);
                    if accumulate { sum.add(V::load(to)).store(to) } else { sum.store(to) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cpu::noise::noise;
    use crate::cpu::simd::counting::declared_and_done;

    #[test]
    fn a_product_does_what_it_says() {
        let (rows, inner, columns) = (7, 5, 32);
        let (a, b) = (noise(rows * inner, 1), noise(inner * columns, 2));
        let mut c = noise(rows * columns, 3);
        for accumulate in [false, true] {
            // Panels of two registers of four lanes.
            let product = Product {
                a: a.as_ptr(),
                a_row: inner,
                b: b.as_ptr(),
                b_row: 8,
                b_panel: inner * 8,
                c: c.as_mut_ptr(),
                c_row: columns,
                rows,
                inner,
                columns,
                accumulate,
                ..Product::PLAIN
            };
            // SAFETY: the slices hold what the steps reach.
            let (declared, done) = unsafe { declared_and_done(product) };
            assert_eq!(declared.arithmetic, (rows * columns * (inner + usize::from(accumulate))) as u64);
            assert_eq!(declared.arithmetic, done.arithmetic);
            // A is read value by value.
            assert_eq!(declared.bytes, done.bytes + (rows * inner * size_of::<f32>()) as u64);
        }
    }

    proptest! {
        #[test]
        fn products_match_plain_sums_at_any_size(
            (rows, groups, inner, lines) in (1usize..40, 1usize..4, 0usize..40, 1usize..6),
            (transposed, accumulate) in (any::<bool>(), any::<bool>()),
            gap in 0usize..5,
        ) {
            let columns = lines * LINE;
            let terms = groups * inner;
            let (a_row, a_column) = if transposed { (1, rows + gap) } else { (terms + gap, 1) };
            // Groups that overlap, as windows do.
            let a_group = (inner * a_column).saturating_sub(gap);
            let a = noise((rows + gap) * (terms + gap) + 1, 1);
            let c_row = columns + gap;
            let before = noise(rows * c_row, 3);
            for isa in Isa::available() {
                let panel = panel_width(isa);
                let b = noise(columns.next_multiple_of(panel) * terms, 2);
                let mut c = before.clone();
                let product = Product {
                    a: a.as_ptr(), a_row, a_column, a_group,
                    b: b.as_ptr(), b_row: panel, b_panel: terms * panel,
                    c: c.as_mut_ptr(), c_row,
                    rows, groups, inner, columns, accumulate, ahead: &a,
                };
                // SAFETY: the slices hold what the steps reach.
                unsafe { isa.run(product) };
                for (place, &value) in c.iter().enumerate() {
                    let (i, j) = (place / c_row, place % c_row);
                    if j >= columns {
                        prop_assert_eq!(value, before[place], "{} wrote between the rows", isa);
                        continue;
                    }
                    let term = |k: usize| {
                        let b = b[j / panel * terms * panel + k * panel + j % panel];
                        f64::from(a[i * a_row + k / inner * a_group + k % inner * a_column]) * f64::from(b)
                    };
                    let start = if accumulate { f64::from(before[place]) } else { 0.0 };
                    let wanted = start + (0..terms).map(term).sum::<f64>();
                    prop_assert!((f64::from(value) - wanted).abs() < 1e-5 * (1.0 + terms as f64), "{} at {}, {}", isa, i, j);
                }
            }
        }
    }
}
