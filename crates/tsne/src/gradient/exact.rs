//! Exact repulsion: Σ q² (y_i - y_j) over all pairs, each pair computed once for both of its points. In `bench/NOTES.md`,
//! "Maps": "exact repulsion, each pair once for both of its points".
//!
//! Of a strip of [`STRIP`] points, each fills a register with copies of itself, and meets all points behind it a register
//! at a time. Strips are dealt to groups, each of which sums forces `[n]` along x and y by itself.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::simd::{add, with_vectors};

/// Coordinates are filled up to a multiple of this: a register of any instruction set, and a strip.
const FILL: usize = 16;
/// With points so far away from all others, and from each other, that nothing comes from them. The product of two of their
/// squared distances is beyond 32-bit numbers, as is wanted, but that of one with any point's of a map is not.
const FAR: f32 = 1e12;
/// Rows computed together: they share what is read and written of a column, and two divisions become one.
const STRIP: usize = 2;
/// Rows of a group, which adds forces by itself, and groups at most; so that sums do not depend on the number of threads.
const GROUP_ROWS: usize = 128;
const MAX_GROUPS: usize = 32;

/// All pairs; rows of them are added in single precision, strips in double.
#[derive(Default)]
pub(super) struct Exact {
    /// Coordinates of all points, filled up.
    xs: Vec<f32>,
    ys: Vec<f32>,
    groups: Vec<Group>,
}

/// What comes of every so many strips.
#[derive(Clone, Default)]
struct Group {
    /// Forces on all points, filled up.
    x: Vec<f32>,
    y: Vec<f32>,
    /// Their part of Z.
    sum: f64,
}

impl Exact {
    pub(super) fn compute(&mut self, map: &[[f32; 2]], forces: &mut [[f32; 2]]) -> f64 {
        let length = map.len().next_multiple_of(FILL);
        for (axis, coordinates) in [&mut self.xs, &mut self.ys].into_iter().enumerate() {
            coordinates.clear();
            coordinates.extend(map.iter().map(|point| point[axis]));
            coordinates.extend((map.len()..length).map(|place| FAR * (place - map.len() + 1) as f32));
        }
        let (xs, ys) = (&self.xs, &self.ys);
        let count = (map.len() / GROUP_ROWS).clamp(1, MAX_GROUPS);
        self.groups.resize(count, Group::default());
        self.groups.par_iter_mut().enumerate().for_each(|(number, group)| {
            for forces in [&mut group.x, &mut group.y] {
                forces.clear();
                forces.resize(length, 0.0);
            }
            group.sum = with_vectors(Strips { xs, ys, group, number, count });
        });
        let z = self.groups.iter().map(|group| group.sum).sum();
        if let Some((sum, others)) = self.groups.split_first_mut() {
            for other in others {
                add(&mut sum.x, &other.x);
                add(&mut sum.y, &other.y);
            }
            for ((force, &x), &y) in forces.iter_mut().zip(&sum.x).zip(&sum.y) {
                *force = [x, y];
            }
        }
        z
    }
}

/// The pairs of a group's strips: of each of their points and all behind it.
struct Strips<'a> {
    xs: &'a [f32],
    ys: &'a [f32],
    group: &'a mut Group,
    number: usize,
    count: usize,
}

impl WithSimd for Strips<'_> {
    /// Their part of Z.
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { xs, ys, group, number, count } = self;
        let mut total = 0.0;
        for strip in 0..xs.len() / STRIP {
            // The first strips have most pairs, so groups take turns one way and the other.
            let turn = strip % (2 * count);
            if turn.min(2 * count - 1 - turn) == number {
                total += push(simd, xs, ys, group, strip * STRIP);
            }
        }
        total
    }
}

/// Adds the forces between the strip that begins at `first` and all points behind it; gives what that adds to Z.
#[inline(always)]
fn push<S: Simd>(simd: S, xs: &[f32], ys: &[f32], group: &mut Group, first: usize) -> f64 {
    let zero = simd.splat_f32s(0.0);
    let mut rows = Rows {
        x: std::array::from_fn(|row| simd.splat_f32s(xs[first + row])),
        y: std::array::from_fn(|row| simd.splat_f32s(ys[first + row])),
        force_x: [zero; STRIP],
        force_y: [zero; STRIP],
        sum: zero,
    };
    // Registers that hold points of the strip hold others too, which meet the strip's points again in their own strip: there
    // each strip keeps to its own side.
    let diagonal = first / S::F32_LANES..(first + STRIP).div_ceil(S::F32_LANES);
    let (xs, ys) = (S::as_simd_f32s(xs).0, S::as_simd_f32s(ys).0);
    for register in diagonal.clone() {
        let (mut dx, dy) = rows.differences(simd, xs[register], ys[register]);
        for (row, dx) in dx.iter_mut().enumerate() {
            // A point is as good as far away from itself: it neither pushes itself nor counts.
            *dx = simd.add_f32s(*dx, far_lane(simd, (first + row).wrapping_sub(register * S::F32_LANES)));
        }
        rows.meet(simd, dx, dy);
    }
    let mut total = f64::from(simd.reduce_sum_f32s(rows.sum));
    rows.sum = zero;
    let (forces_x, forces_y) = (S::as_mut_simd_f32s(&mut group.x).0, S::as_mut_simd_f32s(&mut group.y).0);
    let columns = xs[diagonal.end..].iter().zip(&ys[diagonal.end..]);
    let forces = forces_x[diagonal.end..].iter_mut().zip(&mut forces_y[diagonal.end..]);
    for ((&x, &y), (force_x, force_y)) in columns.zip(forces) {
        let (dx, dy) = rows.differences(simd, x, y);
        let (push_x, push_y) = rows.meet(simd, dx, dy);
        *force_x = simd.add_f32s(*force_x, push_x);
        *force_y = simd.add_f32s(*force_y, push_y);
    }
    total += 2.0 * f64::from(simd.reduce_sum_f32s(rows.sum));
    for row in 0..STRIP {
        group.x[first + row] -= simd.reduce_sum_f32s(rows.force_x[row]);
        group.y[first + row] -= simd.reduce_sum_f32s(rows.force_y[row]);
    }
    total
}

/// A register that is far in this lane, and zero in all others; all zero where there is no such lane.
#[inline(always)]
fn far_lane<S: Simd>(simd: S, lane: usize) -> S::f32s {
    const LANES: [f32; 2 * FILL] = {
        let mut lanes = [0.0; 2 * FILL];
        lanes[FILL] = FAR;
        lanes
    };
    let start = if lane < S::F32_LANES { FILL - lane } else { 0 };
    S::as_simd_f32s(&LANES[start..]).0.first().copied().unwrap_or(simd.splat_f32s(0.0))
}

/// Points of a strip, each in all lanes, and what pushes them.
struct Rows<S: Simd> {
    x: [S::f32s; STRIP],
    y: [S::f32s; STRIP],
    /// Turned round.
    force_x: [S::f32s; STRIP],
    force_y: [S::f32s; STRIP],
    /// Of q.
    sum: S::f32s,
}

impl<S: Simd> Rows<S> {
    /// How far a register of other points is from them along each axis.
    #[inline(always)]
    fn differences(&self, simd: S, x: S::f32s, y: S::f32s) -> ([S::f32s; STRIP], [S::f32s; STRIP]) {
        let dx = [simd.sub_f32s(x, self.x[0]), simd.sub_f32s(x, self.x[1])];
        (dx, [simd.sub_f32s(y, self.y[0]), simd.sub_f32s(y, self.y[1])])
    }

    /// Lets a register of other points that are so far away push them; gives how they push these.
    #[inline(always)]
    fn meet(&mut self, simd: S, dx: [S::f32s; STRIP], dy: [S::f32s; STRIP]) -> (S::f32s, S::f32s) {
        let one = simd.splat_f32s(1.0);
        let mut distances = [one; STRIP];
        for row in 0..STRIP {
            distances[row] = simd.mul_add_f32s(dx[row], dx[row], distances[row]);
            distances[row] = simd.mul_add_f32s(dy[row], dy[row], distances[row]);
        }
        // One division for two, as in attraction.
        let both = simd.div_f32s(one, simd.mul_f32s(distances[0], distances[1]));
        let q = [simd.mul_f32s(both, distances[1]), simd.mul_f32s(both, distances[0])];
        self.sum = simd.add_f32s(self.sum, simd.add_f32s(q[0], q[1]));
        let squared = [simd.mul_f32s(q[0], q[0]), simd.mul_f32s(q[1], q[1])];
        for row in 0..STRIP {
            self.force_x[row] = simd.mul_add_f32s(squared[row], dx[row], self.force_x[row]);
            self.force_y[row] = simd.mul_add_f32s(squared[row], dy[row], self.force_y[row]);
        }
        let push =
            |along: [S::f32s; STRIP]| simd.mul_add_f32s(squared[0], along[0], simd.mul_f32s(squared[1], along[1]));
        (push(dx), push(dy))
    }
}
