//! What the targets share: a place in memory for files, and the ways into the program's readers.

mod place;
mod set;
mod small;
mod sums;

pub use place::Place;
pub use set::{load, load_with};
pub use small::{SMALL, small_card};
pub use sums::{tar_with_sums, tensor_file};
