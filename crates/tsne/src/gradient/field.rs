//! How the points of a map that stays as it is push whatever comes into it.

use super::barnes_hut::BarnesHut;
use super::fourier::{Potential, suits};

/// Everything that a map does to a point anywhere in it.
pub(crate) enum Field {
    /// Read off a grid,
    Grid(Potential),
    /// or summed over a tree, where points are too far apart for one.
    Tree(BarnesHut),
}

impl Field {
    /// Of the points of a map.
    pub(crate) fn new(map: &[[f32; 2]]) -> Self {
        if suits(map) { Self::Grid(Potential::new(map)) } else { Self::Tree(BarnesHut::new(map)) }
    }

    /// Σ q and Σ q² (y - y') over all points y' of the map, for a place within it.
    pub(crate) fn at(&self, place: [f32; 2]) -> (f32, [f32; 2]) {
        match self {
            Self::Grid(potential) => potential.at(place),
            Self::Tree(tree) => {
                let (sum, force) = tree.push(place);
                (sum as f32, force)
            }
        }
    }
}
