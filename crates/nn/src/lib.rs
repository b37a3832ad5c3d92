//! modiste-nn: networks as data, executors that run them, training.

pub mod atomic_file;
pub mod cpu;
pub mod device;
pub mod dropout;
pub mod error;
pub mod executor;
pub mod fingerprint;
pub mod inference;
pub mod init;
pub mod loss;
pub mod model;
mod muon;
pub mod network;
pub mod numbered;
pub mod partition;
pub mod profile;
pub mod recipe;
pub mod reference;
pub mod softmax;
mod tensor_file;
pub mod training;

/// The README's example, run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
