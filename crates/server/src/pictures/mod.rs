//! `POST /v1/predict`: pictures as people have them, answered as `modiste predict --json` does.

pub(crate) mod examples;
mod forms;
mod prepared;
pub(crate) mod routes;
