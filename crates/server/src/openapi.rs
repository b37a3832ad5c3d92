//! `/openapi.json`: what the server takes and gives, for programs and their generators.

use axum::response::Response;

use crate::problem::with_type;

/// OpenAPI 3.1.
const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /openapi.json`
pub(crate) async fn document() -> Response {
    with_type(DOCUMENT, "application/json")
}
