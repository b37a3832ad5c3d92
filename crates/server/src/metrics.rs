//! What Prometheus reads at `/metrics`.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::times::BatchTimes;

/// The type of what is read.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    batches: Family<ModelLabels, Histogram, fn() -> Histogram>,
    waits: Family<ModelLabels, Histogram, fn() -> Histogram>,
    waiting: Family<ModelLabels, Gauge>,
    pub(crate) connections: Gauge,
    pub(crate) body_bytes: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    route: Cow<'static, str>,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    route: Cow<'static, str>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelLabels {
    model: Arc<str>,
}

/// Those of one model, found once.
pub(crate) struct ModelMetrics {
    batches: Histogram,
    waits: Histogram,
    waiting: Gauge<i64, AtomicI64>,
}

impl ModelMetrics {
    pub(crate) fn add_batch(&self, times: &BatchTimes) {
        self.batches.observe(times.images as f64);
        if let Ok(jobs @ 1..) = u32::try_from(times.jobs) {
            self.waits.observe((times.waited / jobs).as_secs_f64());
        }
    }

    pub(crate) fn set_waiting(&self, images: usize) {
        self.waiting.set(images as i64);
    }
}

/// From a tenth of a millisecond to three seconds.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 16))
}

/// From one image to 1,024.
fn sizes() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 11))
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("modiste");
        let requests = Family::default();
        registry.register("requests", "Requests that were answered", requests.clone());
        let request_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register_with_unit("request", "From head to answer", Unit::Seconds, request_seconds.clone());
        let batches = Family::new_with_constructor(sizes as fn() -> Histogram);
        registry.register("batch_images", "Images computed together", batches.clone());
        let waits = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register_with_unit("queue", "Mean wait of a batch's requests", Unit::Seconds, waits.clone());
        let waiting = Family::default();
        registry.register("waiting_images", "Images that wait for the network", waiting.clone());
        let (connections, body_bytes) = (Gauge::default(), Gauge::default());
        registry.register("connections", "Open connections", connections.clone());
        registry.register_with_unit("body", "Held of requests' bodies", Unit::Bytes, body_bytes.clone());
        Self { registry, requests, seconds: request_seconds, batches, waits, waiting, connections, body_bytes }
    }

    /// A request to a route was answered.
    pub(crate) fn add_request(&self, route: Cow<'static, str>, status: u16, time: Duration) {
        self.seconds.get_or_create(&RouteLabels { route: route.clone() }).observe(time.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
    }

    /// Those of a model.
    pub(crate) fn of_model(&self, name: &Arc<str>) -> ModelMetrics {
        let labels = ModelLabels { model: Arc::clone(name) };
        ModelMetrics {
            batches: self.batches.get_or_create(&labels).clone(),
            waits: self.waits.get_or_create(&labels).clone(),
            waiting: self.waiting.get_or_create(&labels).clone(),
        }
    }

    /// As Prometheus reads it.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
