//! What is asked of a network.

use std::time::{Duration, Instant};

use modiste_inference::occlusion::Occlusion;
use modiste_inference::{Look, Scores};
use tokio::sync::oneshot;

use crate::problem::Problem;

/// Something for a model's thread to do.
pub(crate) struct Job {
    /// What it is.
    pub(crate) work: Work,
    /// When it came.
    pub(crate) arrived: Instant,
    /// Who waits for it.
    pub(crate) asker: oneshot::Sender<Result<Done, Problem>>,
}

/// What is asked.
pub(crate) enum Work {
    /// The scores of scaled images, `[n, height, width, channels]`.
    Look { pixels: Vec<f32>, images: usize, look: Look },
    /// Which parts of an image decide, `[height, width, channels]`.
    Explain { image: Vec<u8>, images: usize },
}

impl Work {
    /// How many images the network looks at for it.
    pub(crate) fn images(&self) -> usize {
        match *self {
            Self::Look { images, .. } | Self::Explain { images, .. } => images,
        }
    }
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    /// From the job's arrival to its beginning.
    pub(crate) waited: Duration,
}

/// By the kind of work.
pub(crate) enum Outcome {
    Scores(Scores),
    Occlusion(Occlusion),
}
