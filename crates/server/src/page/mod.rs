//! The page for people, in one file: it asks nobody but this server for anything.

use std::sync::LazyLock;

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use sha2::{Digest, Sha256};

use crate::problem;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const FRAME: &str = include_str!("page.html");

/// What the browser is told beside it.
struct Page {
    html: String,
    policy: Option<HeaderValue>,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let html = FRAME.replace("%STYLE%", STYLE).replace("%SCRIPT%", SCRIPT);
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    // Widths of bars are styles that the script sets, which the policy does not mean.
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data: blob:; media-src blob:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digest(SCRIPT),
        digest(STYLE)
    );
    Page { html, policy: HeaderValue::from_str(&policy).ok() }
});

/// `GET /`
pub(crate) async fn page() -> Response {
    let mut response = problem::with_type(PAGE.html.as_str(), "text/html; charset=utf-8");
    let headers = response.headers_mut();
    if let Some(policy) = &PAGE.policy {
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    response
}
