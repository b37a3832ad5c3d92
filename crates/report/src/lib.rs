//! modiste-report: pictures of data sets and results.
//!
//! [`snapshot`] and [`map`] lay out what is to be seen, on a [`picture::Picture`], which knows pixels, text and PNG.

#![warn(unreachable_pub)]

mod coverage;
pub mod figures;
pub mod heat;
mod html;
pub mod map;
pub mod mistakes;
pub mod names;
pub mod numbers;
mod palette;
pub mod picture;
pub mod run;
pub mod runs;
mod sample_sheets;
pub mod seen;
mod shades;
pub mod snapshot;

mod sprites;
pub mod text;
mod thumbnail;
pub mod tiles;

/// The README's example, run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
