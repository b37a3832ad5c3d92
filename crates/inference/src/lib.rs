#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

pub mod classifier;
pub mod evaluator;
pub mod metrics;
pub mod occlusion;
pub mod predictor;

pub use evaluator::Evaluator;
pub use metrics::{ClassScore, MetricsAccumulator};
pub use predictor::{Features, Predictor};
