//! A request for inference, as JSON.

use std::borrow::Cow;

use serde::Deserialize;

use super::numbers::Numbers;

/// The whole. What it says beside this is left alone.
#[derive(Debug, Deserialize)]
pub(crate) struct InferRequest<'a> {
    /// Comes back with the answer.
    #[serde(borrow, default)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(crate) parameters: Option<RequestParameters>,
    #[serde(borrow)]
    pub(crate) inputs: Vec<InputTensor<'a>>,
    #[serde(borrow, default)]
    pub(crate) outputs: Option<Vec<WantedOutput<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RequestParameters {
    /// Whether outputs are binary where they do not say themselves.
    #[serde(default)]
    pub(crate) binary_data_output: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct InputTensor<'a> {
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    pub(crate) shape: Vec<usize>,
    #[serde(borrow)]
    pub(crate) datatype: Cow<'a, str>,
    #[serde(default)]
    pub(crate) parameters: Option<InputParameters>,
    #[serde(default)]
    pub(crate) data: Option<Numbers>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct InputParameters {
    /// Bytes of it behind the JSON.
    #[serde(default)]
    pub(crate) binary_data_size: Option<usize>,
    /// Triton's shared memory, which there is none of here.
    #[serde(default)]
    pub(crate) shared_memory_region: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WantedOutput<'a> {
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(default)]
    pub(crate) parameters: Option<OutputParameters>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct OutputParameters {
    #[serde(default)]
    pub(crate) binary_data: Option<bool>,
    /// The likeliest classes instead of all numbers: so many.
    #[serde(default)]
    pub(crate) classification: Option<usize>,
    #[serde(default)]
    pub(crate) shared_memory_region: Option<serde::de::IgnoredAny>,
}
