//! Tasks on threads. Which thread runs a task is left to chance; what a task computes may not depend on it.
//!
//! A training step is a few dozen rounds of tasks, some of them a few microseconds long, so a pool whose threads sleep
//! between rounds would spend more on waking than on work. Here they look for the next round for a while before they sleep,
//! and the calling thread works too.

use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use modiste_network::Profile;

use super::memory::Buffer;
use super::recorder::Recorder;

/// How often a thread looks for the next round before it sleeps: some tens of microseconds, the time between two rounds
/// of a small step (bench/NOTES.md, "threads that look for the next round"). More would keep a core busy for nothing.
const LOOKS: usize = 2000;

/// A pool of threads, each with a scratch buffer of its own.
pub(crate) struct ThreadPool {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
    /// Of the calling thread, then of each helper.
    scratch: Vec<Mutex<Buffer>>,
    /// Held for a round.
    round: Mutex<()>,
    /// What the threads do, while somebody wants to know.
    recorder: Option<Recorder>,
}

/// What the calling thread and its helpers share.
struct Shared {
    /// What to do in this round. Written before `rounds` grows, read after; valid until `busy` is zero again.
    work: UnsafeCell<Option<&'static (dyn Fn(usize) + Sync)>>,
    /// Rounds begun.
    rounds: AtomicUsize,
    /// Helpers that have not finished this round.
    busy: AtomicUsize,
    /// Whether a helper panicked.
    panicked: AtomicBool,
    /// Whether the next round is the end.
    ended: AtomicBool,
    /// Looks before sleep.
    looks: usize,
}

// SAFETY: `work` is written only between rounds, by the one thread that holds `ThreadPool::round`, and read only in rounds.
unsafe impl Sync for Shared {}

impl ThreadPool {
    /// `threads` threads, the calling one among them, with `scratch` values each.
    ///
    /// If the system gives fewer threads, those do the work.
    pub(crate) fn new(threads: usize, scratch: usize) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let shared = Arc::new(Shared {
            work: UnsafeCell::new(None),
            rounds: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            // With more threads than cores, who looks keeps others from working.
            looks: if threads > cores { 0 } else { LOOKS },
        });
        let helpers: Vec<_> = (1..threads)
            .map_while(|index| {
                let shared = Arc::clone(&shared);
                thread::Builder::new().name(format!("compute-{index}")).spawn(move || shared.help(index)).ok()
            })
            .collect();
        let scratch = (0..=helpers.len()).map(|_| Mutex::new(Buffer::zeroed(scratch))).collect();
        Self { shared, helpers, scratch, round: Mutex::new(()), recorder: None }
    }

    /// ThreadPool that compute.
    pub(crate) fn count(&self) -> usize {
        self.scratch.len()
    }

    /// Runs `work(task, scratch)` for every task in `0..tasks`; returns when all are done.
    ///
    /// # Panics
    /// When a task does. A task may not call this again: its thread's scratch buffer is taken.
    pub(crate) fn run(&self, tasks: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        let next = AtomicUsize::new(0);
        let drain = |thread: usize| {
            // A poisoned scratch buffer holds nothing that is read before it is written.
            let mut scratch = self.scratch[thread].lock().unwrap_or_else(PoisonError::into_inner);
            let _recording = self.recorder.as_ref().map(Recorder::on_thread);
            loop {
                let task = next.fetch_add(1, Ordering::Relaxed);
                if task >= tasks {
                    break;
                }
                work(task, &mut scratch);
            }
        };
        let run = || {
            if tasks <= 1 || self.helpers.is_empty() {
                drain(0);
            } else {
                self.round(&drain);
            }
        };
        match &self.recorder {
            Some(recorder) => recorder.round(run),
            None => run(),
        }
    }

    /// Records everything from the next [`ThreadPool::section`] on.
    pub(crate) fn start_recording(&mut self) {
        self.recorder = Some(Recorder::new(self.count()));
    }

    /// What has been recorded since.
    pub(crate) fn stop_recording(&mut self) -> Profile {
        self.recorder.take().map_or(Profile { sections: Vec::new() }, |recorder| recorder.profile())
    }

    /// If this is recorded, what follows belongs to the section of this name.
    pub(crate) fn section(&self, name: impl FnOnce() -> String) {
        if let Some(recorder) = &self.recorder {
            recorder.section(name());
        }
    }

    /// Calls `work` with its index on every thread; returns when all have returned.
    fn round(&self, work: &(dyn Fn(usize) + Sync)) {
        let _round = self.round.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes. The reference is used in this round alone, and this function does not return,
        // not even by a panic, before all helpers have finished it.
        let lasting = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work) };
        // SAFETY: no round is under way, so nobody reads.
        unsafe { *shared.work.get() = Some(lasting) };
        self.begin();
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        let mut looks = 0;
        while shared.busy.load(Ordering::Acquire) > 0 {
            looks += 1;
            if looks > shared.looks { thread::yield_now() } else { spin_loop() }
        }
        let panicked = shared.panicked.swap(false, Ordering::Relaxed);
        if let Err(panic) = own {
            resume_unwind(panic);
        }
        assert!(!panicked, "a task panicked on another thread");
    }

    /// Begins a round with what stands in `shared`.
    fn begin(&self) {
        self.shared.busy.store(self.helpers.len(), Ordering::Relaxed);
        self.shared.rounds.fetch_add(1, Ordering::Release);
        for helper in &self.helpers {
            helper.thread().unpark();
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        self.begin();
        for helper in self.helpers.drain(..) {
            // What a task panicked with has been told by the round it was in.
            let _ = helper.join();
        }
    }
}

impl Shared {
    /// A helper's life: one round after another.
    fn help(&self, index: usize) {
        for round in 1.. {
            let mut looks = 0;
            while self.rounds.load(Ordering::Acquire) < round {
                looks += 1;
                if looks > self.looks { thread::park() } else { spin_loop() }
            }
            if self.ended.load(Ordering::Relaxed) {
                return;
            }
            // SAFETY: the round has begun, so it is written, and nobody writes before this thread says that it is done.
            let work = unsafe { *self.work.get() };
            let done = catch_unwind(AssertUnwindSafe(|| work.into_iter().for_each(|work| work(index))));
            if done.is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
            self.busy.fetch_sub(1, Ordering::Release);
        }
    }
}

/// The `index`-th of `ranges` nearly equal ranges that `0..length` is split into.
pub(crate) fn split_range(length: usize, ranges: usize, index: usize) -> std::ops::Range<usize> {
    length * index / ranges..length * (index + 1) / ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_in_every_round() {
        for threads in [1, 2, 5] {
            let pool = ThreadPool::new(threads, 16);
            for tasks in [0, 1, 2, 3, 100] {
                let runs: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(tasks, |task, scratch| {
                    assert_eq!(scratch.len(), 16);
                    runs[task].fetch_add(1, Ordering::Relaxed);
                });
                assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1), "{threads} threads, {tasks} tasks");
            }
        }
    }

    #[test]
    fn helpers_that_sleep_are_woken() {
        let pool = ThreadPool::new(3, 0);
        for _ in 0..3 {
            thread::sleep(std::time::Duration::from_millis(20));
            let sum = AtomicUsize::new(0);
            pool.run(50, |task, _| {
                sum.fetch_add(task, Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), 49 * 50 / 2);
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        let pool = ThreadPool::new(2, 0);
        for bad in [vec![0], vec![7], (0..8).collect()] {
            let run = AssertUnwindSafe(|| pool.run(8, |task, _| assert!(!bad.contains(&task), "task {task}")));
            assert!(catch_unwind(run).is_err());
            pool.run(8, |_, _| {});
        }
    }

    #[test]
    fn ranges_are_contiguous_and_nearly_equal() {
        for (length, parts) in [(0, 16), (5, 16), (16, 16), (500, 16)] {
            let mut next = 0;
            for index in 0..parts {
                let part = split_range(length, parts, index);
                assert_eq!(part.start, next);
                assert!(part.len().abs_diff(length / parts) <= 1);
                next = part.end;
            }
            assert_eq!(next, length);
        }
    }
}
