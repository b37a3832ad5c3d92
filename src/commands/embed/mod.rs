//! `embed`: makes a map of many points by t-SNE, and draws it.

mod map_directory;
pub mod points;
pub mod tsne;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use modiste_data::write_npy;
use modiste_report::map::{self, Map, MapImages};
use modiste_report::numbers::grouped;
use modiste_tsne::{Initialisation, Metric, Perplexity, Seconds, Tsne, quality};
use serde::Serialize;

use self::map_directory::MapDirectory;
use self::points::Points;
use self::tsne::Phases;
use super::setup::{Outcome, device, file_name, threads};
use super::trained::Trained;
use crate::cli::{Distance, EmbedArgs, FirstMap, Space};
use crate::output;
use crate::output::duration::span;
use crate::output::embedding_display::EmbeddingDisplay;
use crate::output::{count, megabytes};
use crate::system::memory;
use crate::system::signals::Interrupt;

/// Where maps are kept by default.
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
    let pool = tsne::pool(threads)?;
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

    let perplexity = pool.install(|| tsne::perplexity(&arguments.tsne, &points))?;

    interrupt.defer_signals();
    let directory = match &arguments.out {
        Some(out) => MapDirectory::create(out)?,
        None => MapDirectory::create_numbered(Path::new(MAPS), &name(arguments, &points))?,
    };
    let job = Job { arguments, points, seen_by, perplexity, threads, stop: interrupt.stop_flag() };
    match pool.install(|| job.run(directory, started))? {
        Some(document) => {
            print_result(&document, arguments)?;
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
    threads: usize,
    /// Becomes true when it is to end early.
    stop: &'a AtomicBool,
}

/// A map, and how it was made.
struct Made {
    /// `[n, 2]`
    coordinates: Vec<[f32; 2]>,
    kl_divergence: f64,
    /// Steps done.
    iterations: usize,
    method: String,
    seconds: Seconds,
}

/// How good a map is, as far as that is known.
struct Judgement {
    trustworthiness: Option<f64>,
    label_accuracy: Option<f64>,
    mistakes: Option<f64>,
}

impl Job<'_> {
    /// Makes the map, judges and draws it; `None` if it was to end early.
    fn run(mut self, mut directory: MapDirectory, started: Instant) -> Result<Option<Document>> {
        let title = self.title();
        self.announce(&title)?;
        let mut display = EmbeddingDisplay::new(self.arguments.output, self.arguments.tsne.iterations);
        let Some(made) = self.make(&mut display)? else { return Ok(None) };
        display.busy("judging the map");
        let judgement = self.judge(&made)?;
        display.busy("drawing the map");
        if !self.draw(&made, &title, &mut directory)? {
            return Ok(None);
        }
        drop(display);
        Ok(Some(self.document(made, judgement, directory.keep(), started)))
    }

    fn title(&self) -> String {
        let seen_by = self.seen_by.as_ref().map_or_else(String::new, |recipe| format!(" as {recipe} sees them"));
        format!("t-SNE of {}{seen_by}", tsne::subject(&self.points))
    }

    /// What people read before the map is there.
    fn announce(&self, title: &str) -> Result<()> {
        let (arguments, perplexity) = (self.arguments, self.perplexity.values());
        if arguments.output.quiet {
            return Ok(());
        }
        let usual = Perplexity::usual(usize::MAX);
        if arguments.tsne.perplexity.is_empty() && usual.values() != perplexity {
            let [perplexity, usual] = [perplexity, usual.values()].map(tsne::perplexity_text);
            output::note(&format!("these are few points for a map: perplexity {perplexity} instead of {usual}"));
        }
        if arguments.output.json {
            return Ok(());
        }
        let (dimensions, isa) = (grouped(self.points.matrix.columns as u64), modiste_tsne::instruction_set());
        output::print(&format!("{title}: {dimensions} dimensions; cpu {isa}, {}", count(self.threads, "thread")))
    }

    /// Makes the map; `None` if it was to end early.
    fn make(&self, display: &mut EmbeddingDisplay) -> Result<Option<Made>> {
        let settings = settings(self.arguments, &self.perplexity);
        let method = settings.optimiser.method.for_points(self.points.matrix.rows).to_string();
        let fitted = tsne::fit(&settings, &self.points, display, self.stop)?;
        Ok((!self.is_stopped()).then_some(Made {
            coordinates: fitted.map,
            kl_divergence: fitted.divergence,
            iterations: fitted.iterations,
            method,
            seconds: fitted.seconds,
        }))
    }

    /// Judges the map. It gives up the points, which take much memory, and so does drawing.
    fn judge(&mut self, made: &Made) -> Result<Judgement> {
        let metric = settings(self.arguments, &self.perplexity).metric;
        let trustworthiness = tsne::trustworthiness(&self.points.of_library()?, &made.coordinates, metric)?;
        self.points.matrix.values = Vec::new();
        let labels = self.points.labels.as_deref();
        let label_accuracy = labels.map(|labels| quality::label_accuracy(&made.coordinates, labels)).transpose()?;
        let mistakes = labels.zip(self.points.predicted.as_deref()).map(|(labels, predicted)| {
            let wrong = labels.iter().zip(predicted).filter(|(label, predicted)| label != predicted).count();
            wrong as f64 / self.points.matrix.rows as f64
        });
        Ok(Judgement { trustworthiness, label_accuracy, mistakes })
    }

    /// Writes all files; `false` if it was to end early.
    fn draw(&self, made: &Made, title: &str, directory: &mut MapDirectory) -> Result<bool> {
        let points = &self.points;
        let subtitle = format!(
            "{}, perplexity {}, {} iterations, {}, KL divergence {:.3}",
            made.method,
            tsne::perplexity_text(self.perplexity.values()),
            grouped(made.iterations as u64),
            span(Duration::from_secs_f64(made.seconds.total())),
            made.kl_divergence,
        );
        let pixels = points.pixels();
        let images = points.images.as_ref().zip(pixels.as_deref());
        let drawn = Map {
            title,
            subtitle: &subtitle,
            coordinates: &made.coordinates,
            indices: &points.indices,
            labels: points.labels.as_deref(),
            predicted: points.predicted.as_deref(),
            class_names: points.images.as_ref().map_or(&[], |data| &data.class_names),
            images: images.map(|(data, pixels)| MapImages { shape: data.train.shape(), pixels }),
        };
        for file in FILES {
            if self.is_stopped() {
                return Ok(false);
            }
            write(directory, file, &drawn)?;
        }
        Ok(true)
    }

    fn document(self, made: Made, judgement: Judgement, out: PathBuf, started: Instant) -> Document {
        let Self { arguments, points, perplexity, threads, .. } = self;
        let Judgement { trustworthiness, label_accuracy, mistakes } = judgement;
        Document {
            data: points.data,
            space: arguments.points.input.is_none().then(|| arguments.space.to_string()),
            samples: points.matrix.rows,
            dimensions: points.matrix.columns,
            perplexity: perplexity.values().to_vec(),
            metric: arguments.metric,
            initialisation: arguments.initialisation,
            method: made.method,
            iterations: made.iterations,
            seed: arguments.tsne.seed,
            threads,
            device: "cpu",
            isa: modiste_tsne::instruction_set(),
            seconds: made.seconds.total(),
            phases: made.seconds.into(),
            kl_divergence: made.kl_divergence,
            trustworthiness,
            label_accuracy,
            mistakes,
            out,
            files: FILES,
            wall_seconds: started.elapsed().as_secs_f64(),
            peak_memory_bytes: memory::peak_bytes(),
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
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
    Tsne { metric, initialisation, ..tsne::settings(&arguments.tsne, perplexity) }
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
fn print_result(document: &Document, arguments: &EmbedArgs) -> Result<()> {
    if arguments.output.json {
        return output::print_json(document);
    }
    let seconds = |seconds| span(Duration::from_secs_f64(seconds));
    output::print(&format!(
        "map in {}: {}",
        seconds(document.seconds),
        tsne::judgement_text(&[
            ("KL divergence", Some(document.kl_divergence)),
            ("trustworthiness", document.trustworthiness),
            ("1-NN label accuracy", document.label_accuracy),
            ("mistakes", document.mistakes),
        ])
    ))?;
    if !arguments.output.quiet {
        let memory = document.peak_memory_bytes.map_or_else(String::new, |bytes| format!(", {}", megabytes(bytes)));
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
