//! What the page of a run shows.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Result, bail};
use modiste_data::{Background, Check, Dataset, Fit, Subset};
use modiste_executors::Device;
use modiste_files::shell;
use modiste_inference::evaluator::Classified;
use modiste_inference::{CalibrationBin, ClassScore, MetricsAccumulator};
use modiste_network::executor::softmax::{predicted, probabilities};
use modiste_network::{DataReference, ModelCard};
use modiste_report::numbers::{counted, grouped};
use modiste_report::run::{Answer, Epoch, Fact, Reliability, RunPage, Scores, Test};
use modiste_training::runs::belonging::check_result;
use modiste_training::runs::metrics_file;
use modiste_training::{EpochRecord, RunPaths, RunResult};

use super::{inside, recipe_lines};
use crate::cli::{DataOptions, Split};
use crate::commands::trained::{Part, Trained};
use crate::output::duration::span;
use crate::output::{megabytes, sentence};

/// Where the images of a run are.
#[derive(Clone, Copy)]
pub enum Images<'a> {
    /// Wherever they were, or where it is said.
    Found { options: &'a DataOptions, quiet: bool },
    /// In memory, the whole set that it was trained on; and what the network has made of its test images, if that is known.
    Loaded { dataset: &'a Dataset, answers: Option<&'a Classified> },
}

/// Whether all of the data is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DataLook {
    Full,
    None,
}

/// What the page of a run shows; `None` if `stop` became true before the end. Without its images it shows what is known without them,
/// and says so.
pub fn page(
    trained: &Trained,
    images: Images<'_>,
    look: DataLook,
    device: &Device,
    stop: &AtomicBool,
) -> Result<Option<RunPage>> {
    if !trained.path.is_dir() {
        bail!("{} is a model alone: name the directory of its run", trained.path.display());
    }
    let (paths, card) = (RunPaths::new(&trained.path), &trained.model.card);
    let (recipe, source) = (paths.read_recipe()?, paths.read_source()?);
    let mut notices = Vec::new();
    let result = if paths.result().exists() {
        let result = RunResult::open(&paths.result())?;
        check_result(&paths, &result, &recipe, &source)?;
        Some(result)
    } else {
        notices.push(format!("the run is not finished: what it shows is the network after {} epochs", card.epochs));
        None
    };
    let known = match images {
        Images::Loaded { answers, .. } => answers,
        Images::Found { .. } => None,
    };
    let dataset = match images {
        Images::Loaded { dataset, .. } => Some((dataset.clone(), true)),
        Images::Found { options, quiet } => match trained.data(options, quiet) {
            Ok(found) => Some(found),
            // What was named is wanted.
            Err(error) if options.data.is_some() => return Err(error),
            Err(error) => {
                notices.push(format!(
                    "there are no images in it, since the data of the run is not to be had: {}",
                    sentence(&error)
                ));
                None
            }
        },
    };
    let mut page = RunPage {
        title: format!("{} on {}", card.recipe.name, card.data.name),
        epochs: epochs(&paths)?,
        classes: card.class_names.clone(),
        filters: inside::filters(&trained.model),
        command: command(&trained.path, &card.data, paths.read_source()?.data_dir.as_deref()),
        ..RunPage::default()
    };
    if page.epochs.is_empty() {
        notices.push(format!("there are no curves, since {} has no line that can be read", paths.metrics().display()));
    }
    if let Some((dataset, own)) = dataset {
        page.data_notes = data_notes(&dataset, look, &trained.path);
        let Part { images, .. } = trained.part_of(dataset, own, Split::Test)?;
        let classified = match known {
            Some(answers) => answers.clone(),
            None => {
                let mut predictor = trained.predictor(device, images.len())?;
                let Some(classified) = predictor.classify(&images, stop) else { return Ok(None) };
                classified
            }
        };
        let test = test(classified, images, &card.class_names, card.temperature)?;
        page.stages = inside::stages(&trained.model, &test.images, &test.answers);
        page.headline = headline(card, result.as_ref(), Some(&test));
        page.test = Some(test);
    } else {
        page.headline = headline(card, result.as_ref(), None);
    }
    let text = fs::read_to_string(paths.recipe()).unwrap_or_else(|_| recipe.to_toml());
    (page.recipe, page.recipe_note) = recipe_lines::lines(&recipe, &text);
    page.facts = facts(trained, result.as_ref());
    page.notices = notices;
    Ok(Some(page))
}

/// What each epoch of a run came to.
pub fn epochs(paths: &RunPaths) -> Result<Vec<Epoch>> {
    Ok(metrics_file::read(&paths.metrics())?.iter().map(epoch).collect())
}

fn epoch(record: &EpochRecord) -> Epoch {
    let &EpochRecord { epoch, train_loss, train_accuracy, validation_loss, validation_accuracy, learning_rate, .. } =
        record;
    Epoch { epoch, train_loss, train_accuracy, validation_loss, validation_accuracy, learning_rate }
}

fn test(classified: Classified, images: Subset, classes: &[String], temperature: f64) -> Result<Test> {
    let Classified { logits, labels } = &classified;
    let mut metrics = MetricsAccumulator::new(classes.len(), temperature);
    metrics.add(logits, labels);
    if !metrics.loss().is_finite() {
        bail!("the loss on the test images is {}: the weights are damaged, so train the run again", metrics.loss());
    }
    let raw = reliability(metrics.raw_calibration_bins(), metrics.raw_calibration_error());
    Ok(Test {
        answers: answers(classified, classes.len(), temperature),
        images,
        confusion: metrics.confusion().to_vec(),
        scores: metrics.class_scores().into_iter().map(scores).collect(),
        average: scores(metrics.macro_average()),
        reliability: reliability(metrics.calibration_bins(), metrics.calibration_error()),
        raw_reliability: (temperature != 1.0).then_some(raw),
        temperature,
        loss: metrics.loss(),
    })
}

/// The likeliest class of each image and its probability, at the temperature.
pub fn answers(classified: Classified, classes: usize, temperature: f64) -> Vec<Answer> {
    let Classified { mut logits, labels } = classified;
    let guesses: Vec<u8> = logits.chunks_exact(classes).map(|row| predicted(row) as u8).collect();
    probabilities(&mut logits, classes, temperature);
    let rows = logits.chunks_exact(classes).zip(labels).zip(guesses);
    rows.map(|((row, truth), predicted)| Answer { truth, predicted, confidence: row[usize::from(predicted)] }).collect()
}

fn reliability(bins: Vec<CalibrationBin>, error: f64) -> Reliability {
    Reliability { bins: bins.iter().map(|bin| (bin.confidence, bin.accuracy)).collect(), error }
}

fn scores(ClassScore { precision, recall, f1, support }: ClassScore) -> Scores {
    Scores { precision, recall, f1, support }
}

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact { name: name.to_owned(), value: value.into() }
}

/// What matters most: of the images that the page shows, or else as the run has measured it.
fn headline(card: &ModelCard, result: Option<&RunResult>, test: Option<&Test>) -> Vec<Fact> {
    let measured = test.map(|test| {
        let right = test.answers.iter().filter(|answer| answer.truth == answer.predicted).count();
        (right as f64 / test.answers.len().max(1) as f64, test.loss)
    });
    let mut facts = Vec::new();
    if let Some((accuracy, loss)) = measured.or(result.map(|result| (result.test_accuracy, result.test_loss))) {
        facts.extend([fact("Test accuracy", format!("{accuracy:.4}")), fact("Test loss", format!("{loss:.4}"))]);
    }
    if let Some(test) = test {
        facts.push(fact("Calibration error", format!("{:.4}", test.reliability.error)));
    }
    if let Some(result) = result {
        facts.push(fact("Time", span(Duration::try_from_secs_f64(result.wall_seconds).unwrap_or_default())));
        facts.push(fact("Epochs", result.epochs.to_string()));
        facts.push(fact("Seed", result.seed.to_string()));
    }
    facts.push(fact("Data", card.data.name.clone()));
    if let Some(RunResult { device, isa, threads, .. }) = result {
        facts.push(fact("Machine", format!("{device} {isa}, {}", counted(*threads as u64, "thread"))));
    }
    facts.push(fact("Written by", concat!("modiste ", env!("CARGO_PKG_VERSION"))));
    facts
}

fn facts(trained: &Trained, result: Option<&RunResult>) -> Vec<Fact> {
    let card = &trained.model.card;
    let shape = card.image_shape;
    let mut facts = vec![
        fact("Run", trained.path.display().to_string()),
        fact("Images", format!("{}x{}, {}", shape.height, shape.width, counted(shape.channels as u64, "channel"))),
        fact("Classes", card.class_names.len().to_string()),
    ];
    if let Some(result) = result {
        let sizes = &result.sizes;
        let [train, validation, test] = [sizes.train, sizes.validation, sizes.test].map(|size| grouped(size as u64));
        facts.extend([
            fact("Training, validation and test images", format!("{train}, {validation} and {test}")),
            fact("Images per second", grouped(result.images_per_second as u64)),
            fact("Steps, of images each", format!("{}, {}", grouped(result.steps), grouped(result.batch as u64))),
        ]);
        facts.extend(result.peak_memory_bytes.map(|bytes| fact("Most memory", megabytes(bytes))));
        facts.extend(result.best_epoch.map(|epoch| fact("Best epoch", epoch.to_string())));
        let fitted = format!("{:.4}", result.fitted_train_accuracy);
        facts.push(fact("Accuracy on training images, fitted", fitted));
        facts.extend(result.validation_accuracy.map(|accuracy| fact("Validation accuracy", format!("{accuracy:.4}"))));
    }
    facts.extend([
        fact("Parameters", grouped(trained.model.network.parameter_count() as u64)),
        fact("Multiply-adds for an image", grouped(trained.model.network.multiply_adds())),
    ]);
    facts
}

fn data_notes(dataset: &Dataset, look: DataLook, run: &Path) -> Vec<String> {
    if look == DataLook::None {
        return vec![format!(
            "Nobody has looked yet, since so many images take some seconds: `modiste report {}` does.",
            shell::word(run)
        )];
    }
    let notes: Vec<String> = Check::of(dataset).notes.into_iter().map(|note| note.text).collect();
    if notes.is_empty() { vec!["Nothing is wrong with it that could be found.".to_owned()] } else { notes }
}

/// The command that trains the same again: the recipe has everything but the data and how it is read.
fn command(run: &Path, data: &DataReference, data_dir: Option<&Path>) -> String {
    let word = |text: &str| shell::word(Path::new(text));
    let mut words = vec!["modiste train".to_owned(), shell::word(&run.join("recipe.toml"))];
    words.push(format!("--data {}", word(&data.source)));
    words.extend(data_dir.map(|directory| format!("--data-dir {}", shell::word(directory))));
    words.extend(data.limit.map(|limit| format!("--limit {limit}")));
    if let Some(shape) = data.shape {
        words.push(format!("--shape {}x{}x{}", shape.height, shape.width, shape.channels));
    }
    if let Some(preparation) = data.preparation {
        words.push(format!("--size {}x{}", preparation.height, preparation.width));
        let fit = match preparation.fit {
            Fit::Pad => "pad",
            Fit::Crop => "crop",
            Fit::Stretch => "stretch",
        };
        let background = match preparation.background {
            Background::Black => "black",
            Background::White => "white",
        };
        words.push(format!("--fit {fit} --background {background}"));
    }
    if data.skip_bad {
        words.push("--skip-bad".to_owned());
    }
    words.join(" ")
}
