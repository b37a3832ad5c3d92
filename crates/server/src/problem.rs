//! What a client is told when its request is not answered: `{"error": …}`.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde::Serialize;

/// Seconds after which it makes sense to ask again.
const RETRY_SECONDS: &str = "1";

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// What of it HTTP has a number for.
    pub(crate) status: StatusCode,
    /// One sentence: what is wrong, where, what to do.
    pub(crate) text: Cow<'static, str>,
}

#[derive(Serialize)]
struct Document<'a> {
    error: &'a str,
}

impl Problem {
    /// Of this status.
    pub(crate) fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, text: text.into() }
    }

    /// 400: the request is not what it should be.
    pub(crate) fn malformed(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 404: there is no such thing.
    pub(crate) fn not_found(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// 413: more than is taken at a time.
    pub(crate) fn too_large(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    }

    /// 503: not now.
    pub(crate) fn unavailable(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // A text is always JSON.
        let document = serde_json::to_vec(&Document { error: &self.text }).unwrap_or_default();
        let mut response = Response::new(Body::from(document));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(hyper::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A document of JSON, which is the answer.
pub(crate) fn json(document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(bytes) => with_type(bytes, "application/json"),
        Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer cannot be written: {error}"))
            .into_response(),
    }
}

/// An answer of this type.
pub(crate) fn with_type(bytes: impl Into<Body>, content_type: &'static str) -> Response {
    let mut response = Response::new(bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
