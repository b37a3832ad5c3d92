//! modiste-tsne: t-SNE maps of many points in seconds (van der Maaten and Hinton, *Visualizing data using t-SNE*, 2008).
//!
//! t-SNE places n points of any dimension in the plane so that points that are near each other stay near. [`Tsne::fit`] runs
//! all of it:
//!
//! | stage | takes | makes |
//! | --- | --- | --- |
//! | [`Neighbours`] | [`Points`] `[n, dimensions]` | the `k` nearest others of each point, `[n, k]` |
//! | [`Affinities`] | neighbours and a [`Perplexity`] | P, a sparse symmetric distribution over pairs of points |
//! | [`initialisation`] | points or a seed | the first map, `[n, 2]` |
//! | [`Optimiser`] | P and the first map | the map `[n, 2]` whose Q diverges least from P |
//!
//! With q(i, j) in proportion to 1 / (1 + |y_i - y_j|²), it makes the divergence Σ p ln (p / q) small by gradient descent.
//! Each stage can be used by itself. Same input and same seed give the same bits, on any number of threads.

#![warn(unreachable_pub)]

pub mod affinities;
pub mod components;
mod coordinates;
mod distinct;
mod divergence;
mod error;
mod gradient;
pub mod initialisation;
mod map;
mod matmul;
pub mod neighbours;
pub mod optimiser;
mod perplexity;
mod points;
pub mod quality;
mod random;
mod simd;
mod tsne;

pub use affinities::Affinities;
pub use distinct::Distinct;
pub use divergence::divergence;
pub use error::Error;
pub use gradient::{Method, gradient};
pub use map::Map;
pub use neighbours::{Metric, Neighbours};
pub use optimiser::{Optimiser, Progress};
pub use perplexity::Perplexity;
pub use points::Points;
pub use simd::instruction_set;
pub use tsne::{Fitted, Initialisation, Phase, Search, Seconds, Tsne};

/// The README's example, compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
