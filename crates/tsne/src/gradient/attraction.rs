//! Attraction between points that belong together.

use crate::affinities::Affinities;
use crate::vector::vectorised;

/// Sums that are kept apart, so that no addition waits for the one before.
const LANES: usize = 8;

/// The pull of those that have a p with a point.
#[derive(Clone, Copy)]
pub(crate) struct Attraction<'a> {
    pub(crate) affinities: &'a Affinities,
    pub(crate) map: &'a [[f32; 2]],
}

impl Attraction<'_> {
    /// Σ p q (y_i - y_j) over all points j for each point i, from `first` on.
    pub(crate) fn write(self, first: usize, forces: &mut [[f32; 2]]) {
        vectorised(
            #[inline(always)]
            || {
                for (place, force) in forces.iter_mut().enumerate() {
                    *force = self.of(first + place);
                }
            },
        );
    }

    #[inline(always)]
    fn of(self, point: usize) -> [f32; 2] {
        let [x, y] = self.map[point];
        let (indices, values) = self.affinities.row(point);
        let (mut force_x, mut force_y) = ([0.0; LANES], [0.0; LANES]);
        let mut add = |lane: usize, index: u32, p: f32| {
            let [other_x, other_y] = self.map[index as usize];
            let (dx, dy) = (x - other_x, y - other_y);
            let weight = p / (1.0 + dx * dx + dy * dy);
            force_x[lane] += weight * dx;
            force_y[lane] += weight * dy;
        };
        let (blocks, rest) = indices.as_chunks::<LANES>();
        let (block_values, rest_values) = values.as_chunks::<LANES>();
        for (indices, values) in blocks.iter().zip(block_values) {
            for lane in 0..LANES {
                add(lane, indices[lane], values[lane]);
            }
        }
        for (lane, (&index, &p)) in rest.iter().zip(rest_values).enumerate() {
            add(lane, index, p);
        }
        [force_x.iter().sum(), force_y.iter().sum()]
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
