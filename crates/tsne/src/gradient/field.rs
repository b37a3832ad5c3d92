//! The repulsion of a map whose points stay where they are, at any position within it: for new points.

use super::barnes_hut::BarnesHut;
use super::fourier::{Potential, suits};

/// The repulsion of a map.
pub(crate) enum Field {
    /// Read off a grid.
    Grid(Potential),
    /// Summed over a tree, where points are too far apart for a grid.
    Tree(BarnesHut),
}

impl Field {
    /// Of the points of a map.
    pub(crate) fn new(map: &[[f32; 2]]) -> Self {
        if suits(map) { Self::Grid(Potential::new(map)) } else { Self::Tree(BarnesHut::new(map)) }
    }

    /// Σ q and Σ q² (y - y') over all points y' of the map, for a position within it.
    pub(crate) fn at(&self, position: [f32; 2]) -> (f32, [f32; 2]) {
        match self {
            Self::Grid(potential) => potential.at(position),
            Self::Tree(tree) => {
                let (sum, force) = tree.push(position);
                (sum as f32, force)
            }
        }
    }
}
