//! The gradient of the Kullback-Leibler divergence between P and what the map shows of it.
//!
//! With q(i, j) = 1 / (1 + |y_i - y_j|²) and Z its sum over all pairs, the gradient for y_i is
//! 4 (Σ p q (y_i - y_j) - Σ q² (y_i - y_j) / Z): attraction by the few points that have a p with i, less repulsion by all
//! (van der Maaten and Hinton, 2008). [`Method`] says how the second sum is computed. Maps and forces are `[n, 2]`.

mod attraction;
mod barnes_hut;
mod convolution;
mod exact;
mod field;
mod fourier;
mod self_interaction;
mod spline;

use std::fmt;

pub(crate) use self::attraction::Attraction;
pub(crate) use self::field::Field;
use crate::affinities::Affinities;
use crate::coordinates::check_map;
use crate::error::Error;

/// Up to this many points exact forces cost no more than others.
const MAX_EXACT_POINTS: usize = 1500;
/// Fewer points than this are computed exactly: a grid's rounding errors may be larger than their forces. In
/// `bench/NOTES.md`, "Maps": "taking off what a point reads of itself off the grid".
const MIN_FOURIER_POINTS: usize = 256;

/// How repulsion is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The fastest for the number of points: exact up to 1,500, else by Fourier transforms.
    #[default]
    Auto,
    /// Every pair of points.
    Exact,
    /// Far points taken together (Barnes and Hut, 1986; van der Maaten, 2014), with θ = 0.5.
    BarnesHut,
    /// All points at once, by a convolution on a grid (Linderman and others, 2019). Barnes-Hut takes its place where points
    /// are so far apart that a grid would be too large, and exact forces for fewer than 256 points.
    Fourier,
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Exact => "exact",
            Self::BarnesHut => "barnes-hut",
            Self::Fourier => "fourier",
        })
    }
}

impl Method {
    /// The method that is used for `points` points.
    pub fn for_points(self, points: usize) -> Self {
        match self {
            Self::Auto if points <= MAX_EXACT_POINTS => Self::Exact,
            Self::Fourier if points < MIN_FOURIER_POINTS => Self::Exact,
            Self::Auto => Self::Fourier,
            chosen => chosen,
        }
    }
}

/// Repulsion by a method, with the memory that it keeps from one iteration to the next.
pub(crate) struct Repulsion {
    method: Method,
    exact: exact::Exact,
    tree: barnes_hut::BarnesHut,
    fourier: fourier::Fourier,
}

impl Repulsion {
    pub(crate) fn new(method: Method) -> Self {
        Self { method, exact: Default::default(), tree: Default::default(), fourier: fourier::Fourier::new() }
    }

    /// Writes Σ q² (y_i - y_j) over all points j for each i; returns Z, the sum of q over all ordered pairs.
    pub(crate) fn compute(&mut self, map: &[[f32; 2]], forces: &mut [[f32; 2]]) -> f64 {
        match self.method.for_points(map.len()) {
            Method::Exact => self.exact.compute(map, forces),
            Method::BarnesHut => self.tree.compute(map, forces),
            _ if fourier::suits(map) => self.fourier.compute(map, forces),
            _ => self.tree.compute(map, forces),
        }
    }
}

/// The gradient of the divergence by the coordinates of each point, `[n, 2]`.
///
/// # Errors
/// When the map has other points than the affinities, or a coordinate that is not finite or beyond a million.
pub fn gradient(affinities: &Affinities, map: &[[f32; 2]], method: Method) -> Result<Vec<[f32; 2]>, Error> {
    check_map(map, affinities.len())?;
    let (mut repulsions, mut gradient) = (vec![[0.0; 2]; map.len()], vec![[0.0; 2]; map.len()]);
    let z = forces(affinities, map, &mut Repulsion::new(method), &mut gradient, &mut repulsions);
    let share = (1.0 / z) as f32;
    for (gradient, repulsion) in gradient.iter_mut().zip(repulsions) {
        *gradient = std::array::from_fn(|axis| 4.0 * (gradient[axis] - share * repulsion[axis]));
    }
    Ok(gradient)
}

/// Writes both sums of the gradient for each point, Σ p q (y_i - y_j) and Σ q² (y_i - y_j); returns Z.
pub(crate) fn forces(
    affinities: &Affinities,
    map: &[[f32; 2]],
    repulsion: &mut Repulsion,
    attractions: &mut [[f32; 2]],
    repulsions: &mut [[f32; 2]],
) -> f64 {
    // Side by side: where one waits for its last task, the other has work. In `bench/NOTES.md`, "Maps": "attraction and
    // repulsion side by side".
    rayon::join(|| repulsion.compute(map, repulsions), || Attraction::new(affinities, map).write(attractions)).0
}
