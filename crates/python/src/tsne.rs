//! Maps of the rows of an array.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use modiste_tsne::optimiser::Optimiser;
use modiste_tsne::{
    Affinities, Error, Map, Method, Metric, Neighbours, Perplexity, Points, Progress, divergence, initialisation,
};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::value_error;
use crate::interrupt::{Caller, beside_python};
use crate::threads::pool;

const COSINE: &str = "cosine";
const PRECOMPUTED: &str = "precomputed";
/// Beyond three times its perplexity a Gaussian has next to no weight.
const NEIGHBOURS_PER_PERPLEXITY: f64 = 3.0;
/// Beyond so many points an exact search takes minutes, as `modiste_tsne::Search::Auto` has it.
const MAX_EXACT_SEARCH_POINTS: usize = 300_000;

/// What is made of rows.
struct Made {
    map: Vec<[f32; 2]>,
    divergence: f64,
    iterations: usize,
}

/// All that a map is made by, but for the rows: a dict.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    /// `euclidean`, `cosine`, or `precomputed` where rows are distances `[n, n]`.
    metric: String,
    /// One, or several of which the mean is taken.
    perplexity: Vec<f64>,
    /// `pca` or `random`, where the first map is not given.
    init: String,
    /// 2, or 1: then all second coordinates are 0, and there is no force that moves them.
    components: usize,
    seed: u64,
    threads: usize,
    iterations: usize,
    early_iterations: usize,
    early_exaggeration: f64,
    /// The default where it is not given.
    learning_rate: Option<f64>,
    /// `auto`, `exact`, `barnes_hut` or `fft`.
    method: String,
    least_gradient: f64,
    patience: usize,
    report_every: usize,
}

/// A map of rows `[n, dimensions]`, from `first` `[n, 2]` on where it is given: coordinates `[n, 2]`, their divergence, the iterations done, and the last learning rate.
///
/// `report` is called with the name of each phase as it begins, and every so many iterations with their number, whether they
/// exaggerate, the divergence, the gradient's length and the map. Where it gives something true the descent ends.
#[pyfunction]
pub(crate) fn fit_map<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    first: Option<PyReadonlyArray2<'py, f32>>,
    settings: Settings,
    report: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyArray2<f32>>, f64, usize, f64)> {
    let (points, dimensions) = (rows.shape()[0], rows.shape()[1]);
    let values = rows.as_slice()?;
    let first = first.as_ref().map(|first| first.as_slice()).transpose()?.map(|first| first.as_chunks().0);
    let pool = pool(settings.threads)?;
    let optimiser = settings.optimiser()?;
    let (optimiser, settings, report) = (&optimiser, &settings, report.as_ref());
    let made = beside_python(py, |caller| {
        pool.install(|| settings.fit(optimiser, values, dimensions, first, caller, report))
    })?;
    let Made { map, divergence, iterations } = made.map_err(value_error)?;
    Ok((coordinates(py, &map)?, divergence, iterations, optimiser.learning_rate_for(points, optimiser.exaggeration)))
}

/// Where new rows `[m, dimensions]` belong in a map `[n, 2]` of rows `[n, dimensions]`: `[m, 2]`. Rows that are equal to one of
/// the map's are where that is.
#[pyfunction]
pub(crate) fn transform_map<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    map: PyReadonlyArray2<'py, f32>,
    new: PyReadonlyArray2<'py, f32>,
    metric: &str,
    perplexity: f64,
    threads: usize,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let dimensions = rows.shape()[1];
    let (values, new, metric) = (rows.as_slice()?, new.as_slice()?, metric_of(metric));
    let map = map.as_slice()?.as_chunks::<2>().0.to_vec();
    let pool = pool(threads)?;
    let found = beside_python(py, |_| {
        pool.install(|| {
            let map = Map::new(&Points::new(values, dimensions)?, map, metric)?;
            map.transform_unless_known(&Points::new(new, dimensions)?, perplexity)
        })
    })?;
    coordinates(py, &found.map_err(value_error)?)
}

impl Settings {
    fn optimiser(&self) -> PyResult<Optimiser> {
        let &Self { iterations, early_iterations, early_exaggeration, learning_rate, .. } = self;
        let &Self { least_gradient, patience, report_every, .. } = self;
        let method = match self.method.as_str() {
            "auto" => Method::Auto,
            "exact" => Method::Exact,
            "barnes_hut" => Method::BarnesHut,
            "fft" => Method::Fourier,
            method => return Err(PyValueError::new_err(format!("there is no method {method}"))),
        };
        let default = Optimiser::default();
        Ok(Optimiser {
            iterations,
            early_iterations,
            early_exaggeration,
            learning_rate,
            method,
            least_gradient,
            patience,
            report_every,
            ..default
        })
    }

    fn perplexity(&self) -> Perplexity {
        match self.perplexity[..] {
            [one] => Perplexity::Single(one),
            _ => Perplexity::Multiscale(self.perplexity.clone()),
        }
    }

    /// Neighbours of each point that the perplexity needs.
    fn neighbours(&self) -> usize {
        let largest = self.perplexity.iter().copied().fold(1.0, f64::max);
        (NEIGHBOURS_PER_PERPLEXITY * largest) as usize
    }

    /// The parts of `modiste_tsne::Tsne::fit`, but that points may be few and distances given, and that it can be stopped.
    fn fit<'a>(
        &self,
        optimiser: &Optimiser,
        values: &[f32],
        dimensions: usize,
        first: Option<&[[f32; 2]]>,
        caller: &Caller<'_, 'a>,
        report: Option<&'a Py<PyAny>>,
    ) -> Result<Made, Error> {
        let phase = |name: &'static str| {
            if let Some(report) = report {
                caller.call(move |py| report.call1(py, (name,)).map(|_| false));
            }
        };
        phase("neighbours");
        let points = if self.metric == PRECOMPUTED { None } else { Some(Points::new(values, dimensions)?) };
        let (neighbours, n) = match &points {
            Some(points) => (self.search(points, caller.stop())?, points.len()),
            None => (Neighbours::of_distances(values, self.neighbours())?, dimensions),
        };
        phase("affinities");
        let affinities = Affinities::of_few(neighbours, &self.perplexity())?;
        phase("initialisation");
        let mut first = match (first, &points) {
            (Some(first), _) => initialisation::given(first, n)?,
            (None, Some(points)) if self.init == "pca" => initialisation::principal_components(points, self.seed),
            _ => initialisation::random(n, self.seed),
        };
        if self.components == 1 {
            first.iter_mut().for_each(|place| place[1] = 0.0);
        }
        phase("optimisation");
        let optimised = optimiser.run_until(caller.stop(), &affinities, first, |progress| {
            if let Some(report) = report {
                let Progress { iteration, early, divergence, gradient, map } = progress;
                let map = map.to_vec();
                caller.call(move |py| {
                    report.call1(py, (iteration, early, divergence, gradient, coordinates(py, &map)?))?.is_truthy(py)
                });
            }
            ControlFlow::Continue(())
        })?;
        let divergence = divergence(&affinities, &optimised.map)?;
        Ok(Made { map: optimised.map, divergence, iterations: optimised.iterations })
    }

    fn search(&self, points: &Points<'_>, stop: &AtomicBool) -> Result<Neighbours, Error> {
        let metric = metric_of(&self.metric);
        match points.len() {
            ..=MAX_EXACT_SEARCH_POINTS => Neighbours::exact_until(stop, points, self.neighbours(), metric),
            _ => Neighbours::approximate_until(stop, points, self.neighbours(), metric),
        }
    }
}

fn metric_of(name: &str) -> Metric {
    if name == COSINE { Metric::Cosine } else { Metric::Euclidean }
}

fn coordinates<'py>(py: Python<'py>, map: &[[f32; 2]]) -> PyResult<Bound<'py, PyArray2<f32>>> {
    PyArray1::from_slice(py, map.as_flattened()).reshape([map.len(), 2])
}
