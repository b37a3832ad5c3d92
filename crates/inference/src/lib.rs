#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

pub mod answer;
pub mod calibration;
mod cholesky;
pub mod classifier;
pub mod coverage;
pub mod evaluator;
pub mod familiarity;
pub mod judge;
pub mod mcnemar;
pub mod metrics;
pub mod occlusion;
pub mod predictor;
pub mod temperature;

pub use answer::{Answer, Failure, Likely};
pub use calibration::CalibrationBin;
pub use coverage::Coverage;
pub use evaluator::Evaluator;
pub use familiarity::Gauge;
pub use judge::Judge;
pub use mcnemar::McNemar;
pub use metrics::{ClassScore, MetricsAccumulator};
pub use predictor::{Features, Look, NotImages, Predictor, Score, Scores};
