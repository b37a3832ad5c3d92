//! Figures as papers have them: drawn once, written as SVG and as PNG, without a title inside.
//!
//! The library `plotters` lays out axes and writes SVG; pixels are those of a [`Picture`](crate::picture::Picture), whose font needs no
//! file of the system.

mod area;
mod axis;
mod canvas;
mod chart;
mod figure;
mod matrix;

pub(crate) use axis::Axis;
pub(crate) use chart::{Chart, Line};
pub(crate) use figure::Content;
pub use figure::Figure;
pub(crate) use matrix::{is_dark, strength};
