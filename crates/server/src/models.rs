//! The models of a server, by name.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use modiste_inference::{Predictor, Scores};
use modiste_network::ModelCard;
use tokio::sync::oneshot;

use crate::batching::job::{Done, Job, Outcome, Work};
use crate::batching::queue::{Queue, Refused};
use crate::batching::worker::Worker;
use crate::metrics::Metrics;
use crate::pictures::examples::{Examples, Found};
use crate::problem::Problem;
use crate::statistics::Statistics;

/// The one version that each model has.
pub(crate) const VERSION: &str = "1";

/// Reads a model and compiles it, at the beginning and whenever models are loaded again.
pub type Loader = Box<dyn Fn() -> Result<Predictor, String> + Send + Sync>;

/// A model to serve.
pub struct ModelSource {
    /// What clients call it: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Where it comes from.
    pub load: Loader,
    /// Pictures to try it with.
    pub examples: Examples,
}

/// A name of a model that clients could not use.
#[derive(Debug, thiserror::Error)]
enum NameError {
    /// It has other characters.
    #[error("{0} is no name of a model: use letters, digits, '.', '_' and '-'")]
    Characters(String),
    /// It means something else in addresses.
    #[error("a model cannot be called {0}, which is an address of the server: name it otherwise by --name")]
    Taken(String),
    /// Two have it.
    #[error("two models are called {0}: name each by --name")]
    Twice(String),
}

/// All models; the first is the one that is meant where none is named.
pub(crate) struct Models {
    slots: BTreeMap<Arc<str>, Slot>,
    first: Arc<str>,
}

struct Slot {
    load: Loader,
    lasting: Lasting,
    current: RwLock<Arc<Served>>,
}

/// What stays when a model is loaded again.
#[derive(Clone)]
struct Lasting {
    name: Arc<str>,
    statistics: Arc<Statistics>,
    examples: Arc<Found>,
}

/// A model and its thread. When nobody has it any more, the thread ends.
pub(crate) struct Served {
    pub(crate) name: Arc<str>,
    pub(crate) card: ModelCard,
    /// Most images of a batch.
    pub(crate) batch: usize,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) examples: Arc<Found>,
    queue: Arc<Queue>,
    thread: JoinHandle<()>,
}

/// How models work, whichever they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Serving {
    pub(crate) waiting: usize,
    pub(crate) delay: Duration,
}

impl Models {
    /// Loads all.
    pub(crate) fn load(sources: Vec<ModelSource>, serving: Serving, metrics: &Metrics) -> Result<Self, String> {
        let first = sources.first().map(|source| Arc::from(source.name.as_str())).unwrap_or_default();
        let mut slots = BTreeMap::new();
        for ModelSource { name, load, examples } in sources {
            check_name(&name).map_err(|error| error.to_string())?;
            let name: Arc<str> = name.into();
            let statistics = Arc::new(Statistics::new(metrics.of_model(&name)));
            let lasting = Lasting { name: Arc::clone(&name), statistics, examples: Arc::new(Found::new(examples)) };
            let current = RwLock::new(Arc::new(Served::start(&lasting, &load, serving)?));
            let slot = Slot { load, lasting, current };
            if slots.insert(Arc::clone(&name), slot).is_some() {
                return Err(NameError::Twice(name.to_string()).to_string());
            }
        }
        Ok(Self { slots, first })
    }

    /// Loads all again. Where that fails the model stays as it is; what is under way is finished by the old one. Says of each
    /// what came of it.
    pub(crate) fn reload(&self, serving: Serving) -> Vec<(Arc<str>, Result<(), String>)> {
        let again = |(name, slot): (&Arc<str>, &Slot)| {
            let outcome = Served::start(&slot.lasting, &slot.load, serving).map(|served| {
                *slot.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
            });
            (Arc::clone(name), outcome)
        };
        self.slots.iter().map(again).collect()
    }

    /// The model of this name.
    pub(crate) fn find(&self, name: &str) -> Result<Arc<Served>, Problem> {
        match self.slots.get(name) {
            Some(slot) => Ok(slot.current()),
            None => {
                Err(Problem::not_found(format!("there is no model {name}: GET /v2/models lists those that are served")))
            }
        }
    }

    /// The one that is meant where none is named.
    pub(crate) fn first(&self) -> Result<Arc<Served>, Problem> {
        self.find(&self.first)
    }

    /// All, by name.
    pub(crate) fn each(&self) -> impl Iterator<Item = Arc<Served>> {
        self.slots.values().map(Slot::current)
    }
}

impl Slot {
    fn current(&self) -> Arc<Served> {
        // What is replaced at once is never half replaced.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn check_name(name: &str) -> Result<(), NameError> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    if name.is_empty() || !name.chars().all(plain) || name.starts_with('.') {
        return Err(NameError::Characters(name.to_owned()));
    }
    if name == "stats" { Err(NameError::Taken(name.to_owned())) } else { Ok(()) }
}

impl Served {
    fn start(lasting: &Lasting, load: &Loader, serving: Serving) -> Result<Self, String> {
        let Lasting { name, statistics, examples } = lasting.clone();
        let predictor = load()?;
        let (card, batch) = (predictor.card().clone(), predictor.batch());
        let queue = Arc::new(Queue::new(serving.waiting));
        let (queue_of_thread, statistics_of_thread) = (Arc::clone(&queue), Arc::clone(&statistics));
        let worker =
            Worker { predictor, queue: queue_of_thread, statistics: statistics_of_thread, delay: serving.delay };
        // Whatever ends the thread, nobody waits for it in vain.
        let ends = Closes(Arc::clone(&queue));
        let work = move || {
            let _ends = ends;
            worker.run();
        };
        let thread = thread::Builder::new().name(format!("model-{name}")).spawn(work);
        let thread = thread.map_err(|error| format!("the system gives no thread for {name}: {error}"))?;
        Ok(Self { name, card, batch, statistics, examples, queue, thread })
    }

    /// Has the network look at images, when it is their turn.
    pub(crate) async fn ask(&self, work: Work) -> Result<Done, Problem> {
        let (asker, answer) = oneshot::channel();
        match self.queue.push(Job { work, arrived: Instant::now(), asker }) {
            Ok(()) => {}
            Err(Refused::Full(images)) => {
                let text = format!("{images} images wait for {} already: ask again, or less often", self.name);
                return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, text));
            }
            Err(Refused::Closed) => {
                return Err(Problem::unavailable(format!("{} is not served at the moment: ask again", self.name)));
            }
        }
        answer.await.unwrap_or_else(|_| {
            let text = format!("{} could not compute this: send it again", self.name);
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text))
        })
    }

    /// Scores of images.
    pub(crate) async fn scores(&self, work: Work) -> Result<(Scores, Duration), Problem> {
        match self.ask(work).await? {
            Done { outcome: Outcome::Scores(scores), waited } => Ok((scores, waited)),
            // The worker answers each kind of work with its own.
            Done { .. } => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer is of another kind")),
        }
    }

    /// How many images wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.images()
    }

    /// Whether its thread is at work.
    pub(crate) fn is_ready(&self) -> bool {
        !self.thread.is_finished()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The thread finishes what waits, by itself: nobody who drops this has to wait for that.
        self.queue.close();
    }
}

/// Closes a queue, whatever happens.
struct Closes(Arc<Queue>);

impl Drop for Closes {
    fn drop(&mut self) {
        self.0.close();
        // Who still waits here would wait for ever.
        while self.0.next(usize::MAX, |_| 0, Duration::ZERO).is_some() {}
    }
}
