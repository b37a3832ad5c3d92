//! Repulsion from every pair of points.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::BLOCK;
use crate::vector::with_vectors;

/// Coordinates are filled up to a multiple of this: two registers of any instruction set.
const FILL: usize = 32;
/// With points so far away that nothing comes from them. The product of two of their squared distances is beyond 32-bit
/// numbers, as is wanted, but that of one with any point's of a map is not.
const FAR: f32 = 1e12;

/// All pairs; rows of them are added in single precision, rows in double.
#[derive(Default)]
pub(super) struct Exact {
    xs: Vec<f32>,
    ys: Vec<f32>,
}

impl Exact {
    pub(super) fn compute(&mut self, map: &[[f32; 2]], forces: &mut [[f32; 2]]) -> f64 {
        for (axis, coordinates) in [&mut self.xs, &mut self.ys].into_iter().enumerate() {
            coordinates.clear();
            coordinates.extend(map.iter().map(|point| point[axis]));
            coordinates.resize(map.len().next_multiple_of(FILL), FAR);
        }
        let (xs, ys) = (&self.xs, &self.ys);
        let blocks = map.par_chunks(BLOCK).zip(forces.par_chunks_mut(BLOCK));
        let sums: Vec<f64> = blocks.map(|(points, forces)| with_vectors(Rows { points, forces, xs, ys })).collect();
        sums.iter().sum()
    }
}

/// The forces on some points from all points, whose coordinates are apart and filled up.
struct Rows<'a> {
    points: &'a [[f32; 2]],
    forces: &'a mut [[f32; 2]],
    xs: &'a [f32],
    ys: &'a [f32],
}

impl WithSimd for Rows<'_> {
    /// Their part of Z.
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (xs, _) = S::as_simd_f32s(self.xs);
        let (ys, _) = S::as_simd_f32s(self.ys);
        let (xs, _) = xs.as_chunks::<2>();
        let (ys, _) = ys.as_chunks::<2>();
        let mut total = 0.0;
        for (point, force) in self.points.iter().zip(self.forces) {
            let [x, y] = point.map(|value| simd.splat_f32s(value));
            let one = simd.splat_f32s(1.0);
            let zero = simd.splat_f32s(0.0);
            let (mut sums, mut force_x, mut force_y) = ([zero; 2], [zero; 2], [zero; 2]);
            for (xs, ys) in xs.iter().zip(ys) {
                let dx = [simd.sub_f32s(x, xs[0]), simd.sub_f32s(x, xs[1])];
                let dy = [simd.sub_f32s(y, ys[0]), simd.sub_f32s(y, ys[1])];
                let mut distances = [one; 2];
                for half in 0..2 {
                    distances[half] = simd.mul_add_f32s(dx[half], dx[half], distances[half]);
                    distances[half] = simd.mul_add_f32s(dy[half], dy[half], distances[half]);
                }
                // One division for two.
                let both = simd.div_f32s(one, simd.mul_f32s(distances[0], distances[1]));
                let q = [simd.mul_f32s(both, distances[1]), simd.mul_f32s(both, distances[0])];
                for half in 0..2 {
                    let squared = simd.mul_f32s(q[half], q[half]);
                    sums[half] = simd.add_f32s(sums[half], q[half]);
                    force_x[half] = simd.mul_add_f32s(squared, dx[half], force_x[half]);
                    force_y[half] = simd.mul_add_f32s(squared, dy[half], force_y[half]);
                }
            }
            let sum = |halves: [S::f32s; 2]| simd.reduce_sum_f32s(simd.add_f32s(halves[0], halves[1]));
            // Less its own part, at distance zero.
            total += f64::from(sum(sums)) - 1.0;
            *force = [sum(force_x), sum(force_y)];
        }
        total
    }
}
