//! IDX, the format of MNIST and its kin: one file of images and one of labels for each part.

pub(crate) mod class_names;
pub(crate) mod directory;
mod file;
pub(crate) mod set;

pub use file::{Idx, decode, read};
