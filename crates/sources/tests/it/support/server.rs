//! A web server that behaves as badly as it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use modiste_sources::RetryPolicy;

/// Waits briefly, so that tests do not take long.
pub const HASTY: RetryPolicy = RetryPolicy {
    connect: Duration::from_secs(2),
    stall: Duration::from_millis(200),
    slowest: 1000,
    attempts: 3,
    pause: Duration::from_millis(2),
};

/// What the server does with one request.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// All bytes, or those asked for by a range.
    Honest,
    /// All bytes, whatever range was asked for.
    IgnoreRange,
    /// Promises all bytes and closes after so many.
    Truncate(usize),
    /// Sends so many bytes, then nothing while the client waits.
    Stall(usize),
    /// Sends a byte now and then.
    Drip,
    /// Promises so many bytes fewer than there are, and sends all.
    PromiseFewer(usize),
    /// Promises so many bytes more than there are, and sends what there is.
    PromiseMore(usize),
    /// The right bytes and then more without end.
    Endless,
    /// As many bytes, but others.
    WrongBytes,
    /// A range of a file of another size.
    OtherSize,
    /// A range that was not asked for.
    OtherRange,
    /// Only a status.
    Status(u16),
    /// A web page with a cheerful status, as a hotel's network sends it.
    Page,
    /// Not HTTP.
    Gibberish,
}

/// A request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub file: String,
    /// First byte asked for.
    pub from: Option<usize>,
}

/// A server on this machine, which lives as long as the test program.
pub struct Server {
    pub address: &'static str,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Serves `files` as `plan` says, which is given the number of earlier requests for the same file.
    pub fn start(files: Vec<(String, Vec<u8>)>, plan: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), files, plan, None)
    }

    /// Serves at an address where it was silent so far.
    pub fn start_at(
        address: &str,
        files: Vec<(String, Vec<u8>)>,
        plan: impl Fn(usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::on(TcpListener::bind(host(address)).unwrap(), files, plan, None)
    }

    /// Serves one request, then nobody for a while, then all others.
    pub fn start_with_outage(files: Vec<(String, Vec<u8>)>, outage: Duration) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), files, |_| Answer::Honest, Some(outage))
    }

    fn on(
        mut listener: TcpListener,
        files: Vec<(String, Vec<u8>)>,
        plan: impl Fn(usize) -> Answer + Send + Sync + 'static,
        outage: Option<Duration>,
    ) -> Self {
        let address: &str = format!("http://{}/", listener.local_addr().unwrap()).leak();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, shared) = (Arc::clone(&requests), Arc::new((files, plan)));
        thread::spawn(move || {
            if let Some(outage) = outage {
                let (stream, _) = listener.accept().unwrap();
                drop(listener);
                answer(stream, &shared.0, &shared.1, &log);
                thread::sleep(outage);
                listener = TcpListener::bind(host(address)).unwrap();
            }
            for stream in listener.incoming() {
                let (log, shared) = (Arc::clone(&log), Arc::clone(&shared));
                // The client may well hang up in the middle.
                thread::spawn(move || answer(stream.unwrap(), &shared.0, &shared.1, &log));
            }
        });
        Self { address, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn host(address: &str) -> &str {
    address.trim_start_matches("http://").trim_end_matches('/')
}

fn answer(
    mut stream: TcpStream,
    files: &[(String, Vec<u8>)],
    plan: &dyn Fn(usize) -> Answer,
    log: &Mutex<Vec<Request>>,
) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let file = lines.next()?.ok()?.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    let mut from = None;
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
            from = Some(range.trim_end_matches('-').parse().unwrap());
        }
    }
    let earlier = {
        let mut log = log.lock().unwrap();
        let earlier = log.iter().filter(|request| request.file == file).count();
        log.push(Request { file: file.clone(), from });
        earlier
    };
    let body = &files.iter().find(|(name, _)| *name == file)?.1;
    let size = body.len();
    let whole = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let range = |from: usize, size: usize| {
        let (last, length) = (size - 1, size.saturating_sub(from));
        format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{last}/{size}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    let start = from.unwrap_or(0);
    let head = |length: usize| if from.is_some() { range(start, size) } else { whole(length) };
    let mut send = |head: String, body: &[u8]| -> Option<()> {
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()
    };
    match plan(earlier) {
        Answer::Honest => send(head(size), &body[start..]),
        Answer::IgnoreRange => send(whole(size), body),
        Answer::Truncate(count) => send(head(size), &body[start..count.max(start)]),
        Answer::Stall(count) => {
            send(head(size), &body[start..count.max(start)])?;
            // Until the client hangs up.
            stream.read(&mut [0]).ok().map(drop)
        }
        Answer::Drip => {
            send(head(size), b"")?;
            body[start..].iter().try_for_each(|byte| {
                thread::sleep(Duration::from_millis(20));
                stream.write_all(&[*byte]).ok()
            })
        }
        Answer::PromiseFewer(count) => send(whole(size - count), body),
        Answer::PromiseMore(count) => send(whole(size + count), body),
        Answer::Endless => {
            send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".into(), body)?;
            while stream.write_all(&[0; 1 << 16]).is_ok() {}
            None
        }
        Answer::WrongBytes => send(whole(size), &body.iter().map(|byte| !byte).collect::<Vec<_>>()),
        Answer::OtherSize => send(range(start, size + 7), &body[start..]),
        Answer::OtherRange => send(range(0, size), body),
        Answer::Status(status) => {
            send(format!("HTTP/1.1 {status} So\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"), b"oops")
        }
        Answer::Page => {
            let page = b"\n<!DOCTYPE html><html><body>Accept our terms to go on.</body></html>";
            send(whole(page.len()), page)
        }
        Answer::Gibberish => send("what?\r\n\r\n".into(), b""),
    }
}
