//! One file over HTTP, from whichever address gives it whole.
//!
//! Bytes gather in a `.part` file, which a later attempt continues by asking for the rest. Nothing a server says
//! about lengths is relied on: at most the known size is read, and the checksum decides. What fails in passing (a
//! stall, a broken connection, a 5xx answer) is tried again after a growing pause; what will not change by waiting
//! (a 404, wrong bytes) sends us to the next address. A connection that does not come about is such a passing trouble
//! once any server has been reached; before that it is tried once more, and then held to mean that there is no network.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::path::Path;
use std::thread::{self, sleep};
use std::time::Instant;

use sha2::{Digest, Sha256};
use ureq::http::{Response, StatusCode, Uri, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, Timeout};

use super::certificates;
use super::place::remedy;
use super::retry::RetryPolicy;
use super::sets::{KnownFile, KnownSet};
use super::verify::hexadecimal;
use crate::error::Error;
use crate::progress::{Event, Progress};

/// Fetches the files of one set.
pub(super) struct Downloader<'a> {
    agent: Agent,
    mirrors: &'static [&'static str],
    /// What to do where no address gives a file.
    remedy: String,
    retry: RetryPolicy,
    progress: &'a dyn Progress,
    /// Whether any server has been reached, for any file.
    reached: Cell<bool>,
    /// Which address gave the last file: it is the first to be asked for the next.
    preferred: Cell<usize>,
}

/// How an attempt ended other than well.
enum Failure {
    /// No connection came about.
    Unreachable(String),
    /// It may go better in a moment.
    Passing(String),
    /// This address will not give the file.
    Refused(String),
    /// The trouble is on this machine.
    Local(Error),
}

impl<'a> Downloader<'a> {
    /// Of the set that belongs into `dir`.
    pub(super) fn new(set: &KnownSet, dir: &Path, retry: RetryPolicy, progress: &'a dyn Progress) -> Self {
        // To look up an address within a time takes a thread (connecting may look up a proxy's); without one left to
        // have, the system's own limits must do.
        let threads = thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok());
        let connect = threads.then_some(retry.connect);
        let config = Agent::config_builder()
            // A status is judged here, by what it means for the next attempt.
            .http_status_as_error(false)
            .timeout_resolve(connect)
            .timeout_connect(connect)
            .timeout_recv_response(Some(retry.stall))
            .timeout_per_read(Some(retry.stall))
            .tls_config(TlsConfig::builder().root_certs(certificates::trusted(progress)).build())
            .user_agent(concat!("modiste/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = Agent::new_with_config(config);
        let (mirrors, remedy) = (set.mirrors, remedy(set, dir));
        Self { agent, mirrors, remedy, retry, progress, reached: Cell::new(false), preferred: Cell::new(0) }
    }

    /// Leaves the whole of `file`, checked and synced, in `part`, to which the caller has the sole right.
    pub(super) fn fetch(&self, file: &KnownFile, part: &Path) -> Result<(), Error> {
        let mirrors = self.mirrors;
        let mut reasons = Vec::new();
        let first = self.preferred.get();
        for (tried, index) in (0..mirrors.len()).map(|tried| (tried, (first + tried) % mirrors.len())) {
            let url = format!("{}{}", mirrors[index], file.name);
            let Err(why) = self.fetch_from(&url, file, part)? else {
                self.preferred.set(index);
                return Ok(());
            };
            if tried + 1 < mirrors.len() {
                self.progress.report(Event::Notice(&format!("{url}: {why}; trying the next address")));
            }
            reasons.push(format!("{url}: {why}"));
        }
        let (file, why, remedy) = (file.name.to_owned(), reasons.join("; "), self.remedy.clone());
        Err(if self.reached.get() {
            Error::Download { file, why, remedy }
        } else {
            Error::NoNetwork { file, why, remedy }
        })
    }

    /// All attempts at one address. The inner error says why it did not give the file.
    fn fetch_from(&self, url: &str, file: &KnownFile, part: &Path) -> Result<Result<(), String>, Error> {
        let mut pause = self.retry.pause;
        let mut attempt = 1;
        loop {
            let start = Instant::now();
            let outcome = self.attempt(url, file, part);
            if !matches!(outcome, Err(Failure::Unreachable(_) | Failure::Local(_))) {
                self.reached.set(true);
            }
            // Asking again and again where there is no network would only keep people waiting.
            let hopeless = !self.reached.get() && (attempt > 1 || start.elapsed() >= self.retry.connect);
            let why = match outcome {
                Ok(()) => {
                    self.progress.report(Event::Finished { file: file.name });
                    return Ok(Ok(()));
                }
                Err(Failure::Local(error)) => return Err(error),
                Err(Failure::Refused(why)) => return Ok(Err(why)),
                Err(Failure::Unreachable(why)) if hopeless => return Ok(Err(why)),
                Err(Failure::Passing(why) | Failure::Unreachable(why)) => why,
            };
            if attempt >= self.retry.attempts {
                return Ok(Err(format!("{why} (after {attempt} attempts)")));
            }
            self.progress.report(Event::Retrying { file: file.name, why: &why, wait: pause });
            sleep(pause);
            pause *= 2;
            attempt += 1;
        }
    }

    fn attempt(&self, url: &str, file: &KnownFile, part: &Path) -> Result<(), Failure> {
        let local = |action| move |source| Failure::Local(Error::io(action, part, source));
        let mut done = match fs::metadata(part) {
            Ok(meta) => meta.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(local("read")(error)),
        };
        if done > file.size {
            discard(part)?;
            done = 0;
        }
        let mut resumed = done > 0;
        if done < file.size {
            let mut request = self.agent.get(url).header(header::ACCEPT_ENCODING, "identity");
            if is_loopback(url) {
                // A proxy would look for the file on its own machine.
                request = request.config().proxy(None).build();
            }
            if resumed {
                request = request.header(header::RANGE, format!("bytes={done}-"));
            }
            let mut response = request.call().map_err(judge)?;
            let opened = match place_of(&response, done, file.size) {
                Place::Continues => OpenOptions::new().create(true).append(true).open(part),
                Place::Begins => {
                    resumed = false;
                    done = 0;
                    File::create(part)
                }
                Place::Elsewhere(why) => {
                    discard(part)?;
                    return Err(Failure::Passing(why));
                }
                Place::Nowhere(failure) => return Err(failure),
            };
            let mut out = opened.map_err(local("write"))?;
            self.progress.report(Event::Started { file: file.name, url, done, total: file.size });
            self.copy(&mut response, file, done, &mut out, part)?;
            out.sync_all().map_err(local("write"))?;
        }
        let found = sha256_of(File::open(part).map_err(local("read"))?).map_err(local("read"))?;
        if found != file.sha256 {
            discard(part)?;
            let why = format!("gave other bytes than the set's (SHA-256 {found} instead of {})", file.sha256);
            // A part kept from before may be what was wrong, so the address deserves another attempt from the start.
            return Err(if resumed { Failure::Passing(why) } else { Failure::Refused(why) });
        }
        Ok(())
    }

    /// Appends the body to `out` until the file's known size is reached, and no further.
    fn copy(
        &self,
        response: &mut Response<Body>,
        file: &KnownFile,
        mut done: u64,
        out: &mut File,
        part: &Path,
    ) -> Result<(), Failure> {
        let (start, total) = (done, file.size);
        let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; 1 << 16];
        let mut since = (Instant::now(), done);
        while done < total {
            let room = buffer.len().min(usize::try_from(total - done).unwrap_or(usize::MAX));
            let count = match body.read(&mut buffer[..room]) {
                Ok(0) => return Err(Failure::Passing(format!("the connection ended after {done} of {total} bytes"))),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let why = match judge(ureq::Error::from(error)) {
                        Failure::Unreachable(why) | Failure::Passing(why) | Failure::Refused(why) => why,
                        local @ Failure::Local(_) => return Err(local),
                    };
                    return Err(Failure::Passing(format!("{why} after {done} of {total} bytes")));
                }
            };
            if done == start && start == 0 && is_page(&buffer[..count]) {
                discard(part)?;
                return Err(Failure::Refused("gave a web page instead of the file".into()));
            }
            out.write_all(&buffer[..count]).map_err(|source| Failure::Local(Error::io("write", part, source)))?;
            done += count as u64;
            self.progress.report(Event::Advanced { file: file.name, done, total });
            let (elapsed, bytes) = (since.0.elapsed(), done - since.1);
            if elapsed >= self.retry.stall {
                if (bytes as f64) < self.retry.slowest as f64 * elapsed.as_secs_f64() {
                    let seconds = elapsed.as_secs_f64();
                    return Err(Failure::Passing(format!("only {bytes} bytes came in {seconds:.1} s")));
                }
                since = (Instant::now(), done);
            }
        }
        Ok(())
    }
}

/// Whether a body that begins so is a web page, as of a network that wants a login first. Files of sets are gzipped.
fn is_page(start: &[u8]) -> bool {
    start.trim_ascii_start().starts_with(b"<")
}

fn discard(part: &Path) -> Result<(), Failure> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::Local(Error::io("remove", part, error))),
        _ => Ok(()),
    }
}

/// SHA-256 of all that `reader` gives, in hexadecimal.
fn sha256_of(mut reader: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hexadecimal(&hasher.finalize())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Where the bytes of an answer belong.
enum Place {
    /// After those that are here.
    Continues,
    /// At the file's start.
    Begins,
    /// At neither: what is here is of no use with this server.
    Elsewhere(String),
    /// There are none to be used.
    Nowhere(Failure),
}

fn place_of(response: &Response<Body>, done: u64, size: u64) -> Place {
    let status = response.status();
    match status {
        StatusCode::OK => Place::Begins,
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
            match range.and_then(content_range) {
                Some((_, Some(total))) if total != size => {
                    Place::Nowhere(Failure::Refused(format!("has a file of {total} bytes instead of {size}")))
                }
                Some((start, _)) if start == done => Place::Continues,
                _ => Place::Elsewhere("sent another part of the file than asked for".into()),
            }
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Place::Elsewhere("does not continue the part kept from before".into()),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Place::Nowhere(Failure::Passing(format!("answered {status}")))
        }
        _ if status.is_server_error() => Place::Nowhere(Failure::Passing(format!("answered {status}"))),
        _ => Place::Nowhere(Failure::Refused(format!("answered {status}"))),
    }
}

/// `bytes 100-199/200` as (100, 200); the total may be `*`.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

/// Whether an address is on this machine.
fn is_loopback(url: &str) -> bool {
    let uri = url.parse::<Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn judge(error: ureq::Error) -> Failure {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
    match error {
        ureq::Error::HostNotFound => Failure::Unreachable("the host is not found".into()),
        ureq::Error::ConnectionFailed => Failure::Unreachable(error.to_string()),
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Failure::Unreachable("no connection in time".into())
        }
        ureq::Error::Timeout(_) => Failure::Passing("no byte came in time".into()),
        ureq::Error::Io(error) => match error.kind() {
            ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable => {
                Failure::Unreachable(error.to_string())
            }
            // Failures of certificates have no kind of their own.
            _ if error.to_string().contains("certificate") => Failure::Refused(format!(
                "its certificate is not trusted ({error}): where your network has an authority of its own, name its \
                 certificate by $SSL_CERT_FILE"
            )),
            // Nor have the resolver's.
            _ if error.to_string().contains("failed to lookup address") => {
                Failure::Unreachable("the host is not found".into())
            }
            _ => Failure::Passing(error.to_string()),
        },
        ureq::Error::ConnectProxyFailed(why) => judge_proxy(&why),
        ureq::Error::InvalidProxyUrl => Failure::Refused("the proxy's address in the environment is not valid".into()),
        ureq::Error::Protocol(_) => Failure::Passing(error.to_string()),
        other => Failure::Refused(other.to_string()),
    }
}

/// What it means that a proxy made no connection, which it gives as `proxy server responded 403/403`.
fn judge_proxy(why: &str) -> Failure {
    match why.rsplit(['/', ' ']).next().unwrap_or_default() {
        "407" => Failure::Refused(
            "the proxy wants a name and a password, as in HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT".into(),
        ),
        status if status.starts_with('4') => Failure::Refused(format!("the proxy refuses it (status {status})")),
        status if status.starts_with('5') => Failure::Passing(format!("the proxy did not reach it (status {status})")),
        _ => Failure::Passing(format!("the proxy made no connection ({why})")),
    }
}
