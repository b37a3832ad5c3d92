//! What a model has done since the server began, as Triton's statistics extension tells it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::metrics::ModelMetrics;
use crate::times::{BatchTimes, RequestTimes};

/// Counts of one model, whichever of its files is loaded.
pub(crate) struct Statistics {
    counts: Mutex<Counts>,
    pub(crate) metrics: ModelMetrics,
}

#[derive(Clone, Default)]
struct Counts {
    /// Milliseconds since 1970.
    last_inference: u64,
    inferences: u64,
    executions: u64,
    success: Span,
    fail: Span,
    queue: Span,
    input: Span,
    infer: Span,
    output: Span,
    /// By the number of images of a batch.
    batches: BTreeMap<usize, Span>,
}

/// How often, and how long in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Span {
    count: u64,
    ns: u64,
}

impl Span {
    fn add(&mut self, count: usize, time: Duration) {
        self.count += count as u64;
        self.ns = self.ns.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }
}

#[derive(Serialize)]
pub(crate) struct ModelStatistics {
    name: String,
    version: &'static str,
    last_inference: u64,
    inference_count: u64,
    execution_count: u64,
    inference_stats: InferenceStatistics,
    batch_stats: Vec<BatchStatistics>,
}

#[derive(Serialize)]
struct InferenceStatistics {
    success: Span,
    fail: Span,
    queue: Span,
    compute_input: Span,
    compute_infer: Span,
    compute_output: Span,
    cache_hit: Span,
    cache_miss: Span,
}

#[derive(Serialize)]
struct BatchStatistics {
    batch_size: usize,
    compute_input: Span,
    compute_infer: Span,
    compute_output: Span,
}

impl Statistics {
    pub(crate) fn new(metrics: ModelMetrics) -> Self {
        Self { counts: Mutex::default(), metrics }
    }

    pub(crate) fn add_batch(&self, times: &BatchTimes) {
        let mut counts = self.lock();
        counts.inferences += times.images as u64;
        counts.executions += 1;
        counts.queue.add(times.jobs, times.waited);
        counts.infer.add(times.jobs, times.computed * u32::try_from(times.jobs).unwrap_or(u32::MAX));
        counts.batches.entry(times.images).or_default().add(1, times.computed);
        drop(counts);
        self.metrics.add_batch(times);
    }

    pub(crate) fn add_success(&self, times: &RequestTimes) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut counts = self.lock();
        counts.last_inference = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        counts.success.add(1, times.whole);
        counts.input.add(1, times.input);
        counts.output.add(1, times.output);
    }

    pub(crate) fn add_failure(&self, whole: Duration) {
        self.lock().fail.add(1, whole);
    }

    /// As they are now, of the model of this name and version.
    pub(crate) fn of(&self, name: &str, version: &'static str) -> ModelStatistics {
        let counts = self.lock().clone();
        let none = Span::default();
        let batch = |(&batch_size, &compute_infer): (&usize, &Span)| BatchStatistics {
            batch_size,
            compute_input: Span { count: compute_infer.count, ns: 0 },
            compute_infer,
            compute_output: Span { count: compute_infer.count, ns: 0 },
        };
        ModelStatistics {
            name: name.to_owned(),
            version,
            last_inference: counts.last_inference,
            inference_count: counts.inferences,
            execution_count: counts.executions,
            inference_stats: InferenceStatistics {
                success: counts.success,
                fail: counts.fail,
                queue: counts.queue,
                compute_input: counts.input,
                compute_infer: counts.infer,
                compute_output: counts.output,
                cache_hit: none,
                cache_miss: none,
            },
            batch_stats: counts.batches.iter().map(batch).collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Counts are whole after each line.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
