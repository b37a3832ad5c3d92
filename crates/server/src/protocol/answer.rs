//! The answer to a request for inference: JSON, and where they are asked for binary tensors behind it.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use modiste_inference::Scores;
use serde::Serialize;

use super::request::{OutputParameters, RequestParameters, WantedOutput};
use super::{HEADER_LENGTH, LOGITS, PROBABILITIES};
use crate::models::{Served, VERSION};
use crate::problem::{self, Problem};

/// What was asked for.
pub(crate) struct Wanted<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) parameters: Option<RequestParameters>,
    pub(crate) outputs: Option<Vec<WantedOutput<'a>>>,
}

#[derive(Serialize)]
struct InferResponse<'a> {
    model_name: &'a str,
    model_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    outputs: Vec<OutputTensor<'a>>,
}

#[derive(Serialize)]
struct OutputTensor<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: [usize; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<BinarySize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
}

#[derive(Serialize)]
struct BinarySize {
    binary_data_size: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Floats(&'a [f32]),
    Texts(Vec<String>),
}

impl Data<'_> {
    fn datatype(&self) -> &'static str {
        match self {
            Self::Floats(_) => "FP32",
            Self::Texts(_) => "BYTES",
        }
    }

    /// Adds it as the binary tensor extension has it: floats, or each text behind its length, little-endian.
    fn write(&self, binary: &mut Vec<u8>) {
        match self {
            Self::Floats(values) => binary.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Self::Texts(texts) => {
                for text in texts {
                    binary.extend((text.len() as u32).to_le_bytes());
                    binary.extend(text.as_bytes());
                }
            }
        }
    }
}

impl Wanted<'_> {
    /// What is wrong with what is wanted, before anything is computed.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        for WantedOutput { name, parameters } in self.outputs.iter().flatten() {
            if name != PROBABILITIES && name != LOGITS {
                return Err(Problem::malformed(format!(
                    "there is no output {name}: ask for {PROBABILITIES} or {LOGITS}"
                )));
            }
            if parameters.as_ref().is_some_and(|parameters| parameters.shared_memory_region.is_some()) {
                return Err(Problem::malformed("there is no shared memory here: ask for the tensor itself"));
            }
        }
        Ok(())
    }

    /// The scores, in the form that was asked for.
    pub(crate) fn answer(self, served: &Served, scores: &Scores) -> Result<Response, Problem> {
        let is_binary = self.parameters.and_then(|parameters| parameters.binary_data_output).unwrap_or(false);
        let both = || [PROBABILITIES, LOGITS].map(|name| WantedOutput { name: name.into(), parameters: None }).into();
        let wanted = self.outputs.filter(|outputs| !outputs.is_empty()).unwrap_or_else(both);
        let mut binary = Vec::new();
        let mut outputs = Vec::with_capacity(wanted.len());
        for output in &wanted {
            let parameters = output.parameters.clone().unwrap_or_default();
            let (shape, data) = tensor(&output.name, &parameters, served, scores)?;
            let datatype = data.datatype();
            let (parameters, data) = if parameters.binary_data.unwrap_or(is_binary) {
                let begin = binary.len();
                data.write(&mut binary);
                (Some(BinarySize { binary_data_size: binary.len() - begin }), None)
            } else {
                (None, Some(data))
            };
            outputs.push(OutputTensor { name: &output.name, datatype, shape, parameters, data });
        }
        let response =
            InferResponse { model_name: &served.name, model_version: VERSION, id: self.id.as_deref(), outputs };
        if response.outputs.iter().all(|output| output.parameters.is_none()) {
            return Ok(problem::json(&response));
        }
        let cannot = |error| {
            Problem::new(hyper::StatusCode::INTERNAL_SERVER_ERROR, format!("the answer cannot be written: {error}"))
        };
        let mut whole = serde_json::to_vec(&response).map_err(cannot)?;
        let length = whole.len();
        whole.append(&mut binary);
        let mut answer = Response::new(Body::from(Bytes::from(whole)));
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(HeaderName::from_static(HEADER_LENGTH), length.into());
        Ok(answer)
    }
}

/// An output: its shape and its values, or the likeliest classes of each image.
fn tensor<'a>(
    name: &str,
    parameters: &OutputParameters,
    served: &Served,
    scores: &'a Scores,
) -> Result<([usize; 2], Data<'a>), Problem> {
    let values = if name == LOGITS { &scores.logits } else { &scores.probabilities };
    let names = &served.card.class_names;
    let images = values.len() / names.len();
    match parameters.classification {
        None | Some(0) => Ok(([images, names.len()], Data::Floats(values))),
        Some(count) => {
            let count = count.min(names.len());
            let mut texts = Vec::with_capacity(images * count);
            for (row, logits) in values.chunks_exact(names.len()).zip(scores.logits.chunks_exact(names.len())) {
                let mut order: Vec<usize> = (0..row.len()).collect();
                // Logits rank: probabilities may round to the same.
                order.sort_by(|&one, &other| logits[other].total_cmp(&logits[one]));
                texts.extend(order[..count].iter().map(|&class| format!("{}:{class}:{}", row[class], names[class])));
            }
            Ok(([images, count], Data::Texts(texts)))
        }
    }
}
