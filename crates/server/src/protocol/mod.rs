//! The Open Inference Protocol, version 2, as KServe and Triton speak it over HTTP, with Triton's extensions for binary tensors,
//! classification, statistics and configuration.
//!
//! Tensors are those of an exported ONNX file: `images` `[n, channels, height, width]`, raw pixels from 0 to 255; `probabilities`
//! and `logits`, `[n, classes]`.

mod answer;
mod facts;
mod infer;
mod numbers;
mod request;
pub(crate) mod routes;
mod tensors;

/// The input.
pub(crate) const IMAGES: &str = "images";
/// What logits are after softmax.
pub(crate) const PROBABILITIES: &str = "probabilities";
/// What the last layer writes.
pub(crate) const LOGITS: &str = "logits";
/// How long the JSON is before binary tensors.
pub(crate) const HEADER_LENGTH: &str = "inference-header-content-length";
