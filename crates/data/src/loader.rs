//! What the batches of a pass are made of.
//!
//! A pixel is copied once: from the data set's bytes, scaled on the way, to its place in the batch; if images are augmented,
//! from one to the other by way of a canvas of bytes, which stays in cache. Buffers go round: a dropped [`Batch`] gives its
//! memory back, so a pass allocates nothing once it runs, and keeps nothing when it has ended.

use std::sync::Arc;
use std::thread::available_parallelism;

use crate::augmentation::{Augmentation, Augmenter};
use crate::batch::{Batch, Buffers, Shelf};
use crate::batches::Batches;
use crate::{Images, Scaling};

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

    fn pass(&self, order: Arc<[u32]>, first_batch: usize, augmenter: Option<Augmenter>, threads: usize) -> Batches {
        let pass = Pass {
            images: Arc::clone(&self.images),
            scaling: self.scaling,
            batch_size: self.batch_size,
            order,
            augmenter,
            shelf: Arc::new(Shelf::new(Batches::buffers(threads))),
        };
        Batches::new(pass, first_batch, threads)
    }
}

/// All that the batches of one pass depend on.
#[derive(Debug)]
pub(crate) struct Pass {
    images: Arc<Images>,
    scaling: Scaling,
    batch_size: usize,
    order: Arc<[u32]>,
    augmenter: Option<Augmenter>,
    shelf: Arc<Shelf>,
}

impl Pass {
    /// Number of batches.
    pub(crate) fn len(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// Where in the order the batch of that number starts, and the one before it ends.
    fn start(&self, number: usize) -> usize {
        // The product may be too much for 32 bits.
        (number as u64 * self.order.len() as u64 / self.len() as u64) as usize
    }

    /// The batch of that number, below [`Pass::len`].
    pub(crate) fn batch(&self, number: usize) -> Batch {
        let start = self.start(number);
        let indices = &self.order[start..self.start(number + 1)];
        let mut buffers = self.shelf.take();
        buffers.images.reserve(indices.len() * self.images.shape().len());
        buffers.labels.extend(indices.iter().map(|&index| self.images.labels()[index as usize]));
        match self.augmenter {
            Some(augmenter) => self.augment(augmenter, number, start, indices, &mut buffers),
            None => {
                indices.iter().for_each(|&index| self.append(self.images.image(index as usize), &mut buffers.images))
            }
        }
        Batch::new(buffers, Arc::clone(&self.shelf))
    }

    /// Fills a batch whose first image stands at `start` in the order.
    fn augment(&self, augmenter: Augmenter, number: usize, start: usize, indices: &[u32], buffers: &mut Buffers) {
        let Buffers { images, labels, mixed, canvas } = buffers;
        canvas.resize(self.images.shape().len(), 0);
        for (place, &index) in (start..).zip(indices) {
            augmenter.paint(self.images.image(index as usize), index, place, canvas);
            self.append(canvas, images);
        }
        augmenter.mix(number, images, labels, mixed);
    }

    fn append(&self, image: &[u8], images: &mut Vec<f32>) {
        images.extend(image.iter().map(|&pixel| self.scaling.scaled(pixel)));
    }
}
