#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod module;
mod names;
mod weights;

pub use module::module;
pub use names::{identifier, names};
pub use weights::weights;
