//! Tasks on threads. Which thread runs a task is left to chance; what a task computes may not depend on it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::memory::Buffer;

/// A pool of threads, each with a scratch buffer of its own.
pub struct Threads {
    pool: Option<rayon::ThreadPool>,
    scratch: Vec<Mutex<Buffer>>,
}

impl Threads {
    /// `threads` threads with `scratch` values each. With one thread the caller's own does the work.
    ///
    /// If the system gives no more threads, the caller's own does the work too.
    pub fn new(threads: usize, scratch: usize) -> Self {
        let pool = (threads > 1)
            .then(|| {
                rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("compute-{i}")).build()
            })
            .and_then(Result::ok);
        let count = if pool.is_some() { threads } else { 1 };
        Self { pool, scratch: (0..count).map(|_| Mutex::new(Buffer::zeroed(scratch))).collect() }
    }

    /// Threads that compute.
    pub fn count(&self) -> usize {
        self.scratch.len()
    }

    /// Runs `work(task, scratch)` for every task in `0..tasks`; returns when all are done.
    pub fn run(&self, tasks: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        let next = AtomicUsize::new(0);
        let drain = |worker: usize| {
            // A poisoned scratch buffer holds nothing that is read before it is written.
            let mut scratch = self.scratch[worker].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            loop {
                let task = next.fetch_add(1, Ordering::Relaxed);
                if task >= tasks {
                    break;
                }
                work(task, &mut scratch);
            }
        };
        match &self.pool {
            Some(pool) if tasks > 1 => {
                pool.broadcast(|context| drain(context.index()));
            }
            _ => drain(0),
        }
    }
}

/// The `index`-th of `parts` nearly equal contiguous parts of `0..length`.
pub fn share(length: usize, parts: usize, index: usize) -> std::ops::Range<usize> {
    length * index / parts..length * (index + 1) / parts
}
