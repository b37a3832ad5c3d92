//! Attraction between points that belong together.

use pulp::{Simd, WithSimd};

use crate::affinities::Affinities;
use crate::vector::with_vectors;

/// Values of the largest register.
const LANES: usize = 128;

/// The pull of those that have a p with a point.
#[derive(Clone, Copy)]
pub(crate) struct Attraction<'a> {
    pub(crate) affinities: &'a Affinities,
    pub(crate) map: &'a [[f32; 2]],
}

impl Attraction<'_> {
    /// Σ p q (y_i - y_j) over all points j for each point i, from `first` on.
    pub(crate) fn write(self, first: usize, forces: &mut [[f32; 2]]) {
        with_vectors(Rows { attraction: self, first, forces });
    }

    /// Σ p ln (1 + |y_i - y_j|²) over all points j.
    pub(crate) fn spread(self, point: usize) -> f64 {
        let [x, y] = self.map[point];
        let (indices, values) = self.affinities.row(point);
        let term = |(&index, &p): (&u32, &f32)| {
            let [other_x, other_y] = self.map[index as usize];
            f64::from(p) * f64::from((x - other_x).powi(2) + (y - other_y).powi(2)).ln_1p()
        };
        indices.iter().zip(values).map(term).sum()
    }
}

/// The pull on some points.
struct Rows<'a> {
    attraction: Attraction<'a>,
    first: usize,
    forces: &'a mut [[f32; 2]],
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Attraction { affinities, map } = self.attraction;
        // Points that belong to a point lie anywhere in the map, so they are fetched one by one, some registers at a time.
        let (mut xs, mut ys) = ([0.0; LANES], [0.0; LANES]);
        let one = simd.splat_f32s(1.0);
        for (place, force) in self.forces.iter_mut().enumerate() {
            let point = self.first + place;
            let (x, y) = (simd.splat_f32s(map[point][0]), simd.splat_f32s(map[point][1]));
            let (mut force_x, mut force_y) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
            let (indices, values) = affinities.row(point);
            for (indices, values) in indices.chunks(LANES).zip(values.chunks(LANES)) {
                for ((x, y), &index) in xs.iter_mut().zip(&mut ys).zip(indices) {
                    [*x, *y] = map[index as usize];
                }
                let registers = S::as_simd_f32s(&xs).0.iter().zip(S::as_simd_f32s(&ys).0);
                // Where a row has ended p is zero, and what is left of the points before counts nothing.
                for ((&other_x, &other_y), p) in registers.zip(values.chunks(S::F32_LANES)) {
                    let (dx, dy) = (simd.sub_f32s(x, other_x), simd.sub_f32s(y, other_y));
                    let distance = simd.mul_add_f32s(dy, dy, simd.mul_add_f32s(dx, dx, one));
                    let weight = simd.div_f32s(simd.partial_load_f32s(p), distance);
                    force_x = simd.mul_add_f32s(weight, dx, force_x);
                    force_y = simd.mul_add_f32s(weight, dy, force_y);
                }
            }
            *force = [simd.reduce_sum_f32s(force_x), simd.reduce_sum_f32s(force_y)];
        }
    }
}
