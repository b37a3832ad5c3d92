//! Attraction: Σ p q (y_i - y_j) over the points j that have a p with point i, and their part of the divergence.
//!
//! P is sparse rows, the map `[n, 2]`. The positions of a row's points are gathered one by one into registers' worth of x and
//! of y, and p beside them.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::affinities::Affinities;
use crate::simd::{ln, with_vectors};

/// Points of one task.
const POINTS_PER_TASK: usize = 64;
/// Points of a row that are gathered at once: a whole number of pairs of registers.
const LANES: usize = 128;

/// Affinities and the map on which they attract points.
#[derive(Clone, Copy)]
pub(crate) struct Attraction<'a> {
    affinities: &'a Affinities,
    map: &'a [[f32; 2]],
}

impl<'a> Attraction<'a> {
    /// Of affinities and a map of as many points.
    pub(crate) fn new(affinities: &'a Affinities, map: &'a [[f32; 2]]) -> Self {
        assert_eq!(affinities.len(), map.len(), "each point is on the map");
        Self { affinities, map }
    }

    /// Writes Σ p q (y_i - y_j) over all points j for each point i.
    pub(crate) fn write(self, forces: &mut [[f32; 2]]) {
        forces.par_chunks_mut(POINTS_PER_TASK).enumerate().for_each(|(block, forces)| {
            with_vectors(Forces { attraction: self, first: block * POINTS_PER_TASK, forces });
        });
    }

    /// Σ p ln (1 + |y_i - y_j|²) over all points j and some points i.
    pub(crate) fn log_distances(self, points: Range<usize>) -> f64 {
        with_vectors(LogDistances { attraction: self, points })
    }

    /// Calls `accumulate` with the differences y_j - y_i and p of each point j, two registers at a time. Where these are
    /// more than there are points, p is zero.
    #[inline(always)]
    fn for_each_neighbour<S: Simd>(
        self,
        simd: S,
        point: usize,
        gathered: &mut Gathered,
        mut accumulate: impl FnMut([S::f32s; 2], [S::f32s; 2], [S::f32s; 2]),
    ) {
        let [x, y] = self.map[point].map(|value| simd.splat_f32s(value));
        let (indices, values) = self.affinities.row(point);
        for (indices, values) in indices.chunks(LANES).zip(values.chunks(LANES)) {
            // One by one and as they are: of more the compiler would make gathers, which take twice as long. In
            // `bench/NOTES.md`, "Maps": "places of neighbours fetched by vector gathers".
            for (place, &index) in gathered.places.iter_mut().zip(indices) {
                *place = self.map[index as usize];
            }
            let pairs = values.len().div_ceil(2 * S::F32_LANES);
            let filled = pairs * 2 * S::F32_LANES;
            gathered.p[..values.len()].copy_from_slice(values);
            gathered.p[values.len()..filled].fill(0.0);
            for ((x, y), place) in gathered.xs.iter_mut().zip(&mut gathered.ys).zip(&gathered.places[..filled]) {
                [*x, *y] = *place;
            }
            let registers = |values| S::as_simd_f32s(values).0.as_chunks::<2>().0.iter().take(pairs);
            for ((xs, ys), p) in registers(&gathered.xs).zip(registers(&gathered.ys)).zip(registers(&gathered.p)) {
                let dx = [simd.sub_f32s(xs[0], x), simd.sub_f32s(xs[1], x)];
                let dy = [simd.sub_f32s(ys[0], y), simd.sub_f32s(ys[1], y)];
                accumulate(dx, dy, *p);
            }
        }
    }
}

/// Points that belong to a point lie anywhere in the map, so they are gathered one by one, some registers at a time.
struct Gathered {
    places: [[f32; 2]; LANES],
    xs: [f32; LANES],
    ys: [f32; LANES],
    p: [f32; LANES],
}

impl Gathered {
    fn new() -> Self {
        Self { places: [[0.0; 2]; LANES], xs: [0.0; LANES], ys: [0.0; LANES], p: [0.0; LANES] }
    }
}

/// 1 + dx² + dy²
#[inline(always)]
fn inverse_similarity<S: Simd>(simd: S, dx: S::f32s, dy: S::f32s) -> S::f32s {
    simd.mul_add_f32s(dy, dy, simd.mul_add_f32s(dx, dx, simd.splat_f32s(1.0)))
}

/// Writes the attraction of some points, the first of them `first`.
struct Forces<'a> {
    attraction: Attraction<'a>,
    first: usize,
    forces: &'a mut [[f32; 2]],
}

impl WithSimd for Forces<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut gathered = Gathered::new();
        let one = simd.splat_f32s(1.0);
        let zero = simd.splat_f32s(0.0);
        for (place, force) in self.forces.iter_mut().enumerate() {
            let (mut force_x, mut force_y) = ([zero; 2], [zero; 2]);
            self.attraction.for_each_neighbour(
                simd,
                self.first + place,
                &mut gathered,
                #[inline(always)]
                |dx, dy, p| {
                    let distances = [inverse_similarity(simd, dx[0], dy[0]), inverse_similarity(simd, dx[1], dy[1])];
                    // One division for two: in `bench/NOTES.md`, "Maps", "one division for two neighbours".
                    let both = simd.div_f32s(one, simd.mul_f32s(distances[0], distances[1]));
                    for half in 0..2 {
                        let weight = simd.mul_f32s(simd.mul_f32s(p[half], distances[1 - half]), both);
                        force_x[half] = simd.mul_add_f32s(weight, dx[half], force_x[half]);
                        force_y[half] = simd.mul_add_f32s(weight, dy[half], force_y[half]);
                    }
                },
            );
            let sum = |halves: [S::f32s; 2]| -simd.reduce_sum_f32s(simd.add_f32s(halves[0], halves[1]));
            *force = [sum(force_x), sum(force_y)];
        }
    }
}

/// Σ p ln (1 + |y_i - y_j|²) of some points i.
struct LogDistances<'a> {
    attraction: Attraction<'a>,
    points: Range<usize>,
}

impl WithSimd for LogDistances<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut gathered = Gathered::new();
        let mut total = 0.0;
        for point in self.points {
            let mut sum = simd.splat_f32s(0.0);
            self.attraction.for_each_neighbour(
                simd,
                point,
                &mut gathered,
                #[inline(always)]
                |dx, dy, p| {
                    for half in 0..2 {
                        let logarithm = ln(simd, inverse_similarity(simd, dx[half], dy[half]));
                        sum = simd.mul_add_f32s(p[half], logarithm, sum);
                    }
                },
            );
            total += f64::from(simd.reduce_sum_f32s(sum));
        }
        total
    }
}
