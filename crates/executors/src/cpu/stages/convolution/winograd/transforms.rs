//! The six small transforms of F(4 × 4, 3 × 3), each of one column, and how one is applied to both sides of a tile.

use crate::cpu::simd::Vector;

/// The points ±A and ±B, and what follows from them (bench/NOTES.md, "Winograd points 0, ±5/8, ±5/4, ∞").
const A: f32 = 0.625;
const B: f32 = 1.25;
const AA: f32 = A * A;
const BB: f32 = B * B;
const AABB: f32 = AA * BB;
const AA_PLUS_BB: f32 = AA + BB;
/// Denominators of G's rows: the products of the differences to the other points.
const NORM_0: f32 = AABB;
const NORM_A: f32 = 2.0 * AA * (AA - BB);
const NORM_B: f32 = 2.0 * BB * (BB - AA);

/// Side of a filter, of a tile of the output, of a tile of the input, and positions of the latter.
pub(super) const FILTER: usize = 3;
pub(super) const OUT: usize = 4;
pub(super) const IN: usize = 6;
pub(super) const POSITIONS: usize = IN * IN;

/// A transform of one column.
///
/// These are types with one function each rather than closures because only what is certainly inlined compiles to the
/// instruction set of its caller.
pub(super) trait Columns<const FROM: usize, const TO: usize> {
    /// Operations that it takes.
    const OPERATIONS: usize;

    /// T x
    ///
    /// # Safety
    /// The instruction set of `V` must be there.
    unsafe fn apply<V: Vector>(x: [V; FROM]) -> [V; TO];
}

/// A tile whose values lie `step` apart, row after row.
///
/// # Safety
/// All of them must be valid, and the instruction set of `V` there.
#[inline(always)]
pub(super) unsafe fn load_tile<V: Vector, const SIDE: usize>(from: *const f32, step: usize) -> [[V; SIDE]; SIDE] {
    // SAFETY: passed on to the caller.
    unsafe {
        let mut tile = [[V::splat(0.0); SIDE]; SIDE];
        for (row, values) in tile.iter_mut().enumerate() {
            for (column, value) in values.iter_mut().enumerate() {
                *value = V::load(from.add((row * SIDE + column) * step));
            }
        }
        tile
    }
}

/// Stores a tile so that its values lie `step` apart, row after row.
///
/// # Safety
/// As [`load_tile`].
#[inline(always)]
pub(super) unsafe fn store_tile<V: Vector, const SIDE: usize>(tile: &[[V; SIDE]; SIDE], to: *mut f32, step: usize) {
    for (place, value) in tile.as_flattened().iter().enumerate() {
        // SAFETY: passed on to the caller.
        unsafe { value.store(to.add(place * step)) };
    }
}

/// Adds a tile to values that lie `step` apart, row after row.
///
/// # Safety
/// As [`load_tile`].
#[inline(always)]
pub(super) unsafe fn add_tile<V: Vector, const SIDE: usize>(tile: &[[V; SIDE]; SIDE], to: *mut f32, step: usize) {
    for (place, value) in tile.as_flattened().iter().enumerate() {
        // SAFETY: passed on to the caller.
        unsafe {
            let to = to.add(place * step);
            V::load(to).add(*value).store(to);
        }
    }
}

/// Operations of [`both_ways`]: a transform for each column of the tile, then one for each row of what that gives.
pub(super) fn operations<T: Columns<FROM, TO>, const FROM: usize, const TO: usize>() -> usize {
    (FROM + TO) * T::OPERATIONS
}

/// T X Tᵀ
///
/// # Safety
/// The instruction set of `V` must be there.
#[inline(always)]
pub(super) unsafe fn both_ways<V: Vector, T: Columns<FROM, TO>, const FROM: usize, const TO: usize>(
    tile: &[[V; FROM]; FROM],
) -> [[V; TO]; TO] {
    // SAFETY: passed on to the caller.
    unsafe {
        let mut columns = [[V::splat(0.0); FROM]; TO];
        for column in 0..FROM {
            let mut x = [V::splat(0.0); FROM];
            for row in 0..FROM {
                x[row] = tile[row][column];
            }
            let y = T::apply(x);
            for row in 0..TO {
                columns[row][column] = y[row];
            }
        }
        let mut result = [[V::splat(0.0); TO]; TO];
        for row in 0..TO {
            result[row] = T::apply(columns[row]);
        }
        result
    }
}

/// Bᵀ x
pub(super) struct Input;

impl Columns<IN, IN> for Input {
    const OPERATIONS: usize = 12;

    #[inline(always)]
    unsafe fn apply<V: Vector>(x: [V; IN]) -> [V; IN] {
        // SAFETY: the caller has the instruction set, as for all transforms below.
        unsafe {
            let (even_a, odd_a) = (x[2].mul_add(V::splat(-BB), x[4]), x[1].mul_add(V::splat(-BB), x[3]));
            let (even_b, odd_b) = (x[2].mul_add(V::splat(-AA), x[4]), x[1].mul_add(V::splat(-AA), x[3]));
            [
                x[0].mul_add(V::splat(AABB), x[2].mul_add(V::splat(-AA_PLUS_BB), x[4])),
                odd_a.mul_add(V::splat(A), even_a),
                odd_a.mul_add(V::splat(-A), even_a),
                odd_b.mul_add(V::splat(B), even_b),
                odd_b.mul_add(V::splat(-B), even_b),
                x[1].mul_add(V::splat(AABB), x[3].mul_add(V::splat(-AA_PLUS_BB), x[5])),
            ]
        }
    }
}

/// B p
pub(super) struct InputAdjoint;

impl Columns<IN, IN> for InputAdjoint {
    const OPERATIONS: usize = 17;

    #[inline(always)]
    unsafe fn apply<V: Vector>(p: [V; IN]) -> [V; IN] {
        // SAFETY: see `Input`.
        unsafe {
            let (sum_a, sum_b) = (p[1].add(p[2]), p[3].add(p[4]));
            let (odd_a, odd_b) = (p[1].sub(p[2]).mul(V::splat(A)), p[3].sub(p[4]).mul(V::splat(B)));
            [
                p[0].mul(V::splat(AABB)),
                p[5].mul_add(V::splat(AABB), odd_a.mul_add(V::splat(-BB), odd_b.mul(V::splat(-AA)))),
                p[0].mul_add(V::splat(-AA_PLUS_BB), sum_a.mul_add(V::splat(-BB), sum_b.mul(V::splat(-AA)))),
                p[5].mul_add(V::splat(-AA_PLUS_BB), odd_a.add(odd_b)),
                p[0].add(sum_a.add(sum_b)),
                p[5],
            ]
        }
    }
}

/// Aᵀ m
pub(super) struct Output;

impl Columns<IN, OUT> for Output {
    const OPERATIONS: usize = 13;

    #[inline(always)]
    unsafe fn apply<V: Vector>(m: [V; IN]) -> [V; OUT] {
        // SAFETY: see `Input`.
        unsafe {
            let (sum_a, sum_b) = (m[1].add(m[2]), m[3].add(m[4]));
            let (odd_a, odd_b) = (m[1].sub(m[2]).mul(V::splat(A)), m[3].sub(m[4]).mul(V::splat(B)));
            [
                m[0].add(sum_a.add(sum_b)),
                odd_a.add(odd_b),
                sum_a.mul_add(V::splat(AA), sum_b.mul(V::splat(BB))),
                odd_a.mul_add(V::splat(AA), odd_b.mul_add(V::splat(BB), m[5])),
            ]
        }
    }
}

/// A y
pub(super) struct OutputAdjoint;

impl Columns<OUT, IN> for OutputAdjoint {
    const OPERATIONS: usize = 8;

    #[inline(always)]
    unsafe fn apply<V: Vector>(y: [V; OUT]) -> [V; IN] {
        // SAFETY: see `Input`.
        unsafe {
            let (even_a, odd_a) = (y[2].mul_add(V::splat(AA), y[0]), y[3].mul_add(V::splat(AA), y[1]));
            let (even_b, odd_b) = (y[2].mul_add(V::splat(BB), y[0]), y[3].mul_add(V::splat(BB), y[1]));
            [
                y[0],
                odd_a.mul_add(V::splat(A), even_a),
                odd_a.mul_add(V::splat(-A), even_a),
                odd_b.mul_add(V::splat(B), even_b),
                odd_b.mul_add(V::splat(-B), even_b),
                y[3],
            ]
        }
    }
}

/// G g
pub(super) struct FilterTransform;

impl Columns<FILTER, IN> for FilterTransform {
    const OPERATIONS: usize = 11;

    #[inline(always)]
    unsafe fn apply<V: Vector>(g: [V; FILTER]) -> [V; IN] {
        // SAFETY: see `Input`.
        unsafe {
            let (even_a, even_b) = (g[2].mul_add(V::splat(AA), g[0]), g[2].mul_add(V::splat(BB), g[0]));
            [
                g[0].mul(V::splat(1.0 / NORM_0)),
                g[1].mul_add(V::splat(A), even_a).mul(V::splat(1.0 / NORM_A)),
                g[1].mul_add(V::splat(-A), even_a).mul(V::splat(1.0 / NORM_A)),
                g[1].mul_add(V::splat(B), even_b).mul(V::splat(1.0 / NORM_B)),
                g[1].mul_add(V::splat(-B), even_b).mul(V::splat(1.0 / NORM_B)),
                g[2],
            ]
        }
    }
}

/// Gᵀ u
pub(super) struct FilterAdjoint;

impl Columns<IN, FILTER> for FilterAdjoint {
    const OPERATIONS: usize = 13;

    #[inline(always)]
    unsafe fn apply<V: Vector>(u: [V; IN]) -> [V; FILTER] {
        // SAFETY: see `Input`.
        unsafe {
            let (sum_a, sum_b) =
                (u[1].add(u[2]).mul(V::splat(1.0 / NORM_A)), u[3].add(u[4]).mul(V::splat(1.0 / NORM_B)));
            let (odd_a, odd_b) = (u[1].sub(u[2]).mul(V::splat(A / NORM_A)), u[3].sub(u[4]).mul(V::splat(B / NORM_B)));
            [
                u[0].mul_add(V::splat(1.0 / NORM_0), sum_a.add(sum_b)),
                odd_a.add(odd_b),
                sum_a.mul_add(V::splat(AA), sum_b.mul_add(V::splat(BB), u[5])),
            ]
        }
    }
}
