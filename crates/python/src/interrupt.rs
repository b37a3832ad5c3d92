//! Work beside Python: the interpreter is free meanwhile, Ctrl-C stops the work, and the work can call back.
//!
//! The work has a thread of its own. The thread that called from Python waits for it, looks after signals, which Python handles
//! on its main thread only, and runs what the work has Python do: where it was called, so that whatever Python keeps for each
//! thread, such as where a notebook prints, is right.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// So often signals are looked after.
const PAUSE: Duration = Duration::from_millis(20);

/// What the work has Python do; `true` stops the work.
type Call<'a> = Box<dyn FnOnce(Python<'_>) -> PyResult<bool> + Send + 'a>;

/// What the work has of the caller.
pub(crate) struct Caller<'a, 'b> {
    stop: &'a AtomicBool,
    calls: Sender<(Call<'b>, Sender<()>)>,
}

impl<'b> Caller<'_, 'b> {
    /// Whether the work is to be given up.
    pub(crate) fn stop(&self) -> &AtomicBool {
        self.stop
    }

    /// Has Python do something, and waits until it is done. An exception stops the work.
    pub(crate) fn call(&self, call: impl FnOnce(Python<'_>) -> PyResult<bool> + Send + 'b) {
        let (done, wait) = channel();
        if self.calls.send((Box::new(call), done)).is_ok() {
            // Nobody answers where the call failed.
            let _ = wait.recv();
        }
    }
}

/// Does `work` without holding the interpreter. After an exception, that of Ctrl-C too, the work is stopped and what it came to
/// is lost.
pub(crate) fn beside_python<'b, T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Caller<'_, 'b>) -> T + Send,
) -> PyResult<T> {
    let stop = AtomicBool::new(false);
    py.detach(|| {
        let (calls, called) = channel();
        thread::scope(|scope| {
            let caller = Caller { stop: &stop, calls };
            let worker = thread::Builder::new().spawn_scoped(scope, move || work(&caller)).map_err(|_| {
                PyRuntimeError::new_err("the system gives no thread: end other programs, or raise its limit")
            })?;
            let failure = wait(&called, &stop);
            let made = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
            failure.map_or(Ok(made), Err)
        })
    })
}

/// Serves the work until it has ended. Gives the first exception.
fn wait(called: &Receiver<(Call<'_>, Sender<()>)>, stop: &AtomicBool) -> Option<PyErr> {
    let mut failure = None;
    loop {
        let (answer, done) = match called.recv_timeout(PAUSE) {
            Ok((call, done)) => {
                (Python::attach(|py| call(py).and_then(|stops| py.check_signals().map(|()| stops))), Some(done))
            }
            Err(RecvTimeoutError::Timeout) => (Python::attach(|py| py.check_signals()).map(|()| false), None),
            Err(RecvTimeoutError::Disconnected) => return failure,
        };
        match answer {
            Ok(false) => {}
            Ok(true) => stop.store(true, Ordering::Relaxed),
            Err(error) => {
                stop.store(true, Ordering::Relaxed);
                failure = failure.or(Some(error));
            }
        }
        // Only now may the work go on: it is to see whether it is stopped.
        done.map(|done| done.send(()));
    }
}
