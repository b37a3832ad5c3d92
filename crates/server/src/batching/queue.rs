//! Jobs that wait for a model's thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::job::Job;

/// A queue with one reader. It holds no more images than was said.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// That there is enough for the reader to go on.
    enough: Condvar,
    /// Most images.
    most: usize,
}

struct Waiting {
    jobs: VecDeque<Job>,
    /// Images of all jobs.
    images: usize,
    /// With so many the reader wants to be woken; while it computes, with none.
    wanted: Option<usize>,
    is_closed: bool,
}

/// Why a job was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// So many images wait already.
    Full(usize),
    /// The model is going.
    Closed,
}

impl Queue {
    /// For at most so many images.
    pub(crate) fn new(most: usize) -> Self {
        let waiting = Waiting { jobs: VecDeque::new(), images: 0, wanted: None, is_closed: false };
        Self { waiting: Mutex::new(waiting), enough: Condvar::new(), most }
    }

    /// Adds a job. One that is larger than the queue is taken where nothing else waits.
    pub(crate) fn push(&self, job: Job) -> Result<(), Refused> {
        let mut waiting = self.lock();
        if waiting.is_closed {
            return Err(Refused::Closed);
        }
        let images = waiting.images + job.work.images();
        if images > self.most && !waiting.jobs.is_empty() {
            return Err(Refused::Full(waiting.images));
        }
        waiting.images = images;
        waiting.jobs.push_back(job);
        if waiting.wanted.is_some_and(|wanted| images >= wanted) {
            waiting.wanted = None;
            drop(waiting);
            self.enough.notify_one();
        }
        Ok(())
    }

    /// How many images wait.
    pub(crate) fn images(&self) -> usize {
        self.lock().images
    }

    /// No more jobs: the reader ends when it has done those that wait.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.enough.notify_one();
    }

    /// Waits for jobs, and gives those of up to `batch` images, at least one; `None` when the queue is closed and empty.
    ///
    /// `expected` is how many images are likely to be here soon: for those it waits, but no longer than `delay` beside what the
    /// first of them has waited anyway.
    pub(crate) fn next(
        &self,
        batch: usize,
        expected: impl FnOnce(Instant) -> usize,
        delay: Duration,
    ) -> Option<Vec<Job>> {
        let idle_since = Instant::now();
        let mut waiting = self.lock();
        while waiting.jobs.is_empty() {
            if waiting.is_closed {
                return None;
            }
            waiting.wanted = Some(1);
            waiting = self.enough.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let first = waiting.jobs.front().map_or_else(Instant::now, |job| job.arrived);
        let (wanted, held_since) = (expected(first).min(batch), first.max(idle_since));
        while waiting.images < wanted && !waiting.is_closed {
            let left = delay.saturating_sub(held_since.elapsed());
            if left.is_zero() {
                break;
            }
            waiting.wanted = Some(wanted);
            waiting = self.enough.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        waiting.wanted = None;
        let mut jobs = Vec::new();
        let mut images = 0;
        while let Some(job) = waiting.jobs.front() {
            images += job.work.images();
            if images > batch && !jobs.is_empty() {
                break;
            }
            waiting.images -= job.work.images();
            jobs.extend(waiting.jobs.pop_front());
        }
        Some(jobs)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that is done under the lock leaves it half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use modiste_inference::Look;
    use tokio::sync::oneshot;

    use super::*;
    use crate::batching::job::Work;

    const LONG: Duration = Duration::from_secs(600);

    fn job(images: usize) -> Job {
        let look = Look { views: false, unfamiliar: false };
        let work = Work::Look { pixels: Vec::new(), images, look };
        Job { work, arrived: Instant::now(), asker: oneshot::channel().0 }
    }

    fn sizes(jobs: Option<Vec<Job>>) -> Vec<usize> {
        jobs.unwrap().iter().map(|job| job.work.images()).collect()
    }

    #[test]
    fn a_batch_is_what_waits_as_far_as_it_fits() {
        let queue = Queue::new(100);
        for images in [3, 4, 2, 50] {
            queue.push(job(images)).unwrap();
        }
        assert_eq!(sizes(queue.next(8, |_| 0, LONG)), [3, 4]);
        assert_eq!(sizes(queue.next(8, |_| 0, LONG)), [2]);
        // One that is larger than a batch is computed by itself.
        assert_eq!(sizes(queue.next(8, |_| 0, LONG)), [50]);
        assert_eq!(queue.images(), 0);
    }

    #[test]
    fn more_than_may_wait_is_refused_and_a_large_job_alone_is_not() {
        let queue = Queue::new(10);
        queue.push(job(40)).unwrap();
        assert_eq!(queue.push(job(1)), Err(Refused::Full(40)));
        queue.next(8, |_| 0, LONG).unwrap();
        queue.push(job(10)).unwrap();
        assert_eq!(queue.push(job(1)), Err(Refused::Full(10)));
    }

    #[test]
    fn those_that_are_expected_are_waited_for_and_nobody_else() {
        let queue = Arc::new(Queue::new(100));
        queue.push(job(1)).unwrap();
        // None expected but itself: not a moment is waited, or this would take ten minutes.
        assert_eq!(sizes(queue.next(8, |_| 1, LONG)), [1]);
        queue.push(job(1)).unwrap();
        let other = Arc::clone(&queue);
        let reader = thread::spawn(move || sizes(other.next(8, |_| 3, LONG)));
        queue.push(job(1)).unwrap();
        queue.push(job(1)).unwrap();
        assert_eq!(reader.join().unwrap(), [1, 1, 1]);
        // They do not come: what is here goes on after the delay.
        queue.push(job(1)).unwrap();
        assert_eq!(sizes(queue.next(8, |_| 3, Duration::from_millis(1))), [1]);
    }

    #[test]
    fn a_closed_queue_is_emptied_and_takes_nothing() {
        let queue = Queue::new(10);
        queue.push(job(1)).unwrap();
        queue.close();
        assert_eq!(queue.push(job(1)), Err(Refused::Closed));
        assert_eq!(sizes(queue.next(8, |_| 8, LONG)), [1]);
        assert!(queue.next(8, |_| 8, LONG).is_none());
    }
}
