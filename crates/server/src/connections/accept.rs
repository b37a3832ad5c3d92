//! Accepts connections and serves each, until the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::descriptors;
use super::timed_stream::{Requests, TimedStream};
use super::tls::Tls;
use crate::problem::Problem;
use crate::shared::Shared;

/// Connections that the system holds until they are accepted.
const BACKLOG: u32 = 1024;
/// Bytes of a head at most, and of what is read ahead.
const BUFFER: usize = 64 << 10;
/// Clients at a time that are told that there are too many.
const REFUSED: usize = 64;
/// After the system refuses a connection, for want of memory or descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Takes an address.
pub(crate) fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What serves connections.
pub(crate) struct Acceptor {
    pub(crate) shared: Arc<Shared>,
    pub(crate) router: Router,
    pub(crate) tls: Option<Tls>,
    /// Becomes true when no new request is begun.
    pub(crate) ending: watch::Receiver<bool>,
}

/// The connections that there may be.
struct Places {
    served: Arc<Semaphore>,
    refused: Arc<Semaphore>,
}

impl Acceptor {
    /// Accepts connections until the end, and returns when all are done.
    pub(crate) async fn run(mut self, listener: TcpListener) {
        let most = descriptors::connections(self.shared.limits.connections);
        let places = Places { served: Arc::new(Semaphore::new(most)), refused: Arc::new(Semaphore::new(REFUSED)) };
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.ending.wait_for(|&is_ending| is_ending) => break,
            };
            match accepted {
                Ok((stream, _)) => self.place(stream, &places),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
        drop(listener);
        // All places free: nobody is served any more.
        let all = u32::try_from(most).unwrap_or(u32::MAX);
        let _ = places.served.acquire_many(all).await;
    }

    /// Serves a connection if there is a place for it, and says so if there is none.
    fn place(&self, stream: TcpStream, places: &Places) {
        // Answers are small, and nobody waits for more.
        let _ = stream.set_nodelay(true);
        let service = match Arc::clone(&places.served).try_acquire_owned() {
            Ok(place) => Answers { router: Some(TowerToHyperService::new(self.router.clone())), place },
            Err(_) => match Arc::clone(&places.refused).try_acquire_owned() {
                Ok(place) => Answers { router: None, place },
                Err(_) => return,
            },
        };
        let (shared, ending) = (Arc::clone(&self.shared), self.ending.clone());
        match self.tls.clone() {
            None => drop(tokio::spawn(serve(stream, shared, service, ending))),
            Some(Tls(tls)) => drop(tokio::spawn(async move {
                let greeted = tokio::time::timeout(shared.limits.header_time, tls.accept(stream)).await;
                // Who does not speak TLS cannot be told anything.
                if let Ok(Ok(stream)) = greeted {
                    serve(stream, shared, service, ending).await;
                }
            })),
        }
    }
}

/// What answers the requests of a connection, and its place among others.
struct Answers {
    /// None where there are too many connections.
    router: Option<TowerToHyperService<Router>>,
    place: OwnedSemaphorePermit,
}

/// Serves a connection until it ends.
async fn serve<S>(stream: S, shared: Arc<Shared>, answers: Answers, mut ending: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Answers { router, place } = answers;
    let requests = Arc::new(Requests::default());
    let stream = TokioIo::new(TimedStream::new(stream, shared.limits, Arc::clone(&requests)));
    shared.metrics.connections.inc();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(BUFFER).keep_alive(router.is_some());
    let connection = builder.serve_connection(stream, ConnectionService { router, requests });
    tokio::pin!(connection);
    tokio::select! {
        // What is wrong with a connection is the client's affair, or the network's.
        _ = connection.as_mut() => {}
        () = async { drop(ending.wait_for(|&is_ending| is_ending).await) } => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    shared.metrics.connections.dec();
    drop(place);
}

struct ConnectionService {
    router: Option<TowerToHyperService<Router>>,
    requests: Arc<Requests>,
}

impl Service<hyper::Request<Incoming>> for ConnectionService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        self.requests.advance();
        let answer = self.router.as_ref().map(|router| router.call(request));
        let requests = Arc::clone(&self.requests);
        Box::pin(async move {
            let answer = match answer {
                Some(answer) => answer.await,
                None => Ok(Problem::unavailable("there are too many connections: try again").into_response()),
            };
            requests.advance();
            answer
        })
    }
}
