//! modiste-tsne: maps of many points in seconds, by t-SNE (van der Maaten and Hinton, *Visualizing data using t-SNE*, 2008).
//!
//! [`Tsne::fit`] does all of it. The parts are there by themselves too, to be put together otherwise: [`Neighbours`] of
//! [`Points`], [`Affinities`] of these, a first map ([`initialisation`]), and the [`Optimiser`] that moves it.

pub mod affinities;
pub mod components;
mod coordinates;
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
