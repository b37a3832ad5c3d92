//! modiste-nn: networks as data, executors that run them, training.

pub mod cpu;
pub mod device;
pub mod dropout;
pub mod executor;
pub mod inference;
pub mod init;
pub mod loss;
pub mod model;
mod muon;
pub mod network;
pub mod profile;
pub mod recipe;
pub mod reference;
pub mod softmax;
pub mod training;

/// The README's example, run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
