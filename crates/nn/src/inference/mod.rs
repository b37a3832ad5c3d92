//! What is done with a trained network: classify images and measure how well that goes.

pub mod classifier;
pub mod evaluator;
pub mod metrics;
pub mod predictor;
