//! Sends one request again and again over many connections, and prints what came of it as JSON.
//!
//! ```text
//! load ADDRESS PATH FILE CONNECTIONS SECONDS RATE [HEADER: VALUE]…
//! ```
//! FILE has the body; `-` is none, and a GET. RATE is requests a second, each sent when it is due however long others take, so
//! that latencies count from there; 0 is one after another on each connection. One thread: it is to take little from the server.

use std::env;
use std::error::Error;
use std::fs;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// What came of the requests of a connection.
#[derive(Default)]
struct Outcome {
    /// Seconds of each that was answered with status 200.
    seconds: Vec<f64>,
    failed: usize,
    /// The head and beginning of an answer that was none.
    example: Option<String>,
}

struct Plan {
    address: String,
    request: Vec<u8>,
    begin: Instant,
    end: Instant,
    /// From one request of a connection to the next.
    interval: Option<Duration>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [address, path, file, connections, seconds, rate, headers @ ..] = words.as_slice() else {
        return Err("load ADDRESS PATH FILE CONNECTIONS SECONDS RATE [HEADER: VALUE]…".into());
    };
    let (connections, seconds, rate): (u32, f64, f64) = (connections.parse()?, seconds.parse()?, rate.parse()?);
    let body = if file == "-" { Vec::new() } else { fs::read(file)? };
    let method = if file == "-" { "GET" } else { "POST" };
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len());
    headers.iter().for_each(|header| request += &format!("{header}\r\n"));
    let request = [request.as_bytes(), b"\r\n", &body].concat();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcomes = runtime.block_on(async {
        // Until all are connected.
        let begin = Instant::now() + Duration::from_millis(200);
        let interval = (rate > 0.0).then(|| Duration::from_secs_f64(f64::from(connections) / rate));
        let end = begin + Duration::from_secs_f64(seconds);
        let plan: &Plan = Box::leak(Box::new(Plan { address: address.clone(), request, begin, end, interval }));
        let all: Vec<_> =
            (0..connections).map(|index| tokio::spawn(send(plan, f64::from(index) / f64::from(connections)))).collect();
        let mut outcomes = Vec::new();
        for one in all {
            outcomes.push(one.await.unwrap_or_default());
        }
        outcomes
    });
    print(outcomes, seconds);
    Ok(())
}

/// Sends requests over one connection, which begins at a share of the interval.
async fn send(plan: &Plan, share: f64) -> Outcome {
    let mut outcome = Outcome::default();
    let mut stream = None;
    let mut due = plan.begin + plan.interval.map_or(Duration::ZERO, |interval| interval.mul_f64(share));
    let mut buffer = vec![0; 64 << 10];
    while due < plan.end {
        if stream.is_none() {
            stream = TcpStream::connect(&plan.address).await.ok();
            stream.iter().for_each(|stream| drop(stream.set_nodelay(true)));
        }
        // A timer is a millisecond late.
        if due > Instant::now() {
            sleep_until(due).await;
        }
        match &mut stream {
            Some(open) => match ask(open, &plan.request, &mut buffer).await {
                Ok(length) if buffer[..length].starts_with(b"HTTP/1.1 200") => {
                    outcome.seconds.push(due.elapsed().as_secs_f64());
                }
                answer => {
                    outcome.failed += 1;
                    let text = answer.map_or_else(
                        |error| error.to_string(),
                        |length| String::from_utf8_lossy(&buffer[..length]).into_owned(),
                    );
                    outcome.example.get_or_insert(text);
                    stream = None;
                }
            },
            None => outcome.failed += 1,
        }
        due = plan.interval.map_or_else(Instant::now, |interval| due + interval);
    }
    outcome
}

/// Sends a request and reads its whole answer; gives how much of the buffer that is.
async fn ask(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> std::io::Result<usize> {
    stream.write_all(request).await?;
    let (mut length, mut whole) = (0, None);
    while whole.is_none_or(|whole| length < whole) {
        if length == buffer.len() {
            buffer.resize(2 * length, 0);
        }
        let read = stream.read(&mut buffer[length..]).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        length += read;
        whole = whole.or_else(|| answer_length(&buffer[..length]));
    }
    Ok(length)
}

/// How long an answer is, when its head is whole.
fn answer_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let line =
        text.lines().find(|line| line.get(..15).is_some_and(|name| name.eq_ignore_ascii_case("content-length:")))?;
    Some(head + line[15..].trim().parse::<usize>().ok()?)
}

fn print(outcomes: Vec<Outcome>, seconds: f64) {
    let failed: usize = outcomes.iter().map(|outcome| outcome.failed).sum();
    let example = outcomes.iter().find_map(|outcome| outcome.example.clone());
    let mut all: Vec<f64> = outcomes.into_iter().flat_map(|outcome| outcome.seconds).collect();
    all.sort_by(f64::total_cmp);
    let at = |share: f64| all.get(((all.len() as f64 - 1.0) * share).round() as usize).copied();
    let document = serde_json::json!({
        "requests": all.len(),
        "failed": failed,
        "example": example,
        "requests_per_second": all.len() as f64 / seconds,
        "p50_seconds": at(0.5),
        "p99_seconds": at(0.99),
        "most_seconds": at(1.0),
    });
    println!("{document}");
}
