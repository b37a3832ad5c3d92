//! Vectors of f32 in each instruction set, behind one trait, and the choice among them at run time.
//!
//! A kernel is written once, generic over [`Vector`], as a struct of its arguments with a [`Kernel::run`] that the
//! compiler specialises for every instruction set; [`Isa::run`] picks the copy that fits this machine. An instruction set
//! is one file, and its lines in `isa`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(test)]
pub(super) mod counting;
mod isa;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod vector;

pub use self::isa::Isa;
pub(crate) use self::vector::{Kernel, Vector};
