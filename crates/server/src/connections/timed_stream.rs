//! A stream that ends when its client takes too long: to begin a request, to finish its head, or to read an answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::Limits;

/// How far a connection's requests have come: odd while one is answered. Its body has a time of its own.
#[derive(Default)]
pub(crate) struct Requests(AtomicU64);

impl Requests {
    /// A head is whole, or an answer.
    pub(crate) fn advance(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The stream of a connection.
pub(crate) struct TimedStream<S> {
    stream: S,
    limits: Limits,
    requests: Arc<Requests>,
    /// What `requests` was when the times below were noted.
    seen: u64,
    /// Since when nothing of the next request is here.
    idle_since: Instant,
    /// When its first byte came.
    head_since: Option<Instant>,
    /// Since when the client does not read.
    stuck_since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedStream<S> {
    pub(crate) fn new(stream: S, limits: Limits, requests: Arc<Requests>) -> Self {
        let idle_since = Instant::now();
        Self { stream, limits, requests, seen: 0, idle_since, head_since: None, stuck_since: None, alarm: None }
    }

    /// Fails when the deadline is over; else has the task woken then.
    fn check(&mut self, deadline: Instant, context: &mut Context<'_>) -> io::Result<()> {
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        match alarm.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let requests = this.requests.now();
        if requests != this.seen {
            (this.seen, this.head_since, this.idle_since) = (requests, None, Instant::now());
        }
        let before = buffer.filled().len();
        let is_answering = requests % 2 == 1;
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Pending if is_answering => Poll::Pending,
            Poll::Pending => {
                let deadline = match this.head_since {
                    Some(since) => since + this.limits.header_time,
                    None => this.idle_since + this.limits.idle_time,
                };
                this.check(deadline, context)?;
                Poll::Pending
            }
            Poll::Ready(read) => {
                if !is_answering && buffer.filled().len() > before {
                    this.head_since.get_or_insert_with(Instant::now);
                }
                Poll::Ready(read)
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> TimedStream<S> {
    /// What a write has come to, or the end if it has taken too long.
    fn written<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_pending() {
            let since = *self.stuck_since.get_or_insert_with(Instant::now);
            self.check(since + self.limits.body_time, context)?;
            return Poll::Pending;
        }
        self.stuck_since = None;
        written
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.written(written, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, bytes);
        this.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        this.written(flushed, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let ended = ready!({
            let ended = Pin::new(&mut this.stream).poll_shutdown(context);
            this.written(ended, context)
        });
        Poll::Ready(ended)
    }
}
