//! modiste-nn: networks as data, executors that run them, training.

pub mod device;
pub mod dropout;
pub mod executor;
pub mod init;
pub mod loss;
pub mod network;
pub mod recipe;
pub mod reference;
