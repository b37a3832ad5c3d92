//! How many threads compute.
//!
//! No pool outlives the call that it is for, or the network that it belongs to: a process that was forked has none of its
//! parent's threads, and would wait for them for ever.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// The threads that this process may run at once.
#[pyfunction]
pub(crate) fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Threads for one call.
pub(crate) fn pool(threads: usize) -> PyResult<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|_| PyRuntimeError::new_err(format!("the system gives no {threads} threads: take fewer by n_jobs")))
}
