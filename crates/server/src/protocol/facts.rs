//! What is said of the server and its models: metadata, configuration, index.

use serde::Serialize;

use super::{IMAGES, LOGITS, PROBABILITIES};
use crate::models::{Served, VERSION};

/// What is implemented beside the protocol.
const EXTENSIONS: &[&str] = &["binary_tensor_data", "classification", "model_configuration", "statistics"];

#[derive(Serialize)]
pub(crate) struct ServerMetadata {
    name: &'static str,
    version: &'static str,
    extensions: &'static [&'static str],
}

#[derive(Serialize)]
pub(crate) struct ModelMetadata<'a> {
    name: &'a str,
    versions: [&'static str; 1],
    platform: &'static str,
    inputs: [TensorMetadata; 1],
    outputs: [TensorMetadata; 2],
}

#[derive(Serialize)]
struct TensorMetadata {
    name: &'static str,
    datatype: &'static str,
    /// -1 is any number.
    shape: Vec<i64>,
}

/// A model's `config.pbtxt` as Triton has it in JSON, which perf_analyzer reads.
#[derive(Serialize)]
pub(crate) struct ModelConfig<'a> {
    name: &'a str,
    platform: &'static str,
    backend: &'static str,
    version_policy: VersionPolicy,
    max_batch_size: usize,
    input: [TensorConfig; 1],
    output: [TensorConfig; 2],
    instance_group: [InstanceGroup; 1],
    dynamic_batching: DynamicBatching,
}

#[derive(Serialize)]
struct VersionPolicy {
    latest: Latest,
}

#[derive(Serialize)]
struct Latest {
    num_versions: u32,
}

#[derive(Serialize)]
struct TensorConfig {
    name: &'static str,
    data_type: &'static str,
    dims: Vec<i64>,
}

#[derive(Serialize)]
struct InstanceGroup {
    count: u32,
    kind: &'static str,
}

#[derive(Serialize)]
struct DynamicBatching {
    max_queue_delay_microseconds: u128,
}

#[derive(Serialize)]
pub(crate) struct IndexEntry {
    name: String,
    version: &'static str,
    state: &'static str,
    reason: &'static str,
}

/// What the server is.
pub(crate) fn server() -> ServerMetadata {
    ServerMetadata { name: "modiste", version: env!("CARGO_PKG_VERSION"), extensions: EXTENSIONS }
}

/// What a model takes and gives.
pub(crate) fn model(served: &Served) -> ModelMetadata<'_> {
    let tensor = |name, rest: Vec<i64>| {
        let shape = [vec![-1], rest].concat();
        TensorMetadata { name, datatype: "FP32", shape }
    };
    let classes = classes(served);
    ModelMetadata {
        name: &served.name,
        versions: [VERSION],
        platform: "modiste",
        inputs: [tensor(IMAGES, image(served))],
        outputs: [tensor(PROBABILITIES, classes.clone()), tensor(LOGITS, classes)],
    }
}

/// The same as a configuration.
pub(crate) fn config(served: &Served, delay: std::time::Duration) -> ModelConfig<'_> {
    let tensor = |name, dims| TensorConfig { name, data_type: "TYPE_FP32", dims };
    let classes = classes(served);
    ModelConfig {
        name: &served.name,
        platform: "modiste",
        backend: "modiste",
        version_policy: VersionPolicy { latest: Latest { num_versions: 1 } },
        max_batch_size: served.batch,
        input: [tensor(IMAGES, image(served))],
        output: [tensor(PROBABILITIES, classes.clone()), tensor(LOGITS, classes)],
        instance_group: [InstanceGroup { count: 1, kind: "KIND_CPU" }],
        dynamic_batching: DynamicBatching { max_queue_delay_microseconds: delay.as_micros() },
    }
}

/// A model's line of the index.
pub(crate) fn index_entry(served: &Served) -> IndexEntry {
    let (state, reason) = if served.is_ready() { ("READY", "") } else { ("UNAVAILABLE", "its thread has ended") };
    IndexEntry { name: served.name.to_string(), version: VERSION, state, reason }
}

fn image(served: &Served) -> Vec<i64> {
    let shape = served.card.image_shape;
    [shape.channels, shape.height, shape.width].map(|size| size as i64).to_vec()
}

fn classes(served: &Served) -> Vec<i64> {
    vec![served.card.class_names.len() as i64]
}
