//! Training: experiments, the loop that fits a network, and the directories that runs are kept in.

pub mod checkpoint;
pub mod experiment;
pub mod progress;
pub mod runs;
pub mod session;
pub mod splits;
pub mod trainer;
