//! Training on arrays: an ordinary run, in a directory that the caller keeps or not.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use modiste_data::Dataset;
use modiste_executors::Device;
use modiste_network::{DataReference, NamedValidation, Recipe, Validation};
use modiste_training::trainer::Observer;
use modiste_training::{AUTOMATIC, Automatic, EpochRecord, Experiment, RunDirectory, RunSource, Session, StepEvent};
use pyo3::prelude::*;

use crate::errors::{session_error, training_error, value_error};
use crate::images::{LabelledArrays, dataset};
use crate::interrupt::{Caller, beside_python};

/// Steps are told of no more often.
const PAUSE: Duration = Duration::from_millis(100);

/// How it is trained: a dict.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    class_names: Vec<String>,
    /// `auto`, or the name or path of a recipe; not where there is `recipe_json`.
    recipe: String,
    recipe_json: Option<String>,
    epochs: Option<usize>,
    batch: Option<usize>,
    /// The share of the images that is held out; by default what the recipe says.
    validation: Option<f64>,
    seed: u64,
    threads: usize,
}

/// The names of the recipes that come with the library.
#[pyfunction]
pub(crate) fn built_in_recipes() -> Vec<&'static str> {
    [AUTOMATIC].into_iter().chain(Recipe::built_in_names()).collect()
}

/// Trains a network on images, and leaves the run in `directory`; what the epochs came to, each as JSON.
///
/// `report` is called with `note` and a sentence, with `step` and `(epoch, epochs, step, steps, loss, accuracy)`, or with `epoch`,
/// its JSON, and the number of epochs.
#[pyfunction]
pub(crate) fn train<'py>(
    py: Python<'py>,
    train: LabelledArrays<'py>,
    held_out: Option<LabelledArrays<'py>>,
    settings: Settings,
    directory: PathBuf,
    report: Py<PyAny>,
) -> PyResult<Vec<String>> {
    let begun = Instant::now();
    let dataset = dataset(settings.class_names.clone(), &train, held_out.as_ref())?;
    let measures = held_out.is_some();
    let (settings, directory, report) = (&settings, &directory, &report);
    beside_python(py, move |caller| run(settings, dataset, measures, directory, &begun, caller, report))?
}

/// A run from its beginning to its end, or until it is stopped.
fn run<'a>(
    settings: &Settings,
    dataset: Dataset,
    measures: bool,
    directory: &Path,
    begun: &Instant,
    caller: &Caller<'_, 'a>,
    report: &'a Py<PyAny>,
) -> PyResult<Vec<String>> {
    let device = Device::cpu(settings.threads).map_err(value_error)?;
    let (recipe, comments) = settings.recipe(&dataset, measures, &device, caller.stop())?;
    let epochs = recipe.training.epochs;
    let source = source(&dataset);
    let experiment = Experiment { recipe, comments, dataset, source, start: None };
    let prepared = experiment.prepare().map_err(value_error)?;
    let run = RunDirectory::create(directory).map_err(value_error)?;
    let mut session = Session::begin(prepared, run).map_err(|error| session_error(&error))?;
    for caution in session.cautions() {
        let text = caution.to_string();
        caller.call(move |py| report.call1(py, ("note", text)).map(|_| false));
    }
    let mut executor = session.compile(&device);
    let mut watch = Watch { caller, report, epochs, told: Instant::now(), records: Vec::new() };
    session.fit(executor.as_mut(), &mut watch, caller.stop(), begun).map_err(|error| session_error(&error))?;
    Ok(watch.records)
}

impl Settings {
    /// The recipe for these images, with what was asked for in place of what it says, and why its fields have their values.
    fn recipe(
        &self,
        dataset: &Dataset,
        measures: bool,
        device: &Device,
        stop: &AtomicBool,
    ) -> PyResult<(Recipe, Vec<modiste_network::Comment>)> {
        let (mut recipe, comments) = match &self.recipe_json {
            Some(json) => (of_json(json)?, Vec::new()),
            None if self.recipe == AUTOMATIC => {
                let mut automatic = Automatic::for_images(dataset, None, self.seed).map_err(value_error)?;
                if automatic.is_open() {
                    automatic = automatic.settled_until(stop, device).map_err(|error| training_error(&error))?;
                }
                (automatic.recipe, automatic.comments)
            }
            None => (Recipe::find(&self.recipe).map_err(value_error)?, Vec::new()),
        };
        recipe.training.epochs = self.epochs.unwrap_or(recipe.training.epochs);
        recipe.training.batch = self.batch.unwrap_or(recipe.training.batch);
        recipe.training.seed = self.seed;
        let on_test = recipe.data.validation == Validation::Named(NamedValidation::Test);
        let share = self.validation.or((on_test && !measures).then_some(0.0));
        if let Some(share) = share {
            let name = recipe.name.clone();
            recipe = recipe.with_validation(Validation::Share(share), &name).map_err(value_error)?;
        }
        Ok((recipe, comments))
    }
}

/// A recipe that is written as JSON.
fn of_json(json: &str) -> PyResult<Recipe> {
    let fields: serde_json::Value = serde_json::from_str(json).map_err(value_error)?;
    let text = toml::to_string(&fields).map_err(value_error)?;
    Recipe::parse(&text, "that was given").map_err(value_error)
}

/// Images in memory lie nowhere.
fn source(dataset: &Dataset) -> RunSource {
    let data = DataReference {
        name: dataset.name.clone(),
        source: dataset.name.clone(),
        fingerprint: dataset.fingerprint(),
        ..DataReference::default()
    };
    RunSource { data_dir: None, class_names: dataset.class_names.clone(), data }
}

/// Tells Python how it goes.
struct Watch<'a, 'b, 'c> {
    caller: &'c Caller<'a, 'b>,
    report: &'b Py<PyAny>,
    epochs: usize,
    /// When it was last told of a step.
    told: Instant,
    records: Vec<String>,
}

impl Observer for Watch<'_, '_, '_> {
    fn step(&mut self, event: &StepEvent) {
        if self.told.elapsed() < PAUSE {
            return;
        }
        self.told = Instant::now();
        let StepEvent { epoch, epochs, step, steps, running, .. } = *event;
        let numbers = (epoch, epochs, step, steps, running.mean_loss(), running.accuracy());
        let report = self.report;
        self.caller.call(move |py| report.call1(py, ("step", numbers)).map(|_| false));
    }

    fn epoch(&mut self, record: &EpochRecord, _: Option<Duration>) {
        // A record holds only numbers, which JSON can always write but where they are not finite.
        let Ok(json) = serde_json::to_string(record) else { return };
        self.records.push(json.clone());
        let (report, epochs) = (self.report, self.epochs);
        self.caller.call(move |py| report.call1(py, ("epoch", (json, epochs))).map(|_| false));
    }
}
