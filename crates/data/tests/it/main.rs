//! Tests of the crate as others use it, all in one program, since linking one takes longer than running it.

mod augmentation;
mod batches;
mod picture;
