#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

pub mod calibration;
mod cholesky;
pub mod classifier;
pub mod coverage;
pub mod evaluator;
pub mod familiarity;
pub mod mcnemar;
pub mod metrics;
pub mod occlusion;
pub mod predictor;
pub mod temperature;

pub use calibration::CalibrationBin;
pub use coverage::Coverage;
pub use evaluator::Evaluator;
pub use familiarity::Gauge;
pub use mcnemar::McNemar;
pub use metrics::{ClassScore, MetricsAccumulator};
pub use predictor::{Features, Predictor, Score, Scores};
