//! What is timed of a batch and of a request.

use std::time::Duration;

/// A batch that was computed.
pub(crate) struct BatchTimes {
    pub(crate) images: usize,
    pub(crate) jobs: usize,
    /// Of all jobs, in sum.
    pub(crate) waited: Duration,
    pub(crate) computed: Duration,
}

/// A request for tensors that was answered.
pub(crate) struct RequestTimes {
    pub(crate) whole: Duration,
    /// For its body to become numbers.
    pub(crate) input: Duration,
    /// For scores to become its answer.
    pub(crate) output: Duration,
}
