//! The six small transforms of F(4 × 4, 3 × 3), each of one column, and how one is applied to both sides of a tile.

use crate::cpu::vector::Vector;

/// The points ±A and ±B, and what follows from them.
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

/// Side of a tile of the output, of the input, and positions of the latter.
pub const OUT: usize = 4;
pub const IN: usize = 6;
pub const POSITIONS: usize = IN * IN;

/// Bᵀ x
#[inline(always)]
pub unsafe fn input_transform<V: Vector>(x: [V; IN]) -> [V; IN] {
    // SAFETY: the instruction set is there, as for all transforms below.
    unsafe {
        let c = |value: f32| V::splat(value);
        let (even_a, odd_a) = (x[2].mul_add(c(-BB), x[4]), x[1].mul_add(c(-BB), x[3]));
        let (even_b, odd_b) = (x[2].mul_add(c(-AA), x[4]), x[1].mul_add(c(-AA), x[3]));
        [
            x[0].mul_add(c(AABB), x[2].mul_add(c(-AA_PLUS_BB), x[4])),
            odd_a.mul_add(c(A), even_a),
            odd_a.mul_add(c(-A), even_a),
            odd_b.mul_add(c(B), even_b),
            odd_b.mul_add(c(-B), even_b),
            x[1].mul_add(c(AABB), x[3].mul_add(c(-AA_PLUS_BB), x[5])),
        ]
    }
}

/// B p
#[inline(always)]
pub unsafe fn input_adjoint<V: Vector>(p: [V; IN]) -> [V; IN] {
    // SAFETY: see `input_transform`.
    unsafe {
        let c = |value: f32| V::splat(value);
        let (sum_a, sum_b) = (p[1].add(p[2]), p[3].add(p[4]));
        let (odd_a, odd_b) = (p[1].sub(p[2]).mul(c(A)), p[3].sub(p[4]).mul(c(B)));
        [
            p[0].mul(c(AABB)),
            p[5].mul_add(c(AABB), odd_a.mul_add(c(-BB), odd_b.mul(c(-AA)))),
            p[0].mul_add(c(-AA_PLUS_BB), sum_a.mul_add(c(-BB), sum_b.mul(c(-AA)))),
            p[5].mul_add(c(-AA_PLUS_BB), odd_a.add(odd_b)),
            p[0].add(sum_a.add(sum_b)),
            p[5],
        ]
    }
}

/// Aᵀ m
#[inline(always)]
pub unsafe fn output_transform<V: Vector>(m: [V; IN]) -> [V; OUT] {
    // SAFETY: see `input_transform`.
    unsafe {
        let c = |value: f32| V::splat(value);
        let (sum_a, sum_b) = (m[1].add(m[2]), m[3].add(m[4]));
        let (odd_a, odd_b) = (m[1].sub(m[2]).mul(c(A)), m[3].sub(m[4]).mul(c(B)));
        [
            m[0].add(sum_a.add(sum_b)),
            odd_a.add(odd_b),
            sum_a.mul_add(c(AA), sum_b.mul(c(BB))),
            odd_a.mul_add(c(AA), odd_b.mul_add(c(BB), m[5])),
        ]
    }
}

/// A y
#[inline(always)]
pub unsafe fn output_adjoint<V: Vector>(y: [V; OUT]) -> [V; IN] {
    // SAFETY: see `input_transform`.
    unsafe {
        let c = |value: f32| V::splat(value);
        let (even_a, odd_a) = (y[2].mul_add(c(AA), y[0]), y[3].mul_add(c(AA), y[1]));
        let (even_b, odd_b) = (y[2].mul_add(c(BB), y[0]), y[3].mul_add(c(BB), y[1]));
        [
            y[0],
            odd_a.mul_add(c(A), even_a),
            odd_a.mul_add(c(-A), even_a),
            odd_b.mul_add(c(B), even_b),
            odd_b.mul_add(c(-B), even_b),
            y[3],
        ]
    }
}

/// G g
#[inline(always)]
pub unsafe fn kernel_transform<V: Vector>(g: [V; 3]) -> [V; IN] {
    // SAFETY: see `input_transform`.
    unsafe {
        let c = |value: f32| V::splat(value);
        let (even_a, even_b) = (g[2].mul_add(c(AA), g[0]), g[2].mul_add(c(BB), g[0]));
        [
            g[0].mul(c(1.0 / NORM_0)),
            g[1].mul_add(c(A), even_a).mul(c(1.0 / NORM_A)),
            g[1].mul_add(c(-A), even_a).mul(c(1.0 / NORM_A)),
            g[1].mul_add(c(B), even_b).mul(c(1.0 / NORM_B)),
            g[1].mul_add(c(-B), even_b).mul(c(1.0 / NORM_B)),
            g[2],
        ]
    }
}

/// Gᵀ u
#[inline(always)]
pub unsafe fn kernel_adjoint<V: Vector>(u: [V; IN]) -> [V; 3] {
    // SAFETY: see `input_transform`.
    unsafe {
        let c = |value: f32| V::splat(value);
        let (sum_a, sum_b) = (u[1].add(u[2]).mul(c(1.0 / NORM_A)), u[3].add(u[4]).mul(c(1.0 / NORM_B)));
        let (odd_a, odd_b) = (u[1].sub(u[2]).mul(c(A / NORM_A)), u[3].sub(u[4]).mul(c(B / NORM_B)));
        [
            u[0].mul_add(c(1.0 / NORM_0), sum_a.add(sum_b)),
            odd_a.add(odd_b),
            sum_a.mul_add(c(AA), sum_b.mul_add(c(BB), u[5])),
        ]
    }
}

/// T X Tᵀ for a transform T of columns, X read by `load(row, column)`.
#[inline(always)]
pub unsafe fn both_ways<V: Vector, const FROM: usize, const TO: usize>(
    load: impl Fn(usize, usize) -> V,
    transform: impl Fn([V; FROM]) -> [V; TO],
) -> [[V; TO]; TO] {
    // SAFETY: see `input_transform`.
    let mut columns = [[unsafe { V::splat(0.0) }; FROM]; TO];
    for column in 0..FROM {
        let transformed = transform(std::array::from_fn(|row| load(row, column)));
        for (row, value) in transformed.into_iter().enumerate() {
            columns[row][column] = value;
        }
    }
    columns.map(transform)
}
