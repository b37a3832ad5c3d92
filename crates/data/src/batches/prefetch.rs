//! The batches of one pass, prepared ahead on other threads.
//!
//! With more than one thread each prepares every so many-th batch, and they are asked in turn: so batches come in order, and
//! are the same whatever the number of threads. Where the system gives no thread, its batches are prepared when they are
//! asked for.

use std::iter::FusedIterator;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::batch::Batch;
use super::pass::Pass;

/// Batches of one thread that may wait while the consumer works on another.
const AHEAD: usize = 1;

/// The batches of one pass. Dropping it early ends its threads.
#[derive(Debug)]
pub struct Batches {
    /// Who prepares a batch, in turn.
    workers: Vec<Worker>,
    turn: usize,
    remaining: usize,
}

impl Batches {
    /// Buffers in use when a pass runs on so many threads: each has some waiting and one being filled, and one batch is with
    /// the consumer.
    pub(super) fn buffers(threads: usize) -> usize {
        threads * (AHEAD + 1) + 1
    }

    /// Those of `pass` from number `first` on, prepared on `threads` threads, at least one.
    pub(super) fn new(pass: Pass, first: usize, threads: usize) -> Self {
        let remaining = pass.len().saturating_sub(first);
        let pass = Arc::new(pass);
        let end = pass.len();
        let worker = |turn: usize| Worker::new(Arc::clone(&pass), (first.saturating_add(turn)..end).step_by(threads));
        // No thread for which there is nothing to do.
        let workers = (0..threads.min(remaining)).map(worker).collect();
        Self { workers, turn: 0, remaining }
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        if self.remaining == 0 {
            return None;
        }
        // If this one panics, nothing comes after it.
        let remaining = std::mem::take(&mut self.remaining);
        let batch = self.workers[self.turn].next()?;
        self.turn = (self.turn + 1) % self.workers.len();
        self.remaining = remaining - 1;
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Batches {}
impl FusedIterator for Batches {}

/// The numbers of the batches that one worker prepares.
type Numbers = std::iter::StepBy<std::ops::Range<usize>>;

/// Prepares batches.
#[derive(Debug)]
enum Worker {
    /// On a thread that works ahead.
    Ahead { receiver: Option<Receiver<Batch>>, thread: Option<JoinHandle<()>> },
    /// On the thread that asks for them.
    OnDemand { pass: Arc<Pass>, numbers: Numbers },
}

impl Worker {
    fn new(pass: Arc<Pass>, numbers: Numbers) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        let (pass_ahead, numbers_ahead) = (Arc::clone(&pass), numbers.clone());
        let work = move || {
            for number in numbers_ahead {
                // An error means that nobody wants more.
                if sender.send(pass_ahead.batch(number)).is_err() {
                    return;
                }
            }
        };
        match Builder::new().spawn(work) {
            Ok(thread) => Self::Ahead { receiver: Some(receiver), thread: Some(thread) },
            Err(_) => Self::OnDemand { pass, numbers },
        }
    }

    fn next(&mut self) -> Option<Batch> {
        match self {
            Self::OnDemand { pass, numbers } => numbers.next().map(|number| pass.batch(number)),
            Self::Ahead { receiver, thread } => receiver.as_ref()?.recv().ok().or_else(|| {
                // The thread ended before its time, which only a panic can be the cause of: it goes on here.
                match thread.take().map(JoinHandle::join) {
                    Some(Err(panic)) => std::panic::resume_unwind(panic),
                    _ => None,
                }
            }),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Self::Ahead { receiver, thread } = self {
            // Without a receiver the thread's next send fails, so the join is short.
            *receiver = None;
            if let Some(thread) = thread.take() {
                // Its panic, if any, concerned a batch that nobody asked for.
                let _ = thread.join();
            }
        }
    }
}
