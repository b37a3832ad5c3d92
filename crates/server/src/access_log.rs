//! Lines about what happens, one JSON object each, written by a thread of their own.
//!
//! Requests do not wait for whoever reads the lines. Where that is too slow, lines are left out, and a line says how many.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use serde::Serialize;

/// Lines that may wait.
const WAITING: usize = 4096;
/// Bytes that are written at once, as far as there are so many.
const AT_ONCE: usize = 64 << 10;

/// Where lines go; none are written if it is quiet.
pub(crate) struct AccessLog {
    lines: Option<SyncSender<Vec<u8>>>,
    left_out: Arc<AtomicU64>,
    writer: Option<JoinHandle<()>>,
}

/// An answered request.
#[derive(Serialize)]
pub(crate) struct RequestLine<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    #[serde(serialize_with = "seconds")]
    pub(crate) seconds: Duration,
}

/// Anything else.
#[derive(Serialize)]
pub(crate) struct EventLine<'a> {
    pub(crate) text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a, T> {
    /// Seconds since 1970.
    time: f64,
    event: &'a str,
    #[serde(flatten)]
    rest: &'a T,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // Microseconds are enough.
    serializer.serialize_f64((time.as_secs_f64() * 1e6).round() / 1e6)
}

impl AccessLog {
    /// On standard error, or nowhere.
    pub(crate) fn new(is_quiet: bool) -> Self {
        let left_out = Arc::new(AtomicU64::new(0));
        if is_quiet {
            return Self { lines: None, left_out, writer: None };
        }
        let (lines, receiver) = sync_channel(WAITING);
        let missing = Arc::clone(&left_out);
        let writer = thread::Builder::new().name("log".to_owned()).spawn(move || write(&receiver, &missing)).ok();
        Self { lines: writer.is_some().then_some(lines), left_out, writer }
    }

    /// Adds a line about a request.
    pub(crate) fn request(&self, line: &RequestLine<'_>) {
        self.add("request", line);
    }

    /// Adds a line about anything else.
    pub(crate) fn event(&self, line: &EventLine<'_>) {
        self.add("server", line);
    }

    fn add<T: Serialize>(&self, event: &str, rest: &T) {
        let Some(lines) = &self.lines else { return };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time = (now.as_secs_f64() * 1e3).round() / 1e3;
        let Ok(mut line) = serde_json::to_vec(&Line { time, event, rest }) else { return };
        line.push(b'\n');
        if let Err(TrySendError::Full(_)) = lines.try_send(line) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        drop(self.lines.take());
        if let Some(writer) = self.writer.take() {
            // Whatever ended it, there is nobody to tell.
            let _ = writer.join();
        }
    }
}

/// Writes lines until there will be no more. Nothing can be done, or said, if that fails.
fn write(lines: &Receiver<Vec<u8>>, left_out: &AtomicU64) {
    while let Ok(mut together) = lines.recv() {
        while together.len() < AT_ONCE {
            match lines.try_recv() {
                Ok(line) => together.extend(line),
                Err(_) => break,
            }
        }
        let missing = left_out.swap(0, Ordering::Relaxed);
        if missing > 0 {
            together
                .extend(format!("{{\"event\":\"server\",\"text\":\"{missing} lines are left out here\"}}\n").bytes());
        }
        let _ = io::stderr().write_all(&together);
    }
}
