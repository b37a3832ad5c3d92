//! modiste-nn: networks as data, executors that run them, training.

pub mod atomic_file;
pub mod checkpoint;
pub mod cpu;
pub mod device;
pub mod dropout;
pub mod error;
pub mod executor;
pub mod fingerprint;
pub mod history;
pub mod inference;
pub mod init;
pub mod keeper;
pub mod loss;
pub mod model;
mod muon;
pub mod network;
pub mod numbered;
pub mod partition;
pub mod profile;
pub mod recipe;
pub mod reference;
pub mod result;
pub mod run_directory;
pub mod seeds;
pub mod softmax;
pub mod summary;
mod tensor_file;
pub mod trainer;

/// The README's example, run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
