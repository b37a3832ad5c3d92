//! `embed`: makes a map of many points by t-SNE, and draws it.

mod map_directory;
pub mod points;
mod projector;
pub mod tsne;

use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use modiste_report::map::{self, Map, MapImages};
use modiste_report::numbers::grouped;
use modiste_sources::write_npy;
use modiste_tsne::{Initialisation, Metric, Perplexity, Seconds, Tsne, initialisation, quality};
use serde::Serialize;

use self::map_directory::MapDirectory;
use self::points::Points;
use self::tsne::Phases;
use super::fonts::{note_undrawn, use_font};
use super::setup::{Outcome, device, file_name, threads};
use super::trained::Trained;
use crate::cli::{Distance, EmbedArgs, FirstMap, Space};
use crate::output;
use crate::output::duration::span;
use crate::output::embedding_display::EmbeddingDisplay;
use crate::output::megabytes;
use crate::system::memory;
use crate::system::signals::Interrupt;

/// Where maps are kept by default.
const MAPS: &str = "maps";
const FILES: [&str; 4] = ["map.png", "map.html", "map.csv", "map.npy"];
/// With `--projector`.
const ALL_FILES: [&str; 8] = {
    let [png, html, csv, npy] = FILES;
    let [config, tensors, metadata, sprite] = projector::FILES;
    [png, html, csv, npy, config, tensors, metadata, sprite]
};
/// So often it is asked whether the map is to be given up.
const PAUSE: Duration = Duration::from_millis(20);
/// Fewer points have no affinities, and lie in the plane as they are.
const FEW: usize = 4;

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
    /// As text, whatever bytes the path is of.
    out: String,
    files: &'static [&'static str],
    /// Since the process began.
    wall_seconds: f64,
    peak_memory_bytes: Option<u64>,
}

/// Makes a map. `started` is when the process began.
pub fn run(arguments: &EmbedArgs, started: Instant) -> Result<Outcome> {
    let interrupt = Interrupt::catch()?;
    use_font(&arguments.font)?;
    let device = device(&arguments.compute)?;
    let threads = threads(&arguments.compute);
    let pool = tsne::pool(threads)?;
    if let Some(out) = &arguments.out {
        map_directory::check_free(out, if arguments.projector { &ALL_FILES } else { &FILES })?;
    }
    let (options, seed, quiet) = (&arguments.points, arguments.tsne.seed, arguments.output.quiet);
    let (mut points, seen_by) = match &arguments.space {
        Space::Pixels => (Points::load(options, None, arguments.metric, seed, quiet)?, None),
        Space::Run(path) if !path.exists() => {
            bail!("there is no run or model {}: give a run directory, a model file or 'pixels'", path.display())
        }
        Space::Run(path) => {
            let trained = Trained::find(Some(path))?;
            (Points::of_network(&trained, &device, options, seed, quiet)?, Some(trained.model.card.recipe.name))
        }
    };
    note_undrawn(&points.class_names, &arguments.font);
    let repeats = pool.install(|| points.put_equal_together(arguments.metric))?;
    let perplexity = pool.install(|| tsne::perplexity(&arguments.tsne, &points))?;

    let files = files(arguments, &points);
    interrupt.hold_signals();
    let directory = match &arguments.out {
        Some(out) => MapDirectory::create(out, files)?,
        None => MapDirectory::create_numbered(Path::new(MAPS), &name(arguments, &points), files)?,
    };
    let display = EmbeddingDisplay::new(arguments.output, arguments.tsne.iterations);
    let job = Job { arguments: arguments.clone(), points, seen_by, perplexity, threads };
    job.announce(repeats)?;
    let work = {
        let display = display.clone();
        let spawned = thread::Builder::new().spawn(move || pool.install(|| job.run(display)));
        spawned.context("the system gives no thread to make the map with: end other programs, or raise its limit")?
    };
    let finished = wait(work, interrupt.stop_flag())?;
    drop(display);
    let Some(Finished { mut document, files }) = finished else { return Ok(interrupted()) };
    for (name, content) in files {
        directory.write(name, &content)?;
        if interrupt.is_stopped() {
            return Ok(interrupted());
        }
    }
    document.out = directory.publish()?.display().to_string();
    document.wall_seconds = started.elapsed().as_secs_f64();
    print_result(&document, arguments)?;
    Ok(Outcome::Done)
}

/// What the work comes to; `None` if it is to be given up first, in the middle of whatever it does.
fn wait(work: JoinHandle<Result<Finished>>, stop: &AtomicBool) -> Result<Option<Finished>> {
    while !work.is_finished() {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
    work.join().unwrap_or_else(|panic| panic::resume_unwind(panic)).map(Some)
}

fn interrupted() -> Outcome {
    output::note("interrupted; nothing of the map is kept");
    Outcome::Interrupted
}

/// What the map's directory will hold.
fn files(arguments: &EmbedArgs, points: &Points) -> &'static [&'static str] {
    match (arguments.projector, projector::has_sprite(points)) {
        (false, _) => &FILES,
        (true, true) => &ALL_FILES,
        (true, false) => &ALL_FILES[..ALL_FILES.len() - 1],
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
struct Job {
    arguments: EmbedArgs,
    points: Points,
    /// The recipe of the network that made the points.
    seen_by: Option<String>,
    perplexity: Perplexity,
    threads: usize,
}

/// A map, and how it was made.
struct Made {
    /// `[n, 2]`, of equal points only the first.
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

/// A map as it is to be kept.
struct Finished {
    /// But for where it is and how long everything took.
    document: Document,
    files: Vec<(&'static str, Vec<u8>)>,
}

impl Job {
    /// Makes the map, judges and draws it.
    fn run(mut self, mut display: EmbeddingDisplay) -> Result<Finished> {
        let mut made = self.make(&mut display)?;
        let of_projector = match self.arguments.projector {
            true => projector::files(&self.points, &self.title())?,
            false => Vec::new(),
        };
        display.busy("judging the map");
        let judgement = self.judge(&mut made)?;
        display.busy("drawing the map");
        let mut files = self.draw(&made)?;
        files.extend(of_projector);
        Ok(Finished { document: self.document(made, judgement), files })
    }

    fn title(&self) -> String {
        let seen_by = self.seen_by.as_ref().map_or_else(String::new, |recipe| format!(" as {recipe} sees them"));
        format!("t-SNE of {}{seen_by}", tsne::subject(&self.points))
    }

    /// What people read before the map is there. `repeats` points are equal to others.
    fn announce(&self, repeats: usize) -> Result<()> {
        let (arguments, perplexity) = (&self.arguments, self.perplexity.values());
        if arguments.output.quiet {
            return Ok(());
        }
        let count = self.points.of_library()?.len();
        if repeats > 0 {
            let all = format!("{} {}", grouped(self.points.matrix.rows as u64), tsne::what(&self.points));
            let (repeats_another, repeat_others) = match arguments.metric {
                Distance::Euclidean => ("repeats another", "repeat others"),
                Distance::Cosine => ("is another or a multiple of it", "are others or multiples of them"),
            };
            output::note(&match repeats {
                1 => format!("1 of {all} {repeats_another}, and lies where that does"),
                _ => format!("{} of {all} {repeat_others}, and lie where those do", grouped(repeats as u64)),
            });
        }
        if count < FEW {
            let points = output::count(count, "different point");
            output::note(&format!("{points}: too few for t-SNE, so their principal components are the map"));
            return self.print_title();
        }
        let usual = Perplexity::usual(usize::MAX);
        let asked = if arguments.tsne.perplexity.is_empty() { usual.values() } else { &arguments.tsne.perplexity };
        if asked != perplexity {
            let [perplexity, asked] = [perplexity, asked].map(tsne::perplexity_text);
            output::note(&format!("these are few points for a map: perplexity {perplexity} instead of {asked}"));
        }
        let method = settings(arguments, &self.perplexity).optimiser.method;
        if let Some(note) = tsne::method_note(method, count) {
            output::note(&note);
        }
        self.print_title()
    }

    /// What is mapped, for people.
    fn print_title(&self) -> Result<()> {
        if self.arguments.output.json {
            return Ok(());
        }
        let (dimensions, isa) = (grouped(self.points.matrix.columns as u64), modiste_tsne::instruction_set());
        let threads = output::count(self.threads, "thread");
        // Whether or not anybody reads this, the map is what was asked for.
        let _ = output::print(&format!("{}: {dimensions} dimensions; cpu {isa}, {threads}", self.title()));
        Ok(())
    }

    /// Makes the map of different points.
    fn make(&self, display: &mut EmbeddingDisplay) -> Result<Made> {
        let (settings, points) = (settings(&self.arguments, &self.perplexity), self.points.of_library()?);
        if points.len() < FEW {
            return Ok(Made {
                coordinates: initialisation::principal_components(&points, settings.seed),
                kl_divergence: 0.0,
                iterations: 0,
                method: "principal components".to_owned(),
                seconds: Seconds::default(),
            });
        }
        let method = settings.optimiser.method.for_points(points.len()).to_string();
        let fitted = tsne::fit(&settings, &self.points, display)?;
        Ok(Made {
            coordinates: fitted.map,
            kl_divergence: fitted.divergence,
            iterations: fitted.iterations,
            method,
            seconds: fitted.seconds,
        })
    }

    /// Judges the map, whose coordinates become those of all points. It gives up the points, which take much memory, and so
    /// does drawing.
    fn judge(&mut self, made: &mut Made) -> Result<Judgement> {
        let metric = settings(&self.arguments, &self.perplexity).metric;
        let trustworthiness = tsne::trustworthiness(&self.points.of_library()?, &made.coordinates, metric)?;
        self.points.matrix.values = Vec::new();
        if let Some(distinct) = self.points.distinct.take() {
            made.coordinates = distinct.for_all(&made.coordinates);
        }
        let labels = self.points.labels.as_deref();
        let label_accuracy = labels.map(|labels| quality::label_accuracy(&made.coordinates, labels)).transpose()?;
        let mistakes = labels.zip(self.points.predicted.as_deref()).map(|(labels, predicted)| {
            let wrong = labels.iter().zip(predicted).filter(|(label, predicted)| label != predicted).count();
            wrong as f64 / self.points.matrix.rows as f64
        });
        Ok(Judgement { trustworthiness, label_accuracy, mistakes })
    }

    /// The map's own files, with their names.
    fn draw(&self, made: &Made) -> Result<Vec<(&'static str, Vec<u8>)>> {
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
            title: &self.title(),
            subtitle: &subtitle,
            coordinates: &made.coordinates,
            indices: &points.indices,
            labels: points.labels.as_deref(),
            predicted: points.predicted.as_deref(),
            class_names: &points.class_names,
            images: images.map(|(data, pixels)| MapImages { shape: data.train.shape(), pixels }),
        };
        FILES.into_iter().map(|file| Ok((file, content(file, &drawn)?))).collect()
    }

    fn document(self, made: Made, judgement: Judgement) -> Document {
        let files = files(&self.arguments, &self.points);
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
            out: String::new(),
            files,
            wall_seconds: 0.0,
            peak_memory_bytes: memory::peak_bytes(),
        }
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

/// What is in a file.
fn content(file: &str, map: &Map<'_>) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    match file {
        "map.png" => content = map::picture::draw(map).to_png()?,
        "map.html" => map::page::write(map, &mut content)?,
        "map.csv" => map::table::write(map, &mut content)?,
        _ => write_npy(&mut content, 2, map.coordinates.as_flattened())?,
    }
    Ok(content)
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
        let [others @ .., last] = document.files else { return Ok(()) };
        output::print(&format!(
            "kept in {}: {} and {last}; {}{memory} in all",
            document.out,
            others.join(", "),
            seconds(document.wall_seconds)
        ))?;
    }
    Ok(())
}
