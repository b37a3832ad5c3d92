//! What the commands that make maps share: how a map is made, and how good it is.

use std::ops::ControlFlow;

use anyhow::{Context, Result};
use modiste_report::numbers::grouped;
use modiste_tsne::{Error, Fitted, Method, Metric, Optimiser, Perplexity, Seconds, Tsne, quality};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Serialize;

use super::points::Points;
use crate::cli::{GradientMethod, TsneOptions};
use crate::commands::setup::ensure_free;
use crate::output::embedding_display::EmbeddingDisplay;

/// Neighbours by which maps are judged: as scikit-learn does by default.
const TRUSTED: usize = 5;
/// Memory for each neighbour of each point, at most: its number and distance or p, as these are found, kept and turned round.
const BYTES_OF_A_NEIGHBOUR: u64 = 32;
/// Steps of early exaggeration, of a short run no more than a third.
const EARLY: usize = 250;

/// Threads for the library.
pub fn pool(threads: usize) -> Result<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .with_context(|| format!("the system gives no {threads} threads: take fewer by --threads"))
}

/// The perplexity of `--perplexity`, or the usual one for so many points, if these points can have it. Where that is too much
/// only because equal points count once, it is the largest that the different ones can have.
pub fn perplexity(options: &TsneOptions, points: &Points) -> Result<Perplexity> {
    let count = points.of_library()?.len();
    let perplexity = match options.perplexity[..] {
        [] => Perplexity::usual(count),
        [perplexity] => Perplexity::Single(perplexity),
        _ => Perplexity::Multiscale(options.perplexity.clone()),
    };
    let of_all = perplexity.neighbours(points.matrix.rows).with_context(|| points.data.clone())?;
    if points.distinct.is_some() && of_all >= count {
        return Ok(Perplexity::usual(count));
    }
    let neighbours = perplexity.neighbours(count).with_context(|| points.data.clone())?;
    let needed = (count as u64).saturating_mul(neighbours as u64).saturating_mul(BYTES_OF_A_NEIGHBOUR);
    let what = format!("{} neighbours of each of {} points need", grouped(neighbours as u64), grouped(count as u64));
    ensure_free(needed, &what, "give a smaller --perplexity or fewer --samples")?;
    Ok(perplexity)
}

/// What was asked for, with this perplexity.
pub fn settings(options: &TsneOptions, perplexity: &Perplexity) -> Tsne {
    let method = match options.method {
        GradientMethod::Auto => Method::Auto,
        GradientMethod::Exact => Method::Exact,
        GradientMethod::BarnesHut => Method::BarnesHut,
        GradientMethod::Fourier => Method::Fourier,
    };
    let iterations = options.iterations as usize;
    let early_iterations = EARLY.min(iterations / 3);
    let optimiser = Optimiser { iterations, early_iterations, method, ..Optimiser::default() };
    Tsne { perplexity: Some(perplexity.clone()), optimiser, seed: options.seed, ..Tsne::default() }
}

/// What is said where points are too few for the method that was asked for.
pub fn method_note(asked: Method, count: usize) -> Option<String> {
    let used = asked.for_points(count);
    (asked != Method::Auto && used != asked)
        .then(|| format!("{count} points are too few for --method {asked}: their forces are computed by '{used}'"))
}

/// Makes a map and shows how it goes.
pub fn fit(tsne: &Tsne, points: &Points, display: &mut EmbeddingDisplay) -> Result<Fitted> {
    let fitted = tsne.fit(&points.of_library()?, |phase| {
        display.phase(&phase);
        ControlFlow::Continue(())
    });
    let named = |error| match (error, &points.distinct) {
        (Error::NoDirection { point }, Some(distinct)) => Error::NoDirection { point: distinct.first(point) },
        (error, _) => error,
    };
    fitted.map_err(named).with_context(|| points.data.clone())
}

/// Seconds of each phase, for programs.
#[derive(Serialize)]
pub struct Phases {
    pub neighbours: f64,
    pub affinities: f64,
    pub initialisation: f64,
    pub optimisation: f64,
    pub divergence: f64,
}

impl From<Seconds> for Phases {
    fn from(seconds: Seconds) -> Self {
        let Seconds { neighbours, affinities, initialisation, optimisation, divergence } = seconds;
        Self { neighbours, affinities, initialisation, optimisation, divergence }
    }
}

/// How far neighbours in a map can be trusted; unknown of too few points.
pub fn trustworthiness(points: &modiste_tsne::Points<'_>, map: &[[f32; 2]], metric: Metric) -> Result<Option<f64>> {
    let enough = points.len() > 2 * TRUSTED;
    Ok(if enough { Some(quality::trustworthiness(points, map, TRUSTED, metric)?) } else { None })
}

/// `30`, or `10 and 100`.
pub fn perplexity_text(perplexity: &[f64]) -> String {
    let texts: Vec<String> = perplexity.iter().map(|value| ((value * 10.0).round() / 10.0).to_string()).collect();
    match texts.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => texts.concat(),
    }
}

/// `1,000 images of fashion-mnist`, or `300 rows of vectors.npy`.
pub fn subject(points: &Points) -> String {
    format!("{} {} of {}", grouped(points.matrix.rows as u64), what(points), points.data)
}

/// What each point is, if there are several.
pub fn what(points: &Points) -> &'static str {
    if points.images.is_some() { "images" } else { "rows" }
}

/// Numbers by which a map is judged, as far as they are known.
pub fn judgement_text(parts: &[(&str, Option<f64>)]) -> String {
    let known = parts.iter().filter_map(|&(name, value)| Some(format!("{name} {:.4}", value?)));
    known.collect::<Vec<_>>().join(", ")
}
