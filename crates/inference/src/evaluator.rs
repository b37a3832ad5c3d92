//! A pass over images without learning from them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use modiste_data::{Loader, Scaling, Subset};
use modiste_network::{Executor, Recipe};

use super::classifier::Classifier;
use super::metrics::MetricsAccumulator;

/// Measures an executor's network on the same images, as often as wanted.
#[derive(Debug)]
pub struct Evaluator {
    loader: Loader,
    order: Arc<[u32]>,
    classifier: Classifier,
    temperature: f64,
}

/// What a network makes of images that are labelled.
#[derive(Clone, Debug, Default)]
pub struct Classified {
    /// `[n, classes]`
    pub logits: Vec<f32>,
    /// `[n]`
    pub labels: Vec<u8>,
}

impl Evaluator {
    /// Of the images of `subset`, `batch_size` at a time, classified as the recipe's `[evaluation]` says.
    pub fn new(subset: &Subset, recipe: &Recipe, batch_size: usize) -> Self {
        Self { classifier: Classifier::new(recipe), ..Self::plain(subset, recipe.data.scaling, batch_size) }
    }

    /// The same, but each image is classified as it is.
    pub fn plain(subset: &Subset, scaling: Scaling, batch_size: usize) -> Self {
        let loader = Loader::new(Arc::clone(&subset.images), scaling, batch_size);
        let (order, classifier) = (Arc::clone(&subset.indices), Classifier::plain());
        Self { loader, order, classifier, temperature: 1.0 }
    }

    /// Measures probabilities at this temperature from now on, and not at 1.
    pub fn set_temperature(&mut self, temperature: f64) {
        self.temperature = temperature;
    }

    /// One pass; `None` if `stop` became true before its end.
    pub fn measure(&mut self, executor: &mut dyn Executor, stop: &AtomicBool) -> Option<MetricsAccumulator> {
        let mut metrics = MetricsAccumulator::new(executor.network().classes, self.temperature);
        self.each_batch(executor, stop, |logits, labels| metrics.add(logits, labels));
        (metrics.count() == self.order.len() as u64).then_some(metrics)
    }

    /// One pass, of which all is kept; `None` if `stop` became true before its end.
    pub fn classify(&mut self, executor: &mut dyn Executor, stop: &AtomicBool) -> Option<Classified> {
        let mut all = Classified::default();
        self.each_batch(executor, stop, |logits, labels| {
            all.logits.extend_from_slice(logits);
            all.labels.extend_from_slice(labels);
        });
        (all.labels.len() == self.order.len()).then_some(all)
    }

    fn each_batch(&mut self, executor: &mut dyn Executor, stop: &AtomicBool, mut each: impl FnMut(&[f32], &[u8])) {
        let batches = self.loader.batches(Arc::clone(&self.order), 0).take_while(|_| !stop.load(Ordering::Relaxed));
        let classes = executor.network().classes;
        let mut logits = Vec::new();
        for batch in batches {
            logits.resize(batch.labels().len() * classes, 0.0);
            self.classifier.infer(executor, batch.images(), &mut logits);
            each(&logits, batch.labels());
        }
    }
}
