//! The addresses of the protocol.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::HeaderMap;
use serde::{Deserialize, Serialize};

use super::{facts, infer};
use crate::body::{self, Kind};
use crate::models::{Served, VERSION};
use crate::problem::{Problem, json};
use crate::shared::Shared;

type Answer = Result<Response, Problem>;
type Server = State<Arc<Shared>>;
type Address = Result<Path<ModelPath>, PathRejection>;

/// Which model an address names.
#[derive(Deserialize)]
struct ModelPath {
    name: String,
    version: Option<String>,
}

#[derive(Serialize)]
struct Live {
    live: bool,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
}

#[derive(Serialize)]
struct ModelReady<'a> {
    name: &'a str,
    ready: bool,
}

#[derive(Serialize)]
struct ModelList {
    models: Vec<String>,
}

#[derive(Serialize)]
struct StatisticsList<T> {
    model_stats: Vec<T>,
}

/// What a request for the index may say.
#[derive(Default, Deserialize)]
struct IndexRequest {
    /// Only models that answer.
    #[serde(default)]
    ready: bool,
}

/// All of them.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new()
        .route("/v2", get(server))
        .route("/v2/", get(server))
        .route("/v2/health/live", get(live))
        .route("/v2/health/ready", get(ready))
        .route("/v2/models", get(models))
        .route("/v2/models/stats", get(all_statistics))
        .route("/v2/repository/index", get(whole_index).post(index));
    for model in ["/v2/models/{name}", "/v2/models/{name}/versions/{version}"] {
        router = router
            .route(model, get(metadata))
            .route(&format!("{model}/ready"), get(model_ready))
            .route(&format!("{model}/infer"), post(infer_tensors))
            .route(&format!("{model}/config"), get(config))
            .route(&format!("{model}/stats"), get(statistics));
    }
    router
}

async fn server() -> Response {
    json(&facts::server())
}

async fn live() -> Response {
    json(&Live { live: true })
}

async fn ready(State(shared): Server) -> Answer {
    if shared.is_ending() {
        return Err(Problem::unavailable("the server is ending: ask another one"));
    }
    match shared.models.each().find(|served| !served.is_ready()) {
        Some(served) => Err(Problem::unavailable(format!("{} is not ready: restart the server", served.name))),
        None => Ok(json(&Ready { ready: true })),
    }
}

async fn models(State(shared): Server) -> Response {
    json(&ModelList { models: shared.models.each().map(|served| served.name.to_string()).collect() })
}

async fn whole_index(State(shared): Server) -> Response {
    json(&shared.models.each().map(|served| facts::index_entry(&served)).collect::<Vec<_>>())
}

async fn index(State(shared): Server, headers: HeaderMap, body: Body) -> Answer {
    body::check_kind(&headers, &[Kind::Json, Kind::Bytes, Kind::Form, Kind::Unsaid])?;
    let body = body::read(&shared.limits, &shared.held, &headers, body).await?;
    let wanted = match body.bytes() {
        [] => IndexRequest::default(),
        bytes => serde_json::from_slice(bytes)
            .map_err(|error| Problem::malformed(format!("send nothing, or {{\"ready\": true}}: {error}")))?,
    };
    let is_wanted = |served: &Arc<Served>| served.is_ready() || !wanted.ready;
    Ok(json(&shared.models.each().filter(is_wanted).map(|served| facts::index_entry(&served)).collect::<Vec<_>>()))
}

async fn metadata(State(shared): Server, path: Address) -> Answer {
    Ok(json(&facts::model(&*find(&shared, path)?)))
}

async fn model_ready(State(shared): Server, path: Address) -> Answer {
    let served = find(&shared, path)?;
    if shared.is_ending() || !served.is_ready() {
        return Err(Problem::unavailable(format!("{} is not ready: ask another server", served.name)));
    }
    Ok(json(&ModelReady { name: &served.name, ready: true }))
}

async fn config(State(shared): Server, path: Address) -> Answer {
    Ok(json(&facts::config(&*find(&shared, path)?, shared.options.serving.delay)))
}

async fn statistics(State(shared): Server, path: Address) -> Answer {
    let served = find(&shared, path)?;
    Ok(json(&StatisticsList { model_stats: vec![served.statistics.of(&served.name, VERSION)] }))
}

async fn all_statistics(State(shared): Server) -> Response {
    json(&StatisticsList {
        model_stats: shared.models.each().map(|served| served.statistics.of(&served.name, VERSION)).collect(),
    })
}

async fn infer_tensors(State(shared): Server, path: Address, headers: HeaderMap, body: Body) -> Response {
    let answer = async {
        let served = find(&shared, path)?;
        infer::infer(&shared, &served, &headers, body).await
    };
    answer.await.into_response()
}

/// The model of an address, which has one version.
fn find(shared: &Shared, path: Address) -> Result<Arc<Served>, Problem> {
    let Path(ModelPath { name, version }) = path.map_err(|error| Problem::not_found(error.body_text()))?;
    let served = shared.models.find(&name)?;
    match version {
        Some(version) if version != VERSION => {
            Err(Problem::not_found(format!("{name} has no version {version}: its version is {VERSION}")))
        }
        _ => Ok(served),
    }
}
