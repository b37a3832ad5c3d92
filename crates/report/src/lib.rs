//! modiste-report: pictures of data sets and results.
//!
//! [`snapshot`] and [`map`] lay out what is to be seen, on a [`picture::Picture`], which knows pixels, text and PNG.

#![warn(unreachable_pub)]

pub mod confusion;
mod coverage;
pub mod heat;
pub mod map;
pub mod mistakes;
pub mod names;
pub mod numbers;
pub mod picture;
pub mod seen;
pub mod snapshot;
pub mod sprite;
mod text;
mod thumbnail;

/// The README's example, run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
