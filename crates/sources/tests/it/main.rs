//! Tests of the crate as others use it, all in one program, since linking one takes longer than running it.

mod archives;
#[cfg(feature = "download")]
mod download;
mod garments;
mod idx;
mod layouts;
mod load;
mod matrix;
mod support;
mod tables;
