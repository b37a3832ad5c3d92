//! A pass over images without learning from them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use modiste_data::{Loader, Scaling};

use super::classifier::Classifier;
use super::metrics::Measures;
use crate::executor::Executor;
use crate::partition::Subset;
use crate::recipe::Recipe;

/// Measures an executor's network on the same images, as often as wanted.
#[derive(Debug)]
pub struct Evaluator {
    loader: Loader,
    order: Arc<[u32]>,
    batch_size: usize,
    classifier: Classifier,
    /// `[batch, classes]`
    logits: Vec<f32>,
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
        Self { loader, order, batch_size, classifier, logits: Vec::new() }
    }

    /// One pass; `None` if `stop` became true before its end.
    pub fn measure(&mut self, executor: &mut dyn Executor, stop: &AtomicBool) -> Option<Measures> {
        let classes = executor.network().classes;
        self.logits.resize(self.batch_size * classes, 0.0);
        let mut measures = Measures::new(classes);
        for batch in self.loader.batches(Arc::clone(&self.order), 0) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let logits = &mut self.logits[..batch.len() * classes];
            self.classifier.infer(executor, batch.images(), logits);
            measures.add(logits, batch.labels());
        }
        Some(measures)
    }
}
