//! A server, from its options to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};

use crate::access_log::{AccessLog, EventLine};
use crate::body::HeldBytes;
use crate::connections::accept::{Acceptor, bind};
use crate::connections::signals::{Signal, Signals};
use crate::connections::tls::Tls;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::models::{ModelSource, Models, Serving};
use crate::router::router;
use crate::shared::{Answering, Shared};
use crate::token::Token;

/// Threads that may be busy with bodies and pictures beside those that answer.
const BLOCKING_THREADS: usize = 32;
/// Threads that answer: what they do for a request is little.
const MOST_ANSWERING: usize = 2;

/// How to serve.
#[derive(Clone)]
pub struct Options {
    /// Where; port 0 is any that is free.
    pub address: SocketAddr,
    /// What clients have to know, if anything.
    pub token: Option<Token>,
    /// For HTTPS.
    pub tls: Option<Tls>,
    /// Bounds.
    pub limits: Limits,
    /// How long a request may wait for others that are expected.
    pub max_delay: Duration,
    /// What requests have to finish in when the server ends.
    pub grace: Duration,
    /// Whether tensors are looked at in all views of the recipe; else as they are.
    pub tensor_views: bool,
    /// Whether pictures are.
    pub picture_views: bool,
    /// Whether no lines are written about requests.
    pub quiet: bool,
}

impl Default for Options {
    /// On port 8080 of this machine, for itself alone.
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            token: None,
            tls: None,
            limits: Limits::default(),
            max_delay: Duration::from_millis(2),
            grace: Duration::from_secs(10),
            tensor_views: false,
            picture_views: true,
            quiet: false,
        }
    }
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {error}; choose another by --addr")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The system gives no threads or signals.
    #[error("the system does not let a server run: {0}")]
    System(#[from] std::io::Error),
    /// A model cannot be served.
    #[error("{0}")]
    Model(String),
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All that was under way is answered.
    Whole,
    /// The grace was over, or a second signal came.
    Cut,
}

/// A server that listens. Its models are loaded.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    signals: Signals,
    shared: Arc<Shared>,
    tls: Option<Tls>,
    grace: Duration,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// Takes the address and loads the models.
    ///
    /// # Errors
    /// When either cannot be had.
    pub fn new(options: Options, sources: Vec<ModelSource>) -> Result<Self, ServerError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(cores.min(MOST_ANSWERING))
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("http")
            .enable_io()
            .enable_time()
            .build()?;
        let entered = runtime.enter();
        let address = options.address;
        let listener = bind(address).map_err(|error| ServerError::Address { address, error })?;
        let signals = Signals::catch()?;
        drop(entered);
        let metrics = Metrics::new();
        let serving = Serving { waiting: options.limits.waiting, delay: options.max_delay };
        let models = Models::load(sources, serving, &metrics).map_err(ServerError::Model)?;
        let shared = Arc::new(Shared {
            models,
            metrics,
            limits: options.limits,
            options: Answering { serving, tensor_views: options.tensor_views, picture_views: options.picture_views },
            token: options.token,
            log: AccessLog::new(options.quiet),
            held: HeldBytes::default(),
            decoders: Semaphore::new(cores),
            ending: AtomicBool::new(false),
        });
        Ok(Self { runtime, listener, signals, shared, tls: options.tls, grace: options.grace })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> Result<SocketAddr, ServerError> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until a signal ends it.
    pub fn run(self) -> End {
        let Self { runtime, listener, mut signals, shared, tls, grace } = self;
        let (sender, ending) = watch::channel(false);
        let acceptor = Acceptor { shared: Arc::clone(&shared), router: router(&shared), tls, ending };
        let end = runtime.block_on(async {
            let served = tokio::spawn(acceptor.run(listener));
            while signals.next().await == Signal::Reload {
                let shared = Arc::clone(&shared);
                // A model that is compiled keeps a thread busy.
                drop(tokio::task::spawn_blocking(move || reload(&shared)));
            }
            shared.ending.store(true, Ordering::Relaxed);
            event(&shared, "ending: what is under way is finished", None, None);
            let _ = sender.send(true);
            tokio::select! {
                _ = served => End::Whole,
                () = tokio::time::sleep(grace) => End::Cut,
                () = ended_again(&mut signals) => End::Cut,
            }
        });
        // What is cut has no say any more.
        runtime.shutdown_timeout(Duration::ZERO);
        end
    }
}

/// Waits for a second signal to end.
async fn ended_again(signals: &mut Signals) {
    while signals.next().await != Signal::End {}
}

fn reload(shared: &Shared) {
    for (name, outcome) in shared.models.reload(shared.options.serving) {
        match outcome {
            Ok(()) => event(shared, "loaded again", Some(&name), None),
            Err(error) => event(shared, "cannot be loaded again and stays as it was", Some(&name), Some(&error)),
        }
    }
}

fn event(shared: &Shared, text: &str, model: Option<&str>, error: Option<&str>) {
    shared.log.event(&EventLine { text, model, error });
}
