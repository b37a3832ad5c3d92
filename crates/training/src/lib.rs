#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

pub mod automatic;
pub mod budget;
pub mod cautions;
pub mod checkpoint;
mod class_weights;
mod differences;
pub mod experiment;
mod memory;
pub mod origin;
pub mod progress;
pub mod runs;
pub mod session;
pub mod splits;
pub mod start;
pub mod trainer;

pub use automatic::{AUTOMATIC, Automatic};
pub use cautions::Caution;
pub use experiment::Experiment;
pub use progress::{Done, EpochRecord};
pub use runs::aggregate::{SeedAggregate, Spread};
pub use runs::result::RunResult;
pub use runs::run_directory::{RunDirectory, RunPaths};
pub use runs::run_source::{RunSource, data_source, reading_options};
pub use session::{ExistingRun, Fitted, Session};
pub use splits::{Limit, Splits};
pub use start::{LastLayer, Start};
pub use trainer::{Observer, StepEvent, TensorKind};
