//! A request for inference, from its bytes to its answer.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use hyper::HeaderMap;
use modiste_inference::Look;

use super::HEADER_LENGTH;
use super::answer::Wanted;
use super::request::InferRequest;
use super::tensors::{Images, Reader};
use crate::batching::job::Work;
use crate::body::{self, Kind};
use crate::models::Served;
use crate::problem::Problem;
use crate::shared::Shared;
use crate::times::RequestTimes;

/// Answers it, and counts it.
pub(crate) async fn infer(
    shared: &Arc<Shared>,
    served: &Served,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let began = Instant::now();
    let answer = compute(shared, served, headers, body, began).await;
    if answer.is_err() {
        served.statistics.add_failure(began.elapsed());
    }
    answer
}

async fn compute(
    shared: &Arc<Shared>,
    served: &Served,
    headers: &HeaderMap,
    body: Body,
    began: Instant,
) -> Result<Response, Problem> {
    body::check_kind(headers, &[Kind::Json, Kind::Bytes, Kind::Form, Kind::Unsaid])?;
    let body = body::read(&shared.limits, &shared.held, headers, body).await?;
    let read = Instant::now();
    let bytes = body.bytes();
    let json_length = json_length(headers, bytes.len())?;
    let reader =
        Reader { shape: served.card.image_shape, scaling: &served.card.recipe.data.scaling, limits: &shared.limits };
    let (images, wanted) = body::at_length(bytes.len(), || {
        let (json, binary) = bytes.split_at(json_length.unwrap_or(bytes.len()));
        if json.is_empty() && json_length.is_some() {
            let wanted = Wanted { id: None, parameters: None, outputs: None };
            return Ok((reader.raw(binary)?, wanted));
        }
        let InferRequest { id, parameters, inputs, outputs } = serde_json::from_slice(json)
            .map_err(|error| Problem::malformed(format!("the request is no JSON as the protocol has it: {error}")))?;
        let wanted = Wanted { id, parameters, outputs };
        wanted.check()?;
        Ok((reader.read(&inputs, binary)?, wanted))
    })?;
    let Images { pixels, count } = images;
    let look = Look { views: shared.options.tensor_views, unfamiliar: false };
    let input = read.elapsed();
    let (scores, _) = served.scores(Work::Look { pixels, images: count, look }).await?;
    let computed = Instant::now();
    let answer = wanted.answer(served, &scores)?;
    served.statistics.add_success(&RequestTimes { whole: began.elapsed(), input, output: computed.elapsed() });
    Ok(answer)
}

/// How many bytes of a body are JSON, where binary tensors follow.
fn json_length(headers: &HeaderMap, bytes: usize) -> Result<Option<usize>, Problem> {
    let Some(value) = headers.get(HEADER_LENGTH) else { return Ok(None) };
    match value.to_str().ok().and_then(|text| text.trim().parse::<usize>().ok()) {
        Some(length) if length <= bytes => Ok(Some(length)),
        Some(length) => Err(Problem::malformed(format!(
            "Inference-Header-Content-Length is {length}, and the body has {bytes} bytes: send the length of its JSON"
        ))),
        None => Err(Problem::malformed("Inference-Header-Content-Length is no number: send the length of the JSON")),
    }
}
