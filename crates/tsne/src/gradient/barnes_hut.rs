//! Repulsion by a tree of squares (Barnes and Hut, 1986; van der Maaten, *Accelerating t-SNE using tree-based algorithms*,
//! 2014): a square that is far away counts as one point of its mass at its centre of mass.
//!
//! The tree is a list of squares, each before those in it, with the number of the first square behind them: so a walk goes
//! through the list once and skips what is far away. Points are sorted by their path from the root, so that those of
//! a square are a slice.

use rayon::prelude::*;

use crate::coordinates::bounds;

/// A square whose side is below this share of its distance counts as one point.
const THETA: f32 = 0.5;
/// A square with more points is split.
const MAX_LEAF_POINTS: usize = 8;
/// Points of one task.
const POINTS_PER_TASK: usize = 256;
/// Times that the map is halved at most: beyond, f32 coordinates hardly tell points apart.
const MAX_DEPTH: u32 = 24;

/// The tree and what it is made of, kept from one step to the next.
#[derive(Default)]
pub(crate) struct BarnesHut {
    /// Points by the path from the root to where they are, two bits for each split, then by number.
    order: Vec<(u64, u32)>,
    /// Their coordinates in this order.
    points: Vec<[f32; 2]>,
    /// Each square before those in it.
    squares: Vec<Square>,
}

/// A part of the map.
#[derive(Clone, Copy)]
struct Square {
    centre_of_mass: [f32; 2],
    /// Points in it.
    mass: f32,
    /// (side / θ)²: beyond this squared distance it counts as one point.
    opening_radius_squared: f32,
    /// Its points, by their places in the order.
    start: u32,
    end: u32,
    /// The first square behind it that is not in it.
    next: u32,
    is_split: bool,
}

impl BarnesHut {
    /// The tree of a map.
    pub(super) fn new(map: &[[f32; 2]]) -> Self {
        let mut tree = Self::default();
        tree.build(map);
        tree
    }

    pub(super) fn compute(&mut self, map: &[[f32; 2]], forces: &mut [[f32; 2]]) -> f64 {
        self.build(map);
        let tree = &*self;
        let blocks = map.par_chunks(POINTS_PER_TASK).zip(forces.par_chunks_mut(POINTS_PER_TASK));
        let sums: Vec<f64> = blocks
            .map(|(points, forces)| {
                let mut sum = 0.0;
                for (&point, force) in points.iter().zip(forces) {
                    let (row, row_force) = tree.push(point);
                    // Less its own part, at distance zero.
                    sum += row - 1.0;
                    *force = row_force;
                }
                sum
            })
            .collect();
        sums.iter().sum()
    }

    fn build(&mut self, map: &[[f32; 2]]) {
        let (low, high) = bounds(map);
        let side = (high[0] - low[0]).max(high[1] - low[1]);
        let cells = (1u32 << MAX_DEPTH) as f32;
        let scale = if side > 0.0 { cells / side } else { 0.0 };
        let cell = |value: f32, low: f32| (((value - low) * scale) as u32).min((1 << MAX_DEPTH) - 1);
        self.order.clear();
        self.order.par_extend(
            map.par_iter().enumerate().map(|(index, &[x, y])| {
                (interleaved(cell(x, low[0])) | interleaved(cell(y, low[1])) << 1, index as u32)
            }),
        );
        self.order.par_sort_unstable();
        self.points.clear();
        self.points.extend(self.order.iter().map(|&(_, index)| map[index as usize]));
        self.squares.clear();
        self.split(0, self.order.len(), 0, side);
    }

    /// Adds the square that holds these places of the order, and those in it.
    fn split(&mut self, start: usize, end: usize, depth: u32, side: f32) {
        let points = &self.points[start..end];
        let sum =
            points.iter().fold([0.0f64; 2], |sum, point| [sum[0] + f64::from(point[0]), sum[1] + f64::from(point[1])]);
        let number = self.squares.len();
        let is_split = points.len() > MAX_LEAF_POINTS && depth < MAX_DEPTH;
        self.squares.push(Square {
            centre_of_mass: sum.map(|sum| (sum / points.len() as f64) as f32),
            mass: points.len() as f32,
            opening_radius_squared: (side / THETA).powi(2),
            start: start as u32,
            end: end as u32,
            next: 0,
            is_split,
        });
        if is_split {
            let shift = 2 * (MAX_DEPTH - depth - 1);
            let mut first = start;
            for quarter in 0..4 {
                let within = |&(path, _): &(u64, u32)| path >> shift & 3 <= quarter;
                let last = first + self.order[first..end].partition_point(within);
                if last > first {
                    self.split(first, last, depth + 1, 0.5 * side);
                }
                first = last;
            }
        }
        self.squares[number].next = self.squares.len() as u32;
    }

    /// Σ q and Σ q² (y - y') over all points y', its own place among them.
    pub(super) fn push(&self, [x, y]: [f32; 2]) -> (f64, [f32; 2]) {
        let (mut sum, mut force) = (0.0f64, [0.0f32; 2]);
        let mut add = |other: [f32; 2], mass: f32| {
            let (dx, dy) = (x - other[0], y - other[1]);
            let q = 1.0 / (1.0 + dx * dx + dy * dy);
            sum += f64::from(mass * q);
            force[0] += mass * q * q * dx;
            force[1] += mass * q * q * dy;
        };
        let mut number = 0;
        while let Some(square) = self.squares.get(number) {
            let [dx, dy] = [x - square.centre_of_mass[0], y - square.centre_of_mass[1]];
            if square.opening_radius_squared < dx * dx + dy * dy {
                add(square.centre_of_mass, square.mass);
                number = square.next as usize;
            } else if square.is_split {
                number += 1;
            } else {
                for &other in &self.points[square.start as usize..square.end as usize] {
                    add(other, 1.0);
                }
                number = square.next as usize;
            }
        }
        (sum, force)
    }
}

/// The bits of a number with a zero before each.
fn interleaved(number: u32) -> u64 {
    let mut bits = u64::from(number);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_set_apart() {
        assert_eq!(interleaved(0b1011), 0b0100_0101);
        assert_eq!(interleaved(0xffff), 0x5555_5555);
    }

    #[test]
    fn every_point_is_in_one_square_that_is_not_split() {
        let map: Vec<[f32; 2]> = (0..500).map(|at| [(at % 23) as f32, (at % 7) as f32 * 0.01]).collect();
        let tree = BarnesHut::new(&map);
        let leaves: Vec<_> = tree.squares.iter().filter(|square| !square.is_split).collect();
        assert_eq!(leaves.iter().map(|leaf| leaf.mass).sum::<f32>(), 500.0);
        assert!(leaves.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(tree.squares[0].next as usize, tree.squares.len());
    }
}
