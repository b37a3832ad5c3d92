//! modiste-nn: networks as data, executors that run them, training.

pub mod checkpoint;
pub mod classifier;
pub mod cpu;
pub mod device;
pub mod dropout;
pub mod evaluation;
pub mod executor;
pub mod history;
pub mod init;
pub mod keeper;
pub mod loss;
pub mod metrics;
pub mod model;
mod muon;
pub mod network;
pub mod partition;
pub mod profile;
pub mod recipe;
pub mod reference;
pub mod result;
pub mod run_directory;
pub mod seeds;
pub mod summary;
pub mod trainer;

/// The README's example, run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
