//! NumPy's format for an array, alone in a `.npy` file or among others in an `.npz` file.

pub(crate) mod array;
pub(crate) mod flaw;
mod header;
pub(crate) mod kind;
pub(crate) mod words;
pub(crate) mod write;
