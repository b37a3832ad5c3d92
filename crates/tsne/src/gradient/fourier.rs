//! Repulsion from all points at once, by Fourier transforms.
//!
//! The potential at y is Σ 1 / (1 + |y - y_j|²) over all points j. Its gradient is -2 times the repulsion, and its sum over
//! all points is Z. So one convolution of the points with the similarity is enough, where interpolating forces takes three
//! (Linderman, Rachh, Hoskins, Steinerberger and Kluger, *Fast interpolation-based t-SNE*, 2019). As in particle-mesh Ewald
//! sums (Essmann and others, 1995) points are spread over a grid `[rows, columns]` with B-splines, the grid is convolved,
//! and the potential and its gradient are read off with the same splines. What a point reads of itself is taken off.

use modiste_fourier::Planners;
use rayon::prelude::*;

use super::convolution::{Convolution, fast_size, peak};
use super::self_interaction::SelfInteraction;
use super::spline::{ORDER, WIDTH, weights_and_slopes};
use crate::coordinates::bounds;
use crate::simd::{add, vectorised};

/// Distance of nodes at most, where the similarity has width 1. In `bench/NOTES.md`, "Maps": "nodes 0.4 apart instead of
/// 0.5".
const MAX_SPACING: f32 = 0.4;
/// Intervals between nodes along the map's longer side, at least.
const MIN_INTERVALS: f32 = 48.0;
/// Maps whose sides are no longer than this have no spacing that f32 can hold; any grid serves them.
const MIN_SIDE: f32 = 1e-30;
/// Points for each grid; all grids are added.
const POINTS_PER_GRID: usize = 4096;
/// Grids at most. Their number does not depend on that of threads, so sums do not either.
const MAX_GRIDS: usize = 16;
/// With more nodes than this for each point, or in all, points are far apart, and the tree takes the grid's place,
const MAX_NODES_PER_POINT: usize = 200;
const MAX_NODES: usize = 4_000_000;
/// but not with fewer than this.
const ALWAYS_ALLOWED_NODES: usize = 100_000;
/// Points that one task reads.
const POINTS_PER_TASK: usize = 256;
/// Nodes that one task adds.
const NODES_PER_TASK: usize = 4096;

/// Grids and transforms, kept from one iteration to the next.
pub(super) struct Fourier {
    planners: Planners,
    convolution: Option<Convolution>,
    /// One for each share of the points; the first becomes the sum of all, then the potential. Each `[rows, columns]`.
    grids: Vec<Vec<f32>>,
}

impl Fourier {
    pub(super) fn new() -> Self {
        Self { planners: Planners::new(), convolution: None, grids: Vec::new() }
    }

    /// Spreads points over grids, and adds these.
    fn spread(&mut self, map: &[[f32; 2]], grid: &Grid) {
        let count = map.len().div_ceil(POINTS_PER_GRID).min(MAX_GRIDS);
        let share = map.len().div_ceil(count);
        self.grids.resize(count, Vec::new());
        self.grids.par_iter_mut().zip(map.par_chunks(share)).for_each(|(nodes, points)| {
            nodes.clear();
            nodes.resize(grid.rows * grid.columns, 0.0);
            vectorised!({
                for &point in points {
                    grid.spread(point, nodes);
                }
            });
        });
        let Some((sum, others)) = self.grids.split_first_mut() else { return };
        sum.par_chunks_mut(NODES_PER_TASK).enumerate().for_each(|(block, sum)| {
            for other in &*others {
                add(sum, &other[block * NODES_PER_TASK..]);
            }
        });
    }

    /// The potential of points, at the nodes of a grid around them, and what each point reads of itself there.
    fn potential(&mut self, map: &[[f32; 2]], grid: &Grid) -> (&[f32], SelfInteraction) {
        self.spread(map, grid);
        let planners = &mut self.planners;
        let convolution = match &mut self.convolution {
            Some(convolution) if convolution.is_for(grid.rows, grid.columns, grid.spacing) => convolution,
            other => other.insert(Convolution::new(planners, grid.rows, grid.columns, grid.spacing)),
        };
        convolution.apply(&mut self.grids[0]);
        (&self.grids[0], convolution.self_interaction())
    }

    pub(super) fn compute(&mut self, map: &[[f32; 2]], forces: &mut [[f32; 2]]) -> f64 {
        let grid = Grid::around(map);
        let (potential, self_interaction) = self.potential(map, &grid);
        let blocks = map.par_chunks(POINTS_PER_TASK).zip(forces.par_chunks_mut(POINTS_PER_TASK));
        let sums: Vec<f64> = blocks
            .map(|(points, forces)| vectorised!(grid.read_all(points, potential, self_interaction, forces)))
            .collect();
        let n = map.len() as f64;
        // Every pair counts the potential and what the similarity lacks at its peak.
        sums.iter().sum::<f64>() + (1.0 - peak(grid.spacing)) * n * (n - 1.0)
    }
}

/// Whether a grid around a map is worth its memory and time.
pub(super) fn suits(map: &[[f32; 2]]) -> bool {
    let Grid { rows, columns, .. } = Grid::around(map);
    rows.saturating_mul(columns) <= (MAX_NODES_PER_POINT * map.len()).clamp(ALWAYS_ALLOWED_NODES, MAX_NODES)
}

/// The potential of a map that stays as it is.
pub(crate) struct Potential {
    grid: Grid,
    /// `[rows, columns]`
    nodes: Vec<f32>,
    /// What the similarity lacks of 1 at its peak, over all points.
    missing: f32,
}

impl Potential {
    /// Of the points of a map that [suits] a grid.
    pub(super) fn new(map: &[[f32; 2]]) -> Self {
        let grid = Grid::around(map);
        let nodes = Fourier::new().potential(map, &grid).0.to_vec();
        Self { grid, nodes, missing: (1.0 - peak(grid.spacing)) as f32 * map.len() as f32 }
    }

    /// Σ q and Σ q² (y - y') over all points y' of the map, for a position within it.
    pub(super) fn at(&self, position: [f32; 2]) -> (f32, [f32; 2]) {
        let (value, slope) = self.grid.read(position, &self.nodes);
        (value + self.missing, slope.map(|slope| -0.5 * slope))
    }
}

/// Nodes around a map.
#[derive(Clone, Copy, Debug)]
struct Grid {
    /// Coordinates of the first node.
    first: [f32; 2],
    spacing: f32,
    rows: usize,
    columns: usize,
}

impl Grid {
    fn around(map: &[[f32; 2]]) -> Self {
        let (low, high) = bounds(map);
        let sides = [high[0] - low[0], high[1] - low[1]];
        let spacing = spacing(sides[0].max(sides[1]));
        // Rounding may push a point one node farther.
        let nodes = |side: f32| fast_size((side / spacing) as usize + WIDTH + 2);
        let first = low.map(|low| (low / spacing).floor() * spacing);
        Self { first, spacing, rows: nodes(sides[1]), columns: nodes(sides[0]) }
    }

    /// Where a point is: its first node, and how far it is beyond its third, as a share of the spacing.
    #[inline(always)]
    fn place(&self, point: [f32; 2]) -> ([usize; 2], [f32; 2]) {
        let inverse = 1.0 / self.spacing;
        let at = [(point[0] - self.first[0]) * inverse, (point[1] - self.first[1]) * inverse];
        let node = [at[0] as u32, at[1] as u32];
        let beyond = [at[0] - node[0] as f32, at[1] - node[1] as f32];
        (node.map(|node| node as usize), beyond)
    }

    #[inline(always)]
    fn spread(&self, point: [f32; 2], nodes: &mut [f32]) {
        let ([column, row], [x, y]) = self.place(point);
        let (across, down) = (weights_and_slopes(x).0, weights_and_slopes(y).0);
        for line in 0..ORDER {
            let nodes = &mut nodes[(row + line) * self.columns + column..][..WIDTH];
            for node in 0..WIDTH {
                nodes[node] += down[line] * across[node];
            }
        }
    }

    /// Writes the force on each point and returns the sum of their potentials, both less what a point reads of itself.
    #[inline(always)]
    fn read_all(
        &self,
        points: &[[f32; 2]],
        potential: &[f32],
        self_interaction: SelfInteraction,
        forces: &mut [[f32; 2]],
    ) -> f64 {
        let mut sum = 0.0;
        let inverse = 1.0 / self.spacing;
        for (&point, force) in points.iter().zip(forces) {
            let (value, slope) = self.read(point, potential);
            let (self_value, self_slope) = self_interaction.at(self.place(point).1);
            sum += f64::from(value - self_value);
            *force = std::array::from_fn(|axis| -0.5 * (slope[axis] - inverse * self_slope[axis]));
        }
        sum
    }

    /// The potential at a point, and its gradient.
    #[inline(always)]
    fn read(&self, point: [f32; 2], potential: &[f32]) -> (f32, [f32; 2]) {
        let ([column, row], [x, y]) = self.place(point);
        let ((across, across_slopes), (down, down_slopes)) = (weights_and_slopes(x), weights_and_slopes(y));
        // Columns first: their weighted sums, by weights and by slopes.
        let (mut sums, mut changes) = ([0.0; WIDTH], [0.0; WIDTH]);
        for line in 0..ORDER {
            let nodes = &potential[(row + line) * self.columns + column..][..WIDTH];
            for node in 0..WIDTH {
                sums[node] += down[line] * nodes[node];
                changes[node] += down_slopes[line] * nodes[node];
            }
        }
        let along = |weights: [f32; WIDTH], values: [f32; WIDTH]| {
            let products: [f32; WIDTH] = std::array::from_fn(|node| weights[node] * values[node]);
            ((products[0] + products[4]) + (products[1] + products[5])) + (products[2] + products[3])
        };
        let inverse = 1.0 / self.spacing;
        (along(across, sums), [along(across_slopes, sums) * inverse, along(across, changes) * inverse])
    }
}

/// The distance of nodes for a map so wide: a power of the root of two, so that small changes of the map leave the grid as it
/// is.
fn spacing(side: f32) -> f32 {
    if side >= MAX_SPACING * MIN_INTERVALS {
        MAX_SPACING
    } else if side > MIN_SIDE {
        (0.5 * (2.0 * (side / MIN_INTERVALS).log2()).floor()).exp2()
    } else {
        1.0
    }
}
