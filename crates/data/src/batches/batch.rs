//! Images and labels, ready for a network, in memory that goes round.

use std::sync::{Arc, Mutex, PoisonError};

use crate::augmentation::mix::Mixed;

/// Images and labels, ready for a network.
#[derive(Debug)]
pub struct Batch {
    buffers: Buffers,
    pool: Arc<BufferPool>,
}

/// The memory of a batch.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// `[n, height, width, channels]`
    pub(super) images: Vec<f32>,
    /// `[n]`
    pub(super) labels: Vec<u8>,
    pub(super) mixed: Mixed,
    /// Where an image is augmented, `[height, width, channels]`.
    pub(super) canvas: Vec<u8>,
}

/// Buffers waiting for their next use.
#[derive(Debug)]
pub(super) struct BufferPool {
    waiting: Mutex<Vec<Buffers>>,
    /// A consumer that collects many batches must not make the loader keep memory for all of them.
    most: usize,
}

impl BufferPool {
    /// For up to `most` buffers.
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: Mutex::new(Vec::with_capacity(most)), most }
    }

    /// Empty buffers, which may have memory already.
    pub(super) fn take(&self) -> Buffers {
        let mut buffers = self.lock().pop().unwrap_or_default();
        buffers.images.clear();
        buffers.labels.clear();
        buffers.mixed.labels.clear();
        buffers.mixed.shares.clear();
        buffers
    }

    fn put(&self, buffers: Buffers) {
        let mut waiting = self.lock();
        if waiting.len() < self.most {
            waiting.push(buffers);
        }
    }

    /// A panic elsewhere leaves the pool whole: pushing and popping are all that happens under the lock.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Buffers>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// Of `buffers`, which go back to `pool` in the end.
    pub(super) fn new(buffers: Buffers, pool: Arc<BufferPool>) -> Self {
        Self { buffers, pool }
    }

    /// Scaled pixels, `[len, height, width, channels]`.
    pub fn images(&self) -> &[f32] {
        &self.buffers.images
    }

    /// Classes, `[len]`.
    pub fn labels(&self) -> &[u8] {
        &self.buffers.labels
    }

    /// Where other images have been mixed in: their classes, `[len]`, and their share of each image, `[len]`, from 0 to 1.
    pub fn mixed(&self) -> Option<(&[u8], &[f32])> {
        let Mixed { labels, shares } = &self.buffers.mixed;
        (!shares.is_empty()).then_some((labels, shares))
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.buffers.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.buffers.labels.is_empty()
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.pool.put(std::mem::take(&mut self.buffers));
    }
}
