#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod import;
mod module;
mod names;
mod weights;

pub use import::import;
pub use module::module;
pub use names::{identifier, names};
pub use weights::weights;
