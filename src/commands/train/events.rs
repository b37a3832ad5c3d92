//! A run's events for TensorBoard, in the run directory beside `metrics.jsonl`.
//!
//! Scalars are those of `metrics.jsonl`: what an earlier session could not write, or what is damaged, is made again from there. A
//! run is worth more than its events: what keeps them from being written is said, and training goes on.

use std::path::PathBuf;

use modiste_data::Subset;
use modiste_files::FileError;
use modiste_inference::MetricsAccumulator;
use modiste_inference::evaluator::Classified;
use modiste_network::Network;
use modiste_network::executor::softmax::{cross_entropy, predicted};
use modiste_report::figures::Figure;
use modiste_report::mistakes::{self, Mistake};
use modiste_report::picture::Picture;
use modiste_tensorboard::messages::Setting;
use modiste_tensorboard::{EventFile, FILE_NAME, Summary, hyperparameters};
use modiste_training::{EpochRecord, Observer, RunResult, Session, TensorKind};
use serde_json::Value;

use crate::output;

/// Mistakes that are shown, the most confident ones.
const MISTAKES: usize = 24;

/// Writes them.
pub struct Events {
    path: PathBuf,
    /// What the run was begun with.
    settings: Vec<(String, Setting)>,
    /// Whether weights and gradients are looked at.
    histograms: bool,
    test: Subset,
    class_names: Vec<String>,
    /// Once training begins; none after a failure.
    file: Option<EventFile>,
    failure: Option<FileError>,
    /// What is known of an epoch that is not measured yet.
    waiting: Vec<Summary>,
    /// What is shown at the end.
    pictures: Vec<Summary>,
}

impl Events {
    /// Of a run that is about to be trained.
    pub fn new(session: &Session, histograms: bool) -> Self {
        Self {
            path: session.directory().join(FILE_NAME),
            settings: settings(session),
            histograms,
            test: session.splits().test.clone(),
            class_names: session.experiment().dataset.class_names.clone(),
            file: None,
            failure: None,
            waiting: Vec::new(),
            pictures: Vec::new(),
        }
    }

    /// The run has come to its end.
    pub fn end(&mut self, result: &RunResult) {
        let scores = [("loss/test", result.test_loss), ("accuracy/test", result.test_accuracy)];
        let scores = scores.map(|(tag, value)| Summary::scalar(tag, value));
        let pictures = std::mem::take(&mut self.pictures);
        let summaries = [hyperparameters::end()].into_iter().chain(scores).chain(pictures).collect();
        self.append(result.epochs, summaries);
        self.note_failure();
    }

    /// Says what has kept events from being written, once.
    pub fn note_failure(&mut self) {
        if let Some(error) = self.failure.take() {
            output::note(&format!("note: TensorBoard does not see all of the run: {error}"));
        }
    }

    fn append(&mut self, epoch: usize, summaries: Vec<Summary>) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.append(epoch as u64, summaries) {
            (self.file, self.failure) = (None, Some(error));
        }
    }
}

impl Observer for Events {
    fn begin(&mut self, records: &[EpochRecord]) {
        let begun = hyperparameters::begin(self.settings.clone());
        let epochs = records.last().map_or(0, |record| record.epoch as u64);
        match EventFile::open(&self.path, vec![begun], epochs) {
            Ok((file, last)) => {
                self.file = Some(file);
                records.iter().filter(|record| record.epoch as u64 > last).for_each(|record| self.measured(record));
            }
            Err(error) => self.failure = Some(error),
        }
    }

    fn tensors(&mut self, kind: TensorKind, network: &Network, values: &[f32]) {
        if !self.histograms {
            return;
        }
        let group = match kind {
            TensorKind::Parameters => "weights",
            TensorKind::Gradient => "gradients",
        };
        let shown = network.parameters.iter().filter(|parameter| parameter.role.is_trained());
        self.waiting.extend(shown.filter_map(|parameter| {
            Summary::histogram(format!("{group}/{}", parameter.name), &values[parameter.range.clone()])
        }));
    }

    fn measured(&mut self, record: &EpochRecord) {
        let numbers = [
            ("loss/train", Some(record.train_loss)),
            ("loss/validation", record.validation_loss),
            ("accuracy/train", Some(record.train_accuracy)),
            ("accuracy/validation", record.validation_accuracy),
            ("learning_rate", Some(record.learning_rate)),
            ("images_per_second", Some(record.images_per_second)),
        ];
        let scalars = numbers.into_iter().filter_map(|(tag, value)| Some(Summary::scalar(tag, value?)));
        let summaries = scalars.chain(std::mem::take(&mut self.waiting)).collect();
        self.append(record.epoch, summaries);
    }

    fn tested(&mut self, answers: &Classified, temperature: f64) {
        let classes = self.class_names.len();
        let mut metrics = MetricsAccumulator::new(classes, temperature);
        metrics.add(&answers.logits, &answers.labels);
        let confusion = Figure::of_confusion(&self.class_names, metrics.confusion()).to_picture();
        let worst = worst(answers, classes, temperature, &self.test);
        let mistakes = mistakes::draw(self.test.images.shape(), &self.class_names, &worst);
        self.pictures = [("confusion", confusion.ok()), ("mistakes", Some(mistakes))]
            .into_iter()
            .filter_map(|(tag, picture)| image(tag, &picture?))
            .collect();
    }
}

/// A picture, unless it is too large for a file.
fn image(tag: &str, picture: &Picture) -> Option<Summary> {
    Some(Summary::image(tag, (picture.width(), picture.height()), picture.to_png().ok()?))
}

/// The mistakes that the network is most certain of.
fn worst<'a>(answers: &Classified, classes: usize, temperature: f64, test: &'a Subset) -> Vec<Mistake<'a>> {
    let rows = answers.logits.chunks_exact(classes.max(1)).zip(&answers.labels).zip(&*test.indices);
    let mistake = |((logits, &label), &index): ((&[f32], &u8), &u32)| {
        let (truth, predicted) = (usize::from(label), predicted(logits));
        let confidence = (-cross_entropy(logits, predicted, temperature)).exp();
        let image = test.images.image(index as usize);
        (truth != predicted).then_some(Mistake { image, truth, predicted, confidence })
    };
    let mut mistakes: Vec<_> = rows.filter_map(mistake).collect();
    mistakes.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
    mistakes.truncate(MISTAKES);
    mistakes
}

/// What the HParams tab shows: the fields of the recipe, but for its layers, and the data.
fn settings(session: &Session) -> Vec<(String, Setting)> {
    let experiment = session.experiment();
    let data = &experiment.source.data;
    let mut settings = vec![("data".to_owned(), data.name.as_str().into())];
    settings.extend(data.limit.map(|limit| ("limit".to_owned(), (limit as f64).into())));
    // What has become a text can be written.
    if let Ok(Value::Object(fields)) = serde_json::to_value(&experiment.recipe) {
        for (name, value) in fields {
            let name = if name == "name" { "recipe".to_owned() } else { name };
            add_settings(name, value, &mut settings);
        }
    }
    settings
}

/// Adds a field of this name, or all fields below it. Lists are no setting.
fn add_settings(name: String, value: Value, settings: &mut Vec<(String, Setting)>) {
    let setting: Setting = match value {
        Value::Object(fields) => {
            return fields
                .into_iter()
                .for_each(|(field, value)| add_settings(format!("{name}.{field}"), value, settings));
        }
        Value::Null | Value::Array(_) => return,
        Value::Bool(value) => value.into(),
        Value::Number(number) => number.as_f64().unwrap_or_default().into(),
        Value::String(text) => text.as_str().into(),
    };
    settings.push((name, setting));
}
