//! `bench tsne`: how long a map takes, and how good it is.

use std::path::Path;

use anyhow::{Context, Result, bail};
use modiste_files::atomic;
use modiste_report::numbers::grouped;
use modiste_sources::{Matrix, read_map, write_npy};
use modiste_tsne::{Affinities, Metric, Neighbours, Perplexity, divergence, quality};
use serde::Serialize;

use super::milliseconds_or_seconds;
use crate::cli::{BenchTsneArgs, Distance};
use crate::commands::embed::points::Points;
use crate::commands::embed::tsne::{self, Phases};
use crate::commands::setup::{device, threads};
use crate::output;
use crate::output::embedding_display::EmbeddingDisplay;
use crate::system::memory;

/// Neighbours of each point that are looked for on the map.
const RECALLED: usize = 10;

/// `--json`
#[derive(Serialize)]
struct Timing {
    data: String,
    samples: usize,
    dimensions: usize,
    perplexity: Vec<f64>,
    /// What is of the map's making is unknown of a map from elsewhere.
    #[serde(flatten)]
    made: Option<Made>,
    kl_divergence: f64,
    /// Of five neighbours.
    trustworthiness: Option<f64>,
    /// Share of each point's ten neighbours that are among its ten nearest on the map.
    neighbour_recall: f64,
    /// Share of points whose nearest neighbour on the map has the same label.
    label_accuracy: Option<f64>,
    device: &'static str,
    isa: &'static str,
    threads: usize,
    /// Of making the map; that of judging comes on top.
    peak_memory_bytes: Option<u64>,
}

/// How a map was made.
#[derive(Serialize)]
struct Made {
    /// From points in memory to the map and its divergence.
    seconds: f64,
    phases: Phases,
    /// Steps done.
    iterations: usize,
    method: String,
    seed: u64,
}

/// Makes a map, or takes one, and judges it.
pub fn run(arguments: &BenchTsneArgs) -> Result<()> {
    device(&arguments.compute)?;
    let threads = threads(&arguments.compute);
    let pool = tsne::pool(threads)?;
    if let Some(out) = &arguments.out {
        check_out(out)?;
    }
    let (labels, seed) = (arguments.labels.as_deref(), arguments.tsne.seed);
    let mut points = Points::load(&arguments.points, labels, Distance::Euclidean, seed, arguments.output.quiet)?;
    let subject = tsne::subject(&points);
    // Nobody looks at them here, and the peak of memory is to be that of a map.
    points.images = None;
    let timing = pool.install(|| timing(arguments, &points, threads))?;
    if arguments.output.json {
        output::print_json(&timing)
    } else {
        output::print(&text(&timing, &subject, arguments.output.quiet))
    }
}

/// Refuses, before a map is made, what it could not be kept in.
fn check_out(out: &Path) -> Result<()> {
    if !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy")) {
        bail!("--out {} does not end in .npy, which is what the map is", out.display());
    }
    if out.is_dir() {
        bail!("--out {} is a directory: give a file", out.display());
    }
    let directory = out.parent().filter(|directory| !directory.as_os_str().is_empty());
    if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
        bail!("--out {}: there is no directory {}", out.display(), directory.display());
    }
    Ok(())
}

fn timing(arguments: &BenchTsneArgs, points: &Points, threads: usize) -> Result<Timing> {
    let matrix = points.of_library()?;
    let perplexity = tsne::perplexity(&arguments.tsne, points)?;
    let judged = match &arguments.map {
        None => Judged::make(arguments, points, &perplexity)?,
        Some(path) => Judged::read(path, points, &perplexity)?,
    };
    let peak_memory_bytes = memory::peak_bytes();
    let Judged { map, kl_divergence, made } = judged;
    let neighbours = Neighbours::exact(&matrix, RECALLED, Metric::Euclidean)?;
    if let Some(out) = &arguments.out {
        atomic::write(out, |file| write_npy(file, 2, map.as_flattened()))?;
    }
    Ok(Timing {
        data: points.data.clone(),
        samples: matrix.len(),
        dimensions: matrix.dimensions(),
        perplexity: perplexity.values().to_vec(),
        made,
        kl_divergence,
        trustworthiness: tsne::trustworthiness(&matrix, &map, Metric::Euclidean)?,
        neighbour_recall: quality::neighbour_recall(&neighbours, &map)?,
        label_accuracy: points.labels.as_ref().map(|labels| quality::label_accuracy(&map, labels)).transpose()?,
        device: "cpu",
        isa: modiste_tsne::instruction_set(),
        threads,
        peak_memory_bytes,
    })
}

/// A map, and what is known of its making.
struct Judged {
    map: Vec<[f32; 2]>,
    kl_divergence: f64,
    made: Option<Made>,
}

impl Judged {
    fn make(arguments: &BenchTsneArgs, points: &Points, perplexity: &Perplexity) -> Result<Self> {
        let settings = tsne::settings(&arguments.tsne, perplexity);
        let method_note = tsne::method_note(settings.optimiser.method, points.matrix.rows);
        if let Some(note) = method_note.filter(|_| !arguments.output.quiet) {
            output::note(&note);
        }
        let mut display = EmbeddingDisplay::new(arguments.output, arguments.tsne.iterations);
        let fitted = tsne::fit(&settings, points, &mut display)?;
        let made = Made {
            seconds: fitted.seconds.total(),
            phases: fitted.seconds.into(),
            iterations: fitted.iterations,
            method: settings.optimiser.method.for_points(points.matrix.rows).to_string(),
            seed: settings.seed,
        };
        Ok(Self { map: fitted.map, kl_divergence: fitted.divergence, made: Some(made) })
    }

    /// Whoever made it, it is held against the same affinities, which come of the points alone.
    fn read(path: &Path, points: &Points, perplexity: &Perplexity) -> Result<Self> {
        let Matrix { rows, columns, values } = read_map(path)?;
        let (2, (map, [])) = (columns, values.as_chunks()) else {
            bail!("{} has {rows} rows of {columns} numbers: give a map, with two in each", path.display());
        };
        let affinities = Affinities::of_points(&points.of_library()?, perplexity, Metric::Euclidean)
            .with_context(|| points.data.clone())?;
        let kl_divergence = divergence(&affinities, map).with_context(|| path.display().to_string())?;
        Ok(Self { map: map.to_vec(), kl_divergence, made: None })
    }
}

fn text(timing: &Timing, subject: &str, quiet: bool) -> String {
    let judged = tsne::judgement_text(&[
        ("KL divergence", Some(timing.kl_divergence)),
        ("trustworthiness", timing.trustworthiness),
        ("neighbour recall", Some(timing.neighbour_recall)),
        ("1-NN label accuracy", timing.label_accuracy),
    ]);
    let Timing { dimensions, device, isa, threads, .. } = timing;
    let (dimensions, perplexity) = (grouped(*dimensions as u64), tsne::perplexity_text(&timing.perplexity));
    let subject = format!(
        "t-SNE of {subject}, {dimensions} dimensions, perplexity {perplexity}; {device} {isa}, {}",
        output::count(*threads, "thread")
    );
    let Some(Made { seconds, phases, iterations, method, .. }) = &timing.made else {
        return if quiet { judged } else { format!("{subject}\n{judged}") };
    };
    let result = format!("map in {}: {judged}", milliseconds_or_seconds(*seconds));
    if quiet {
        return result;
    }
    let parts = [
        ("neighbours", phases.neighbours),
        ("affinities", phases.affinities),
        ("first map", phases.initialisation),
        ("optimisation", phases.optimisation),
        ("divergence", phases.divergence),
    ];
    let parts = parts.map(|(name, seconds)| format!("{name} {}", milliseconds_or_seconds(seconds))).join(", ");
    let iterations = grouped(*iterations as u64);
    let mut lines = vec![subject, result, format!("{parts}; {iterations} iterations, {method}")];
    lines.extend(timing.peak_memory_bytes.map(|peak| format!("peak memory: {}", output::megabytes(peak))));
    lines.join("\n")
}
