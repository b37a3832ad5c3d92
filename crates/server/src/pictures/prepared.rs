//! From the bytes of a picture to what the network sees.

use std::sync::Arc;

use modiste_inference::Failure;
use modiste_sources::{picture_size, prepare_photograph};

use super::forms::Picture;
use crate::models::Served;
use crate::problem::Problem;
use crate::shared::Shared;

/// Pictures of so few pixels are decoded where they are read.
const SMALL: u64 = 128 * 128;

/// A picture as the network sees it.
pub(crate) struct Prepared {
    /// `[height, width, channels]`
    pub(crate) image: Vec<u8>,
    /// What was done to it.
    pub(crate) done: String,
}

/// Why it is not, and whether that is its size.
pub(crate) struct Unprepared {
    pub(crate) failure: Failure,
    pub(crate) is_too_large: bool,
}

/// Prepares a picture as `predict` does; `adapts` is whether it is to look like the training images.
pub(crate) async fn prepare(
    shared: &Arc<Shared>,
    served: &Served,
    picture: &Picture,
    adapts: bool,
) -> Result<Result<Prepared, Unprepared>, Problem> {
    let failed = |error: String, is_too_large| {
        Ok(Err(Unprepared { failure: Failure { input: picture.input.clone(), error }, is_too_large }))
    };
    let (width, height) = match picture_size(&picture.bytes) {
        Ok(size) => size,
        Err(error) => return failed(error, false),
    };
    let (pixels, most) = (u64::from(width) * u64::from(height), shared.limits.pixels);
    if pixels > most {
        return failed(format!("it is {width} pixels wide and {height} high, more than {most} pixels in all"), true);
    }
    let card = &served.card;
    let work = || prepare_photograph(&picture.bytes, &card.preparation(), card.appearance.as_ref().filter(|_| adapts));
    let prepared = if pixels <= SMALL {
        work()
    } else {
        let closed = |_| Problem::unavailable("the server is ending: ask another one");
        let _decoder = shared.decoders.acquire().await.map_err(closed)?;
        tokio::task::block_in_place(work)
    };
    match prepared {
        Ok((image, done)) => Ok(Ok(Prepared { image, done: done.to_string() })),
        Err(error) => failed(error, false),
    }
}
