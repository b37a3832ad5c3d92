#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod export;
mod graph;
mod import;
mod layers;
mod normalisation;
mod proto;
mod views;

pub use export::{ExportError, Layout, Options, Pixels, export};
pub use import::{ImportError, Imported, OnnxFile};
