//! What the batches of a pass are made of.
//!
//! A pixel is copied once: from the data set's bytes, scaled on the way, to its place in the batch; if images are augmented,
//! from one to the other by way of a canvas of bytes, which stays in cache. Buffers go round: a dropped [`batch::Batch`] gives
//! its memory back, so a pass allocates nothing once it runs, and keeps nothing when it has ended.

pub(crate) mod batch;
mod pass;
pub(crate) mod prefetch;

use std::sync::Arc;
use std::thread::available_parallelism;

use batch::BufferPool;
use pass::Pass;
use prefetch::Batches;

use crate::augmentation::Augmentation;
use crate::augmentation::augmenter::Augmenter;
use crate::dataset::Images;
use crate::scaling::Scaling;

/// Threads that augment, if there are enough processors for them and the network.
const MOST_THREADS: usize = 4;

/// Makes batches of scaled images, which may be augmented.
#[derive(Debug)]
pub struct Loader {
    images: Arc<Images>,
    scaling: Scaling,
    batch_size: usize,
    augmentation: Augmentation,
    seed: u64,
    threads: usize,
}

impl Loader {
    /// Of `images`, scaled, in batches of at most `batch_size`.
    ///
    /// # Panics
    /// When `batch_size` is 0.
    pub fn new(images: Arc<Images>, scaling: Scaling, batch_size: usize) -> Self {
        assert!(batch_size > 0, "a batch holds at least one image");
        let threads = available_parallelism().map_or(1, |processors| processors.get() / 2).clamp(1, MOST_THREADS);
        Self { images, scaling, batch_size, augmentation: Augmentation::default(), seed: 0, threads }
    }

    /// With what [`Loader::augmented_batches`] does to images. All that is random about it follows from `seed`.
    ///
    /// # Panics
    /// When [`Augmentation::check`] finds a value out of range.
    pub fn augmented(mut self, augmentation: Augmentation, seed: u64) -> Self {
        if let Err(problem) = augmentation.check() {
            panic!("{problem}");
        }
        self.augmentation = augmentation;
        self.seed = seed;
        self
    }

    /// With `threads` threads that augment, instead of one for two processors and at most four. Batches stay the same.
    ///
    /// # Panics
    /// When `threads` is 0.
    pub fn threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "batches are prepared on at least one thread");
        self.threads = threads;
        self
    }

    /// Batches of the images that `order` lists, as they are, from batch number `first_batch` on: as few as there can be, and
    /// alike to within an image. A last batch of what is left over would be a step of its own in training, however few images
    /// that is, and the moments of these would be what batch normalisation learns just before it is measured.
    ///
    /// # Panics
    /// `next` panics when it comes to a batch with an index that names no image.
    pub fn batches(&self, order: Arc<[u32]>, first_batch: usize) -> Batches {
        // Copying is never what a network waits for.
        self.pass(order, first_batch, None, 1)
    }

    /// The same batches, augmented for `epoch`, counted from 0. Their content does not depend on `first_batch`.
    ///
    /// `order` is taken to be random: if images are mixed, it is with their neighbours.
    ///
    /// # Panics
    /// As [`Loader::batches`].
    pub fn augmented_batches(&self, order: Arc<[u32]>, epoch: u64, first_batch: usize) -> Batches {
        match Augmenter::new(self.augmentation, self.images.shape(), self.seed, epoch) {
            Some(augmenter) => self.pass(order, first_batch, Some(augmenter), self.threads),
            None => self.batches(order, first_batch),
        }
    }

    /// Bytes of memory that the batches of a pass over so many images take at most.
    pub fn planned_bytes(&self, images: usize) -> u64 {
        let augmented = Augmenter::new(self.augmentation, self.images.shape(), self.seed, 0).is_some();
        let buffers = Batches::buffers(if augmented { self.threads } else { 1 });
        let most = images.min(self.batch_size.saturating_mul(buffers));
        most as u64 * self.images.shape().len() as u64 * size_of::<f32>() as u64
    }

    fn pass(&self, order: Arc<[u32]>, first_batch: usize, augmenter: Option<Augmenter>, threads: usize) -> Batches {
        let pass = Pass {
            images: Arc::clone(&self.images),
            scaling: self.scaling,
            batch_size: self.batch_size,
            order,
            augmenter,
            pool: Arc::new(BufferPool::new(Batches::buffers(threads))),
        };
        Batches::new(pass, first_batch, threads)
    }
}
