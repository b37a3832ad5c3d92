//! Bodies of requests, read within bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT};
use hyper::{HeaderMap, StatusCode};

use crate::limits::Limits;
use crate::problem::Problem;

/// A body of more bytes takes so long to be understood that its thread has to tell the others.
const LONG: usize = 128 << 10;
/// A client that sends more than is taken, and reads when all is sent, gets to know if it was not more than so many times.
const DISCARDED: usize = 4;

/// Kinds of bodies, by `Content-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Bytes,
    Picture,
    Parts,
    /// What curl says where nobody says anything.
    Form,
    Unsaid,
    Other,
}

impl Kind {
    /// Of a request.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(CONTENT_TYPE) else { return Self::Unsaid };
        let text = value.to_str().unwrap_or("?");
        let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "" => Self::Unsaid,
            "application/json" => Self::Json,
            "application/octet-stream" => Self::Bytes,
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => Self::Parts,
            kind if kind.starts_with("image/") => Self::Picture,
            _ => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Bytes => "application/octet-stream",
            Self::Picture => "image/*",
            Self::Parts => "multipart/form-data",
            Self::Form | Self::Unsaid | Self::Other => "",
        }
    }
}

/// The kind of a body, if it is one of these, and as it is.
pub(crate) fn check_kind(headers: &HeaderMap, taken: &[Kind]) -> Result<Kind, Problem> {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
    if encoding.is_some_and(|encoding| encoding != b"identity") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is compressed: send it as it is"));
    }
    let kind = Kind::of(headers);
    if taken.contains(&kind) {
        return Ok(kind);
    }
    let names: Vec<_> = taken.iter().map(|kind| kind.name()).filter(|name| !name.is_empty()).collect();
    let text = format!("the body is of another type than is taken here: send {}", names.join(" or "));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
}

/// A body that was read. Its bytes count as held until it is gone.
pub(crate) struct Held {
    bytes: Bytes,
    _share: Share,
}

impl Held {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes of all bodies that are held.
#[derive(Clone, Default)]
pub(crate) struct HeldBytes(Arc<AtomicUsize>);

impl HeldBytes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request's share of them.
struct Share {
    held: HeldBytes,
    bytes: usize,
}

impl Share {
    /// By so many bytes, if all together are then `most` at most.
    fn grow(&mut self, bytes: usize, most: usize) -> Result<(), Problem> {
        self.bytes += bytes;
        let held = self.held.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held > most {
            return Err(Problem::unavailable("too many bytes are under way: send this again"));
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a body, if it is not too large and comes in time.
pub(crate) async fn read(
    limits: &Limits,
    held: &HeldBytes,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Held, Problem> {
    let most = limits.body;
    let too_large = || Problem::too_large(format!("the body has more than {most} bytes: send less at a time"));
    let time = limits.body_time;
    let whole = async {
        let declared = body.size_hint().exact();
        if declared.is_some_and(|bytes| bytes > most as u64) {
            if !headers.contains_key(EXPECT) {
                discard(&mut body, most.saturating_mul(DISCARDED)).await;
            }
            return Err(too_large());
        }
        let mut share = Share { held: held.clone(), bytes: 0 };
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let broken = |error| Problem::malformed(format!("the body ends before its end: {error}"));
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if share.bytes + data.len() > most {
                discard(&mut body, most.saturating_mul(DISCARDED)).await;
                return Err(too_large());
            }
            share.grow(data.len(), limits.bodies)?;
            // Most bodies are here at once, and are not copied.
            if whole.is_empty() && body.is_end_stream() {
                return Ok(Held { bytes: data, _share: share });
            }
            whole.extend_from_slice(&data);
        }
        Ok(Held { bytes: whole.freeze(), _share: share })
    };
    match tokio::time::timeout(time, whole).await {
        Ok(read) => read,
        Err(_) => {
            let text = format!("the body was not there after {} s: send it faster", time.as_secs_f64());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, text))
        }
    }
}

/// Lets a client send so many more bytes.
async fn discard(body: &mut Body, most: usize) {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len);
        if bytes > most {
            return;
        }
    }
}

/// Does something that takes the longer the more bytes there are, without keeping other requests waiting.
pub(crate) fn at_length<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes > LONG { tokio::task::block_in_place(work) } else { work() }
}
