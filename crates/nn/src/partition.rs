//! Some of the images of a set.

use std::sync::Arc;

use modiste_data::{Images, sample};

/// Some images of a set.
#[derive(Clone, Debug)]
pub struct Subset {
    /// All of the set; shared, not copied.
    pub images: Arc<Images>,
    /// Those meant, ascending.
    pub indices: Arc<[u32]>,
}

impl Subset {
    /// The images of these numbers.
    pub fn new(images: &Arc<Images>, indices: impl Into<Arc<[u32]>>) -> Self {
        Self { images: Arc::clone(images), indices: indices.into() }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The first of them, at most `count`.
    pub fn first(&self, count: usize) -> Self {
        Self::new(&self.images, &self.indices[..count.min(self.len())])
    }

    /// `count` of them drawn at random, or all where there are no more.
    pub fn sample(&self, count: usize, seed: u64) -> Self {
        let drawn = sample(count, self.len(), seed).into_iter().map(|at| self.indices[at]);
        Self::new(&self.images, drawn.collect::<Vec<_>>())
    }
}
