//! Batches, prepared ahead on another thread.
//!
//! A pixel is copied once: from the data set's bytes, scaled on the way, to its place in the batch. Buffers go round: a
//! dropped [`Batch`] gives its memory back, so a pass allocates nothing once it runs, and keeps nothing when it has ended.
//! Where the system gives no thread, each batch is prepared when it is asked for.

use std::iter::FusedIterator;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use crate::{Images, Scaling};

/// Batches that may wait while the consumer works on another.
const AHEAD: usize = 1;
/// Those waiting, one being filled and one in use.
const KEPT_BUFFERS: usize = AHEAD + 2;

/// Makes batches of scaled images.
#[derive(Debug)]
pub struct Loader {
    images: Arc<Images>,
    scaling: Scaling,
    batch_size: usize,
}

/// Buffers waiting for their next use.
type Shelf = Mutex<Vec<Buffers>>;

#[derive(Debug, Default)]
struct Buffers {
    /// `[n, height, width, channels]`
    images: Vec<f32>,
    /// `[n]`
    labels: Vec<u8>,
}

impl Loader {
    /// Of `images`, scaled, in batches of `batch_size`.
    ///
    /// # Panics
    /// When `batch_size` is 0.
    pub fn new(images: Arc<Images>, scaling: Scaling, batch_size: usize) -> Self {
        assert!(batch_size > 0, "a batch holds at least one image");
        Self { images, scaling, batch_size }
    }

    /// Batches of the images that `order` lists, from batch number `first_batch` on. The last one may be smaller.
    ///
    /// # Panics
    /// `next` panics when it comes to a batch with an index that names no image.
    pub fn batches(&self, order: Arc<[u32]>, first_batch: usize) -> Batches {
        let batch_size = self.batch_size;
        let start = first_batch.saturating_mul(batch_size).min(order.len());
        let remaining = (order.len() - start).div_ceil(batch_size);
        let gatherer = Gatherer {
            images: Arc::clone(&self.images),
            scaling: self.scaling,
            shelf: Arc::new(Mutex::new(Vec::with_capacity(KEPT_BUFFERS))),
            order,
            start,
            batch_size,
        };
        let (sender, receiver) = sync_channel(AHEAD);
        let ahead = gatherer.clone();
        let work = move || {
            for batch in ahead {
                // An error means that nobody wants more.
                if sender.send(batch).is_err() {
                    return;
                }
            }
        };
        let supply = match Builder::new().spawn(work) {
            Ok(thread) => Supply::Ahead { receiver: Some(receiver), thread: Some(thread) },
            Err(_) => Supply::OnDemand(gatherer),
        };
        Batches { supply, remaining }
    }
}

/// Gathers one batch after the other.
#[derive(Clone, Debug)]
struct Gatherer {
    images: Arc<Images>,
    scaling: Scaling,
    shelf: Arc<Shelf>,
    order: Arc<[u32]>,
    /// Where in `order` the next batch begins.
    start: usize,
    batch_size: usize,
}

impl Iterator for Gatherer {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let indices = self.order[self.start..].chunks(self.batch_size).next()?;
        let mut buffers = lock(&self.shelf).pop().unwrap_or_default();
        buffers.fill(&self.images, self.scaling, indices);
        self.start += indices.len();
        Some(Batch { buffers, shelf: Arc::clone(&self.shelf) })
    }
}

impl Buffers {
    fn fill(&mut self, images: &Images, scaling: Scaling, indices: &[u32]) {
        self.images.clear();
        self.labels.clear();
        self.images.reserve(indices.len() * images.shape().len());
        for &index in indices {
            self.images.extend(images.image(index as usize).iter().map(|&pixel| scaling.scaled(pixel)));
        }
        self.labels.extend(indices.iter().map(|&index| images.labels()[index as usize]));
    }
}

/// The batches of one pass. Dropping it early ends its thread.
#[derive(Debug)]
pub struct Batches {
    supply: Supply,
    remaining: usize,
}

/// Where the batches of a pass come from.
#[derive(Debug)]
enum Supply {
    /// A thread that works ahead.
    Ahead { receiver: Option<Receiver<Batch>>, thread: Option<JoinHandle<()>> },
    /// The thread that asks for them.
    OnDemand(Gatherer),
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        if self.remaining == 0 {
            return None;
        }
        let batch = match &mut self.supply {
            Supply::OnDemand(gatherer) => gatherer.next(),
            Supply::Ahead { receiver, thread } => receiver.as_ref()?.recv().ok().or_else(|| {
                // The thread ended before its time, which only a panic can be the cause of: it goes on here.
                self.remaining = 0;
                match thread.take().map(JoinHandle::join) {
                    Some(Err(panic)) => std::panic::resume_unwind(panic),
                    _ => None,
                }
            }),
        }?;
        self.remaining -= 1;
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Batches {}
impl FusedIterator for Batches {}

impl Drop for Batches {
    fn drop(&mut self) {
        if let Supply::Ahead { receiver, thread } = &mut self.supply {
            // Without a receiver the thread's next send fails, so the join is short.
            *receiver = None;
            if let Some(thread) = thread.take() {
                // Its panic, if any, concerned a batch that nobody asked for.
                let _ = thread.join();
            }
        }
    }
}

/// Images and labels, ready for a network.
#[derive(Debug)]
pub struct Batch {
    buffers: Buffers,
    shelf: Arc<Shelf>,
}

impl Batch {
    /// Scaled pixels, `[len, height, width, channels]`.
    pub fn images(&self) -> &[f32] {
        &self.buffers.images
    }

    /// Classes, `[len]`.
    pub fn labels(&self) -> &[u8] {
        &self.buffers.labels
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
        let mut shelf = lock(&self.shelf);
        // A consumer that collects many batches must not make the loader keep memory for all of them.
        if shelf.len() < KEPT_BUFFERS {
            shelf.push(std::mem::take(&mut self.buffers));
        }
    }
}

/// A panic elsewhere leaves the shelf whole: pushing and popping are all that happens under the lock.
fn lock(shelf: &Shelf) -> std::sync::MutexGuard<'_, Vec<Buffers>> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
