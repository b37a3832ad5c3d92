//! modiste-nn: networks as data, executors that run them, training.

pub mod executor;
pub mod init;
pub mod network;
pub mod recipe;
