//! A pass over images without learning from them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use modiste_data::{Batch, Loader, Scaling, Subset};
use modiste_network::{Executor, Recipe};

use super::classifier::Classifier;
use super::metrics::MetricsAccumulator;

/// Measures an executor's network on the same images, as often as wanted.
#[derive(Debug)]
pub struct Evaluator {
    loader: Loader,
    order: Arc<[u32]>,
    classifier: Classifier,
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
        Self { loader, order, classifier }
    }

    /// One pass; `None` if `stop` became true before its end.
    pub fn measure(&mut self, executor: &mut dyn Executor, stop: &AtomicBool) -> Option<MetricsAccumulator> {
        let mut metrics = MetricsAccumulator::new(executor.network().classes);
        let batches = self.loader.batches(Arc::clone(&self.order), 0).take_while(|_| !stop.load(Ordering::Relaxed));
        self.classifier.each_batch(executor, batches, Batch::images, |_, batch, logits| {
            metrics.add(logits, batch.labels());
        });
        (metrics.count() == self.order.len() as u64).then_some(metrics)
    }
}
