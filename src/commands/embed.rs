//! `embed`: makes a map of many points by t-SNE, and draws it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use modiste_data::write_npy;
use modiste_report::map::{self, Map, MapImages};
use modiste_report::numbers::grouped;
use modiste_tsne::{Initialisation, Metric, Perplexity, Tsne, quality};
use serde::Serialize;

use super::embedding::{self, Phases};
use super::points::Points;
use super::trained::Trained;
use super::{Outcome, device, file_name, threads};
use crate::cli::{Distance, EmbedArgs, FirstMap, Space};
use crate::duration::span;
use crate::embedding_display::EmbeddingDisplay;
use crate::interrupt::Interrupt;
use crate::map_directory::{self, MapDirectory};
use crate::{memory, output};

/// Where maps are kept that are not told where.
const MAPS: &str = "maps";
const FILES: [&str; 4] = ["map.png", "map.html", "map.csv", "map.npy"];

/// `--json`
#[derive(Serialize)]
struct Document {
    /// The data set, or the file of `--input`.
    data: String,
    /// `pixels`, or the run or model; none for rows of a file.
    space: Option<String>,
    samples: usize,
    dimensions: usize,
    perplexity: Vec<f64>,
    metric: Distance,
    initialisation: FirstMap,
    method: String,
    /// Steps done.
    iterations: usize,
    seed: u64,
    threads: usize,
    device: &'static str,
    isa: &'static str,
    /// From points in memory to the map and its divergence.
    seconds: f64,
    phases: Phases,
    kl_divergence: f64,
    /// Of five neighbours.
    trustworthiness: Option<f64>,
    /// Share of points whose nearest neighbour on the map has the same label.
    label_accuracy: Option<f64>,
    /// Share of points that the network takes for another class.
    mistakes: Option<f64>,
    out: PathBuf,
    files: [&'static str; 4],
    /// Since the process began.
    wall_seconds: f64,
    peak_memory_bytes: Option<u64>,
}

/// Makes a map. `started` is when the process began.
pub fn run(arguments: &EmbedArgs, started: Instant) -> Result<Outcome> {
    let interrupt = Interrupt::catch()?;
    let device = device(&arguments.compute)?;
    let threads = threads(&arguments.compute);
    let pool = embedding::pool(threads)?;
    if let Some(out) = &arguments.out {
        map_directory::check_free(out)?;
    }
    let (options, seed, quiet) = (&arguments.points, arguments.tsne.seed, arguments.output.quiet);
    let (points, seen_by) = match &arguments.space {
        Space::Pixels => (Points::load(options, None, seed, quiet)?, None),
        Space::Run(path) if !path.exists() => {
            bail!("there is no run or model {}: give a run directory, a model file or 'pixels'", path.display())
        }
        Space::Run(path) => {
            let trained = Trained::find(Some(path))?;
            (Points::of_network(&trained, &device, options, seed, quiet)?, Some(trained.model.card.recipe.name))
        }
    };

    let perplexity = pool.install(|| embedding::perplexity(&arguments.tsne, &points))?;

    interrupt.wait_for_a_good_end();
    let directory = match &arguments.out {
        Some(out) => MapDirectory::create(out)?,
        None => MapDirectory::create_numbered(Path::new(MAPS), &name(arguments, &points))?,
    };
    let job = Job { arguments, points, seen_by, perplexity, directory, threads, stop: interrupt.asked() };
    match pool.install(|| job.run(started))? {
        Some(document) => {
            tell(&document, arguments)?;
            Ok(Outcome::Done)
        }
        None => {
            output::note("interrupted; nothing of the map is kept");
            Ok(Outcome::Interrupted)
        }
    }
}

/// What the map's directory is called.
fn name(arguments: &EmbedArgs, points: &Points) -> String {
    match &arguments.points.input {
        Some(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        None => file_name(&points.data),
    }
}

/// A map about to be made.
struct Job<'a> {
    arguments: &'a EmbedArgs,
    points: Points,
    /// The recipe of the network that made the points.
    seen_by: Option<String>,
    perplexity: Perplexity,
    directory: MapDirectory,
    threads: usize,
    /// Becomes true when it is to end early.
    stop: &'a AtomicBool,
}

impl Job<'_> {
    /// Makes the map, judges and draws it; `None` if it was to end early.
    fn run(self, started: Instant) -> Result<Option<Document>> {
        let Self { arguments, mut points, seen_by, perplexity, mut directory, threads, stop } = self;
        let (samples, dimensions) = (points.matrix.rows, points.matrix.columns);
        let tsne = settings(arguments, &perplexity);
        let perplexity = perplexity.values().to_vec();
        let method = tsne.optimiser.method.for_points(samples).to_string();
        let seen_by = seen_by.map_or_else(String::new, |recipe| format!(" as {recipe} sees them"));
        let title = format!("t-SNE of {}{seen_by}", embedding::subject(&points));
        announce(arguments, &title, dimensions, &perplexity, threads)?;

        let mut display = EmbeddingDisplay::new(arguments.output, arguments.tsne.iterations);
        let fitted = embedding::fit(&tsne, &points, &mut display, stop)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let (map, kl_divergence, iterations) = (fitted.map, fitted.divergence, fitted.iterations);
        let seconds = fitted.seconds;
        drop(fitted.affinities);

        display.busy("judging the map");
        let trustworthiness = embedding::trustworthiness(&points.of_library()?, &map, tsne.metric)?;
        // Drawing takes memory too.
        points.matrix.values = Vec::new();
        let labels = points.labels.as_deref();
        let label_accuracy = labels.map(|labels| quality::label_accuracy(&map, labels)).transpose()?;
        let mistakes = labels.zip(points.predicted.as_deref()).map(|(labels, predicted)| {
            let wrong = labels.iter().zip(predicted).filter(|(label, predicted)| label != predicted).count();
            wrong as f64 / samples as f64
        });

        display.busy("drawing the map");
        let subtitle = format!(
            "{method}, perplexity {}, {} iterations, {}, KL divergence {kl_divergence:.3}",
            embedding::perplexity_text(&perplexity),
            grouped(iterations as u64),
            span(Duration::from_secs_f64(seconds.total())),
        );
        let pixels = points.pixels();
        let images = points.images.as_ref().zip(pixels.as_deref());
        let drawn = Map {
            title: &title,
            subtitle: &subtitle,
            coordinates: &map,
            indices: &points.indices,
            labels,
            predicted: points.predicted.as_deref(),
            class_names: points.images.as_ref().map_or(&[], |data| &data.class_names),
            images: images.map(|(data, pixels)| MapImages { shape: data.train.shape(), pixels }),
        };
        for file in FILES {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            write(&mut directory, file, &drawn)?;
        }
        drop(display);

        let isa = modiste_tsne::instruction_set();
        Ok(Some(Document {
            data: points.data.clone(),
            space: arguments.points.input.is_none().then(|| arguments.space.to_string()),
            samples,
            dimensions,
            perplexity,
            metric: arguments.metric,
            initialisation: arguments.initialisation,
            method,
            iterations,
            seed: arguments.tsne.seed,
            threads,
            device: "cpu",
            isa,
            seconds: seconds.total(),
            phases: seconds.into(),
            kl_divergence,
            trustworthiness,
            label_accuracy,
            mistakes,
            out: directory.keep(),
            files: FILES,
            wall_seconds: started.elapsed().as_secs_f64(),
            peak_memory_bytes: memory::peak_bytes(),
        }))
    }
}

fn settings(arguments: &EmbedArgs, perplexity: &Perplexity) -> Tsne {
    let metric = match arguments.metric {
        Distance::Euclidean => Metric::Euclidean,
        Distance::Cosine => Metric::Cosine,
    };
    let initialisation = match arguments.initialisation {
        FirstMap::Pca => Initialisation::PrincipalComponents,
        FirstMap::Random => Initialisation::Random,
    };
    Tsne { metric, initialisation, ..embedding::settings(&arguments.tsne, perplexity) }
}

/// What people read before the map is there.
fn announce(arguments: &EmbedArgs, title: &str, dimensions: usize, perplexity: &[f64], threads: usize) -> Result<()> {
    if arguments.output.quiet {
        return Ok(());
    }
    let usual = Perplexity::usual(usize::MAX);
    if arguments.tsne.perplexity.is_empty() && usual.values() != perplexity {
        let [perplexity, usual] = [perplexity, usual.values()].map(embedding::perplexity_text);
        output::note(&format!("these are few points for a map: perplexity {perplexity} instead of {usual}"));
    }
    if arguments.output.json {
        return Ok(());
    }
    let plural = if threads == 1 { "" } else { "s" };
    let (dimensions, isa) = (grouped(dimensions as u64), modiste_tsne::instruction_set());
    output::print(&format!("{title}: {dimensions} dimensions; cpu {isa}, {threads} thread{plural}"))
}

fn write(directory: &mut MapDirectory, file: &str, map: &Map<'_>) -> Result<()> {
    match file {
        "map.png" => {
            let png = map::picture::draw(map).to_png()?;
            directory.write(file, |out| out.write_all(&png))
        }
        "map.html" => directory.write(file, |out| map::page::write(map, out)),
        "map.csv" => directory.write(file, |out| map::table::write(map, out)),
        _ => directory.write(file, |out| write_npy(out, 2, map.coordinates.as_flattened())),
    }
}

/// The result, and where it is.
fn tell(document: &Document, arguments: &EmbedArgs) -> Result<()> {
    if arguments.output.json {
        return output::print_json(document);
    }
    let seconds = |seconds| span(Duration::from_secs_f64(seconds));
    output::print(&format!(
        "map in {}: {}",
        seconds(document.seconds),
        embedding::judgement_text(&[
            ("KL divergence", Some(document.kl_divergence)),
            ("trustworthiness", document.trustworthiness),
            ("1-NN label accuracy", document.label_accuracy),
            ("mistakes", document.mistakes),
        ])
    ))?;
    if !arguments.output.quiet {
        let memory =
            document.peak_memory_bytes.map_or_else(String::new, |bytes| format!(", {:.0} MB", bytes as f64 / 1e6));
        let [others @ .., last] = document.files;
        output::print(&format!(
            "kept in {}: {} and {last}; {}{memory} in all",
            document.out.display(),
            others.join(", "),
            seconds(document.wall_seconds)
        ))?;
    }
    Ok(())
}
