//! What all requests share.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use crate::access_log::AccessLog;
use crate::body::HeldBytes;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::models::{Models, Serving};
use crate::token::Token;

/// One for each server.
pub(crate) struct Shared {
    pub(crate) models: Models,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) options: Answering,
    pub(crate) token: Option<Token>,
    pub(crate) log: AccessLog,
    pub(crate) held: HeldBytes,
    /// Large pictures are decoded only so many at a time.
    pub(crate) decoders: Semaphore,
    pub(crate) ending: AtomicBool,
}

/// How requests are answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answering {
    pub(crate) serving: Serving,
    /// Whether tensors are looked at in all views of the recipe.
    pub(crate) tensor_views: bool,
    /// Whether pictures are.
    pub(crate) picture_views: bool,
}

impl Shared {
    /// Whether nothing new is begun.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }
}
