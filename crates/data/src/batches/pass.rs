//! One way through the images of a set: which images are in each batch, and how a batch is filled.

use std::sync::Arc;

use super::batch::{Batch, BufferPool, Buffers};
use crate::augmentation::augmenter::Augmenter;
use crate::dataset::Images;
use crate::scaling::Scaling;

/// All that the batches of one pass depend on.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) images: Arc<Images>,
    pub(super) scaling: Scaling,
    /// Images in a batch, at most.
    pub(super) batch_size: usize,
    /// Which images, in the order in which they are seen.
    pub(super) order: Arc<[u32]>,
    /// None where images stay as they are.
    pub(super) augmenter: Option<Augmenter>,
    pub(super) pool: Arc<BufferPool>,
}

impl Pass {
    /// Number of batches.
    pub(super) fn len(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// Where in the order the batch of that number starts, and the one before it ends.
    fn start(&self, number: usize) -> usize {
        // The product may be too much for 32 bits.
        (number as u64 * self.order.len() as u64 / self.len() as u64) as usize
    }

    /// The batch of that number, below [`Pass::len`].
    pub(super) fn batch(&self, number: usize) -> Batch {
        let start = self.start(number);
        let indices = &self.order[start..self.start(number + 1)];
        let mut buffers = self.pool.take();
        buffers.images.reserve(indices.len() * self.images.shape().len());
        buffers.labels.extend(indices.iter().map(|&index| self.images.labels()[index as usize]));
        match self.augmenter {
            Some(augmenter) => self.augment(augmenter, number, start, indices, &mut buffers),
            None => {
                indices.iter().for_each(|&index| self.append(self.images.image(index as usize), &mut buffers.images))
            }
        }
        Batch::new(buffers, Arc::clone(&self.pool))
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
