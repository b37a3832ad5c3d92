//! The addresses for pictures.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use hyper::StatusCode;
use modiste_inference::occlusion::{Occlusion, occluded_images};
use modiste_inference::{Answer, Failure, Judge, Look};
use serde::{Deserialize, Serialize};

use super::examples::{Shown, data_address};
use super::forms::{self, Pictures};
use super::prepared::{Prepared, prepare};
use crate::batching::job::{Done, Outcome, Work};
use crate::models::Served;
use crate::problem::{Problem, json};
use crate::shared::Shared;

/// Most classes of an answer, as of `predict --top`.
const MOST_CLASSES: usize = 256;

/// What an address says beside the path: the flags of `predict`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PredictQuery {
    model: Option<String>,
    #[serde(default = "three")]
    top: usize,
    #[serde(default)]
    min_confidence: f64,
    #[serde(default)]
    prepare: Preparing,
    /// Whether to say which parts decide.
    #[serde(default)]
    explain: bool,
    /// Whether to show what the network sees.
    #[serde(default)]
    show_prepared: bool,
}

fn three() -> usize {
    3
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Preparing {
    #[default]
    Auto,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelQuery {
    model: Option<String>,
}

/// As `predict --json` answers, with what was asked for beside it.
#[derive(Serialize)]
struct PictureAnswer {
    #[serde(flatten)]
    answer: Answer,
    /// A PNG of what the network saw, as an address of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

/// What each pixel does for a class.
#[derive(Serialize)]
struct Explanation {
    class: String,
    index: usize,
    height: usize,
    width: usize,
    /// How far the log-odds of the class fall, in nats, where a pixel is hidden, `[height, width]`.
    importance: Vec<f32>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneAnswer {
    Answer(Box<PictureAnswer>),
    Failure(Failure),
}

#[derive(Serialize)]
struct ExampleList {
    examples: Vec<Shown>,
}

/// All of them.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/predict", post(predict)).route("/v1/examples", get(examples))
}

/// The model that is meant.
fn find(shared: &Shared, name: Option<&str>) -> Result<Arc<Served>, Problem> {
    name.map_or_else(|| shared.models.first(), |name| shared.models.find(name))
}

fn wrong_query(error: QueryRejection) -> Problem {
    Problem::malformed(format!("what follows ? in the address is wrong: {}", error.body_text()))
}

async fn predict(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<PredictQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(wrong_query)?;
    if !(1..=MOST_CLASSES).contains(&query.top) || !(0.0..=1.0).contains(&query.min_confidence) {
        return Err(Problem::malformed(format!("top is from 1 to {MOST_CLASSES}, and min_confidence from 0 to 1")));
    }
    let served = find(&shared, query.model.as_deref())?;
    let Pictures { pictures, is_single } = forms::pictures(&shared, request).await?;
    let mut prepared = Vec::with_capacity(pictures.len());
    let mut is_too_large = false;
    for picture in pictures {
        prepared.push(match prepare(&shared, &served, &picture, query.prepare == Preparing::Auto).await? {
            Ok(prepared) => Ok((picture.input, prepared)),
            Err(unprepared) => {
                is_too_large |= unprepared.is_too_large;
                Err(unprepared.failure)
            }
        });
    }
    // Where no picture can be answered, neither can the request.
    if let [Err(first), ..] = prepared.as_slice()
        && prepared.iter().all(Result::is_err)
    {
        let name = if is_single { "the picture" } else { &first.input };
        let status = if is_too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::UNPROCESSABLE_ENTITY };
        return Err(Problem::new(status, format!("{name} cannot be classified: {}", first.error)));
    }
    let mut answers = answers(&shared, &served, &query, prepared).await?;
    match answers.pop() {
        Some(answer) if is_single => Ok(json(&answer)),
        last => {
            answers.extend(last);
            Ok(json(&answers))
        }
    }
}

/// Of all pictures, in their order.
async fn answers(
    shared: &Shared,
    served: &Served,
    query: &PredictQuery,
    prepared: Vec<Result<(String, Prepared), Failure>>,
) -> Result<Vec<OneAnswer>, Problem> {
    let card = &served.card;
    let scaling = card.recipe.data.scaling;
    let images = prepared.iter().flatten().count();
    let pixels = prepared
        .iter()
        .flatten()
        .flat_map(|(_, prepared)| &prepared.image)
        .map(|&pixel| scaling.scaled(pixel))
        .collect();
    let look = Look { views: shared.options.picture_views, unfamiliar: true };
    let (scores, _) = served.scores(Work::Look { pixels, images, look }).await?;
    let mut rows = scores.each();
    let judge = Judge { names: &card.class_names, top: query.top, least: query.min_confidence };
    let mut answers = Vec::with_capacity(prepared.len());
    for one in prepared {
        let answer = match one.map(|(input, prepared)| (input, prepared, rows.next())) {
            Ok((input, prepared, Some(score))) => {
                let mut answer = judge.answer(input, &score);
                answer.prepared = Some(prepared.done);
                let seen = query.show_prepared.then(|| data_address(&prepared.image, card.image_shape)).flatten();
                let explanation = if query.explain { Some(explain(served, prepared.image).await?) } else { None };
                OneAnswer::Answer(Box::new(PictureAnswer { answer, seen, explanation }))
            }
            Ok((input, _, None)) => OneAnswer::Failure(Failure { input, error: "it has no scores".to_owned() }),
            Err(failure) => OneAnswer::Failure(failure),
        };
        answers.push(answer);
    }
    Ok(answers)
}

async fn explain(served: &Served, image: Vec<u8>) -> Result<Explanation, Problem> {
    let shape = served.card.image_shape;
    let work = Work::Explain { image, images: occluded_images(shape) };
    let Done { outcome: Outcome::Occlusion(Occlusion { class, importance }), .. } = served.ask(work).await? else {
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer is of another kind"));
    };
    let name = served.card.class_names[class].clone();
    Ok(Explanation { class: name, index: class, height: shape.height, width: shape.width, importance })
}

async fn examples(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<ModelQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(wrong_query)?;
    let served = find(&shared, query.model.as_deref())?;
    let examples = tokio::task::block_in_place(|| served.examples.all().to_vec());
    Ok(json(&ExampleList { examples }))
}
