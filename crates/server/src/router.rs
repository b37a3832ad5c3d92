//! All addresses, and what is done around each request.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::StatusCode;
use serde::Serialize;

use crate::access_log::RequestLine;
use crate::metrics;
use crate::models::Served;
use crate::openapi;
use crate::page;
use crate::pictures;
use crate::problem::{Problem, json, with_type};
use crate::protocol;
use crate::shared::Shared;

/// What anyone may ask: whether the server lives, and the page, which asks for the token itself.
const OPEN: &[&str] = &["/", "/v2/health/live", "/v2/health/ready"];

/// What requests to no address are counted as.
const NOWHERE: &str = "none";

#[derive(Serialize)]
struct ModelFacts<'a> {
    name: &'a str,
    recipe: &'a str,
    data: &'a str,
    classes: &'a [String],
    height: usize,
    width: usize,
    channels: usize,
}

#[derive(Serialize)]
struct ModelList<T> {
    models: Vec<T>,
}

/// What answers requests.
pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi::document))
        .route("/v1/models", get(models))
        .merge(pictures::routes::routes())
        .merge(protocol::routes::routes())
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        // Bodies are bounded where they are read.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(shared), around))
        .with_state(Arc::clone(shared))
}

/// Lets in who may come, and counts what was answered.
async fn around(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let is_let_in = match &shared.token {
        Some(token) => OPEN.contains(&uri.path()) || token.is_in(request.headers()),
        None => true,
    };
    let response = if is_let_in {
        next.run(request).await
    } else {
        let text = "this server asks for a token: send it as Authorization: Bearer TOKEN";
        Problem::new(StatusCode::UNAUTHORIZED, text).into_response()
    };
    let (status, seconds) = (response.status().as_u16(), began.elapsed());
    shared.metrics.add_request(route.map_or(Cow::Borrowed(NOWHERE), Cow::Owned), status, seconds);
    shared.log.request(&RequestLine { method: method.as_str(), path: uri.path(), status, seconds });
    response
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    for served in shared.models.each() {
        served.statistics.metrics.set_waiting(served.waiting());
    }
    shared.metrics.body_bytes.set(shared.held.count() as i64);
    with_type(shared.metrics.text(), metrics::CONTENT_TYPE)
}

async fn models(State(shared): State<Arc<Shared>>) -> Response {
    let served: Vec<_> = shared.models.each().collect();
    let first = shared.models.first().map(|first| Arc::clone(&first.name)).ok();
    // The first is the one that is meant where none is named.
    let (mut models, others): (Vec<_>, Vec<_>) = served.iter().partition(|served| Some(&served.name) == first.as_ref());
    models.extend(others);
    json(&ModelList { models: models.into_iter().map(|served| facts(served)).collect() })
}

fn facts(served: &Served) -> ModelFacts<'_> {
    let card = &served.card;
    let shape = card.image_shape;
    ModelFacts {
        name: &served.name,
        recipe: &card.recipe.name,
        data: &card.data.name,
        classes: &card.class_names,
        height: shape.height,
        width: shape.width,
        channels: shape.channels,
    }
}

async fn nowhere(request: Request) -> Problem {
    Problem::not_found(format!("there is nothing at {}: GET /openapi.json lists what there is", request.uri().path()))
}

async fn wrong_method(request: Request) -> Problem {
    let text =
        format!("{} does not go with {}: GET /openapi.json says what does", request.method(), request.uri().path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, text)
}
