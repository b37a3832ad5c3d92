//! From points to a map, in one call.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::affinities::Affinities;
use crate::divergence::divergence;
use crate::error::Error;
use crate::initialisation;
use crate::neighbours::{Metric, Neighbours};
use crate::optimiser::{End, Optimiser, Progress};
use crate::perplexity::Perplexity;
use crate::points::Points;

/// With more points, an exact search takes minutes. In `bench/NOTES.md`, "Maps": "approximate neighbours in the nearest
/// blocks only".
const MAX_EXACT_SEARCH_POINTS: usize = 300_000;

/// The first map.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Initialisation {
    /// The first two principal components of the points.
    #[default]
    PrincipalComponents,
    /// Random coordinates.
    Random,
    /// These coordinates, `[n, 2]`, centred and scaled down.
    Given(Vec<[f32; 2]>),
}

/// The settings of a map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tsne {
    /// Perplexity; default 30, or less where there are too few points for it.
    pub perplexity: Option<Perplexity>,
    /// How distances are measured.
    pub metric: Metric,
    /// How neighbours are found.
    pub search: Search,
    /// The first map.
    pub initialisation: Initialisation,
    /// The descent.
    pub optimiser: Optimiser,
    /// All that is random follows from it.
    pub seed: u64,
}

/// How neighbours are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Search {
    /// Exactly up to 300,000 points, approximately beyond.
    #[default]
    Auto,
    /// Exactly.
    Exact,
    /// Among near points only, which misses a few neighbours: see [`Neighbours::approximate`].
    Approximate,
}

/// What [`Tsne::fit`] is doing.
#[derive(Clone, Copy, Debug)]
pub enum Phase<'a> {
    /// It searches the neighbours of all points.
    Neighbours,
    /// It fits the width of a Gaussian to each point's neighbours.
    Affinities,
    /// It makes the first map.
    Initialisation,
    /// It moves the points of the map.
    Optimisation(Progress<'a>),
    /// It measures the divergence of the last map.
    Divergence,
}

/// Seconds of each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seconds {
    /// Searching neighbours.
    pub neighbours: f64,
    /// Fitting Gaussians and making P of them.
    pub affinities: f64,
    /// Making the first map.
    pub initialisation: f64,
    /// Moving points.
    pub optimisation: f64,
    /// Measuring the last map.
    pub divergence: f64,
}

impl Seconds {
    /// The sum of all phases.
    pub fn total(&self) -> f64 {
        self.neighbours + self.affinities + self.initialisation + self.optimisation + self.divergence
    }
}

/// A finished map.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The coordinates of all points, `[n, 2]`, around zero.
    pub map: Vec<[f32; 2]>,
    /// Σ p ln (p / q) in nats; see [`divergence`].
    pub divergence: f64,
    /// The affinities of the points, which the map shows.
    pub affinities: Affinities,
    /// Iterations done.
    pub iterations: usize,
    /// Why there were no more.
    pub end: End,
    /// How long each phase took.
    pub seconds: Seconds,
}

impl Tsne {
    /// Makes a map of points. The same on any number of threads.
    ///
    /// `report` is called with each phase as it begins, and during the descent every [`Optimiser::report_every`]
    /// iterations. Its answer counts only then: [`ControlFlow::Break`] ends the descent.
    ///
    /// # Errors
    /// When a perplexity is below 1 or too large for so many points, a point is zero which has no cosine, or a setting makes
    /// no sense.
    pub fn fit(
        &self,
        points: &Points<'_>,
        mut report: impl FnMut(Phase<'_>) -> ControlFlow<()>,
    ) -> Result<Fitted, Error> {
        let perplexity = self.perplexity.clone().unwrap_or_else(|| Perplexity::usual(points.len()));
        let count = perplexity.neighbours(points.len())?;
        let mut seconds = Seconds::default();
        let mut clock = Clock(Instant::now());

        // Only the descent can end early.
        let _ = report(Phase::Neighbours);
        let neighbours = self.neighbours(points, count)?;
        clock.lap(&mut seconds.neighbours);

        let _ = report(Phase::Affinities);
        let affinities = Affinities::new(neighbours, &perplexity)?;
        clock.lap(&mut seconds.affinities);

        let _ = report(Phase::Initialisation);
        let first = match &self.initialisation {
            Initialisation::PrincipalComponents => initialisation::principal_components(points, self.seed),
            Initialisation::Random => initialisation::random(points.len(), self.seed),
            Initialisation::Given(coordinates) => initialisation::given(coordinates, points.len())?,
        };
        clock.lap(&mut seconds.initialisation);

        let optimised = self.optimiser.run(&affinities, first, |progress| report(Phase::Optimisation(progress)))?;
        clock.lap(&mut seconds.optimisation);

        let _ = report(Phase::Divergence);
        let divergence = divergence(&affinities, &optimised.map)?;
        clock.lap(&mut seconds.divergence);
        let (map, iterations, end) = (optimised.map, optimised.iterations, optimised.end);
        Ok(Fitted { map, divergence, affinities, iterations, end, seconds })
    }

    fn neighbours(&self, points: &Points<'_>, count: usize) -> Result<Neighbours, Error> {
        match self.search {
            Search::Auto if points.len() > MAX_EXACT_SEARCH_POINTS => {
                Neighbours::approximate(points, count, self.metric)
            }
            Search::Approximate => Neighbours::approximate(points, count, self.metric),
            Search::Auto | Search::Exact => Neighbours::exact(points, count, self.metric),
        }
    }
}

struct Clock(Instant);

impl Clock {
    /// Writes the seconds since the last call.
    fn lap(&mut self, seconds: &mut f64) {
        *seconds = self.0.elapsed().as_secs_f64();
        self.0 = Instant::now();
    }
}
