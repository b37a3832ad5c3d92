//! Exported networks in another engine, and against plain arithmetic in f64.

// The random networks by which the engine is tested.
#[path = "../../../executors/tests/it/cases.rs"]
#[expect(dead_code, reason = "only training asks for the weights of classes")]
mod cases;
mod engine;
mod import;
mod recipes;
mod written;
