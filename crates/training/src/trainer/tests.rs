//! The loop with a small network on the reference executor: interruptions, divergence, and what is measured.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use modiste_data::{Dataset, ImageShape, Images};
use modiste_files::FileError;
use modiste_network::executor::initialisation::glorot_uniform;
use modiste_network::{DeviceInfo, Network, ReferenceExecutor, StepResult};

use super::*;
use crate::progress::RunningSums;

const SHAPE: ImageShape = ImageShape { height: 4, width: 4, channels: 1 };
const CLASSES: usize = 3;

/// Three epochs of five steps, one of each with an image less.
fn recipe(changes: &[(&str, &str)]) -> Recipe {
    let mut text = "
        name = 'small'
        layers = [
          { type = 'conv', filters = 2, kernel = 3, activation = 'relu' }, { type = 'flatten' },
          { type = 'dense', units = 6 }, { type = 'leaky_relu' }, { type = 'dropout', rate = 0.3 },
          { type = 'dense', units = 3, activation = 'softmax' },
        ]
        [data]
        validation = 0.25
        [optimiser]
        type = 'adam'
        learning_rate = 0.01
        [training]
        epochs = 3
        batch = 8
        seed = 4"
        .to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Recipe::parse(&text, "test").unwrap()
}

/// 52 training images, of which a quarter of each class is held out, and 11 test images.
fn dataset() -> Dataset {
    let images = |count: usize| {
        let labels: Vec<u8> = (0..count).map(|index| (index % CLASSES) as u8).collect();
        let pixel = |index: usize| ((index * 37) % 101 + 70 * (index / SHAPE.len() % CLASSES)) as u8;
        Arc::new(Images::new(SHAPE, (0..count * SHAPE.len()).map(pixel).collect(), labels, CLASSES).unwrap())
    };
    Dataset {
        name: "patterns".to_owned(),
        class_names: ["a", "b", "c"].map(str::to_owned).to_vec(),
        train: images(52),
        validation: None,
        preparation: None,
        test: images(11),
    }
}

/// Keeps everything in memory.
#[derive(Default)]
struct Memory {
    records: Vec<EpochRecord>,
    checkpoints: Vec<Checkpoint<'static>>,
    /// Saves that succeed before the disk is full.
    room: Option<usize>,
    min_interval: Duration,
}

impl Checkpointer for Memory {
    fn min_interval(&self) -> Duration {
        self.min_interval
    }

    fn record(&mut self, record: &EpochRecord) -> Result<(), FileError> {
        self.records.push(record.clone());
        Ok(())
    }

    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), FileError> {
        if self.room == Some(self.checkpoints.len()) {
            let source = io::ErrorKind::StorageFull.into();
            return Err(FileError::Io { action: "write", path: PathBuf::from("checkpoint"), source });
        }
        let Checkpoint { state, best, position } = checkpoint.clone();
        let best = best.map(|best| Cow::Owned(best.into_owned()));
        self.checkpoints.push(Checkpoint { state: state.into_owned(), best, position });
        Ok(())
    }
}

/// Stops after some steps of its session.
struct StopAfter<'a> {
    steps: usize,
    stop: &'a AtomicBool,
}

impl Observer for StopAfter<'_> {
    fn step(&mut self, _: &StepEvent) {
        self.steps -= 1;
        if self.steps == 0 {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// The reference executor works in f64; this one keeps its state in f32 between steps, as those for use do. It remembers what
/// it was told, and sees to the moving average itself.
struct InF32 {
    inner: ReferenceExecutor,
    average: Option<Vec<f32>>,
    told: Vec<StepOptions>,
}

impl InF32 {
    fn new(recipe: &Recipe) -> Self {
        let network = Network::new(&recipe.layers, SHAPE, CLASSES).unwrap();
        let seed = recipe.training.seed;
        let inner = ReferenceExecutor::new(&network, recipe.training.batch, seed);
        let mut executor = Self { inner, average: None, told: Vec::new() };
        executor.set_state(&State::fresh(glorot_uniform(&network, seed)));
        executor
    }
}

impl Executor for InF32 {
    fn network(&self) -> &Network {
        self.inner.network()
    }

    fn batch_size(&self) -> usize {
        self.inner.batch_size()
    }

    fn device(&self) -> DeviceInfo {
        self.inner.device()
    }

    fn backward(&mut self, batch: Batch<'_>, options: &StepOptions) -> StepResult {
        self.inner.backward(batch, options)
    }

    fn gradient(&mut self) -> &mut [f32] {
        self.inner.gradient()
    }

    fn update(&mut self, options: &StepOptions) {
        self.told.push(*options);
        self.inner.update(&StepOptions { average: None, ..*options });
        let rounded = State { average: None, ..self.inner.state().into_owned() };
        self.inner.set_state(&rounded);
        if let Some(stays) = options.average {
            let now = rounded.parameters;
            let average = self.average.get_or_insert_with(|| now.to_vec());
            for (mean, value) in average.iter_mut().zip(&*now) {
                *mean = stays as f32 * *mean + (1.0 - stays as f32) * value;
            }
        }
    }

    fn swap_average(&mut self) {
        let mut state = self.inner.state().into_owned();
        if let Some(average) = &mut self.average {
            std::mem::swap(average, state.parameters.to_mut());
            self.inner.set_state(&state);
        }
    }

    fn infer(&mut self, images: &[f32], logits: &mut [f32]) {
        self.inner.infer(images, logits);
    }

    fn features(&mut self, images: &[f32], features: &mut [f32]) {
        self.inner.features(images, features);
    }

    fn state(&self) -> State<'_> {
        State { average: self.average.as_deref().map(Into::into), ..self.inner.state() }
    }

    fn set_state(&mut self, state: &State<'_>) {
        self.average = state.average.as_deref().map(<[f32]>::to_vec);
        self.inner.set_state(&State { average: None, ..state.clone() });
    }
}

/// One session of a run, from its last checkpoint if it has one, stopped after `steps`.
fn session(recipe: &Recipe, checkpointer: &mut Memory, steps: usize) -> Result<(Ended, State<'static>), TrainError> {
    let mut executor = InF32::new(recipe);
    let ended = session_on(&mut executor, recipe, checkpointer, steps)?;
    Ok((ended, executor.state().into_owned()))
}

fn session_on(
    executor: &mut InF32,
    recipe: &Recipe,
    checkpointer: &mut Memory,
    steps: usize,
) -> Result<Ended, TrainError> {
    let splits = Splits::new(&dataset(), recipe.data.validation, None, recipe.training.seed);
    let started = Instant::now();
    let mut trainer = Trainer::new(executor, recipe, &splits, &started)?;
    if let Some(checkpoint) = checkpointer.checkpoints.last() {
        trainer.restore(checkpoint)?;
    }
    let stop = AtomicBool::new(steps == 0);
    trainer.run(checkpointer, &mut StopAfter { steps, stop: &stop }, &stop)
}

/// Records without what the clock says.
fn timeless(records: &[EpochRecord]) -> Vec<EpochRecord> {
    let strip = |record: &EpochRecord| EpochRecord {
        images_per_second: 0.0,
        seconds: 0.0,
        wall_seconds: 0.0,
        ..record.clone()
    };
    records.iter().map(strip).collect()
}

#[test]
fn stopping_after_any_number_of_steps_changes_nothing() {
    let recipe = recipe(&[]);
    let mut whole = Memory::default();
    let (ended, state) = session(&recipe, &mut whole, usize::MAX).unwrap();
    assert_eq!(whole.records.iter().map(|record| record.steps).collect::<Vec<_>>(), [5, 10, 15]);
    // 5 stops in the measurement after an epoch, 15 in that of the last; 0 before anything is done.
    for steps in 0..=15 {
        let mut parts = Memory::default();
        let (interrupted, _) = session(&recipe, &mut parts, steps).unwrap();
        assert_eq!(interrupted, Ended::Interrupted);
        assert_eq!(parts.checkpoints.last().unwrap().position.step, steps as u64);
        let resumed = session(&recipe, &mut parts, usize::MAX).unwrap();
        assert_eq!(resumed, (ended, state.clone()), "stopped after {steps}");
        assert_eq!(timeless(&parts.records), timeless(&whole.records), "stopped after {steps}");
    }
}

#[test]
fn stopping_after_every_single_step_changes_nothing() {
    let recipe = recipe(&[]);
    let (_, state) = session(&recipe, &mut Memory::default(), usize::MAX).unwrap();
    let mut parts = Memory::default();
    let mut sessions = 1;
    let last = loop {
        match session(&recipe, &mut parts, 1).unwrap() {
            (Ended::Interrupted, _) => sessions += 1,
            (Ended::Finished(_), state) => break state,
        }
    };
    assert_eq!(last, state);
    // One for each step, and one for the measurement that the last of them interrupted.
    assert_eq!(sessions, 16);
}

#[test]
fn a_killed_run_goes_on_from_the_last_epoch() {
    let recipe = recipe(&[]);
    let mut whole = Memory::default();
    let (_, state) = session(&recipe, &mut whole, usize::MAX).unwrap();
    // At the start, and after each epoch.
    assert_eq!(whole.checkpoints.iter().map(|kept| kept.position.epoch).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for kept in 1..=4 {
        let mut killed = Memory { checkpoints: whole.checkpoints[..kept].to_vec(), ..Memory::default() };
        assert_eq!(session(&recipe, &mut killed, usize::MAX).unwrap().1, state);
    }
}

#[test]
fn short_epochs_are_kept_now_and_then_but_the_last_one_always() {
    let recipe = recipe(&[]);
    let mut whole = Memory::default();
    let finished = session(&recipe, &mut whole, usize::MAX).unwrap();
    let mut rare = Memory { min_interval: Duration::MAX, ..Memory::default() };
    assert_eq!(session(&recipe, &mut rare, usize::MAX).unwrap(), finished);
    assert_eq!(rare.checkpoints.iter().map(|kept| kept.position.epoch).collect::<Vec<_>>(), [0, 3]);
    assert_eq!(timeless(&rare.records), timeless(&whole.records));
    // A resumed run keeps its first epoch, and an interrupted one its last step.
    let mut parts = Memory { min_interval: Duration::MAX, ..Memory::default() };
    session(&recipe, &mut parts, 8).unwrap();
    assert_eq!(session(&recipe, &mut parts, usize::MAX).unwrap(), finished);
    assert_eq!(parts.checkpoints.iter().map(|kept| kept.position.step).collect::<Vec<_>>(), [0, 8, 10, 15]);
}

#[test]
fn more_epochs_later_are_the_same_as_more_epochs_at_once() {
    let mut parts = Memory::default();
    session(&recipe(&[]), &mut parts, usize::MAX).unwrap();
    let more = recipe(&[("epochs = 3", "epochs = 5")]);
    let (_, state) = session(&more, &mut parts, usize::MAX).unwrap();
    let mut whole = Memory::default();
    assert_eq!(session(&more, &mut whole, usize::MAX).unwrap().1, state);
    assert_eq!(timeless(&parts.records), timeless(&whole.records));
}

#[test]
fn an_epoch_shows_every_training_image_once_and_the_mean_of_its_steps() {
    let mut checkpointer = Memory::default();
    session(&recipe(&[]), &mut checkpointer, 3).unwrap();
    let running = checkpointer.checkpoints.last().unwrap().position.running;
    assert_eq!(running.images, 7 + 8 + 8);
    session(&recipe(&[]), &mut checkpointer, usize::MAX).unwrap();
    let position = &checkpointer.checkpoints.last().unwrap().position;
    assert_eq!(position.train_images, 39);
    assert_eq!(position.running, RunningSums::default());
    let correct = checkpointer.records[0].train_accuracy * 39.0;
    assert!((correct - correct.round()).abs() < 1e-9, "{correct} of 39 images");
}

/// Remembers what it is shown, and stops after some steps.
struct Watch<'a> {
    until: StopAfter<'a>,
    /// What was shown before each epoch was: the number of parameters, and whether their gradient is there and not 0.
    tensors: Vec<(TensorKind, usize)>,
    measured: Vec<(usize, Vec<(TensorKind, usize)>)>,
    answers: Vec<(Classified, f64)>,
}

impl Observer for Watch<'_> {
    fn step(&mut self, event: &StepEvent) {
        self.until.step(event);
    }

    fn tensors(&mut self, kind: TensorKind, network: &Network, values: &[f32]) {
        assert_eq!(values.len(), network.parameter_count());
        assert!(values.iter().any(|&value| value != 0.0), "{kind:?}");
        self.tensors.push((kind, values.len()));
    }

    fn measured(&mut self, record: &EpochRecord) {
        self.measured.push((record.epoch, std::mem::take(&mut self.tensors)));
    }

    fn tested(&mut self, answers: &Classified, temperature: f64) {
        self.answers.push((answers.clone(), temperature));
    }
}

/// One session under the eyes of an observer.
fn watched<'a>(recipe: &Recipe, checkpointer: &mut Memory, steps: usize, stop: &'a AtomicBool) -> (Ended, Watch<'a>) {
    let splits = Splits::new(&dataset(), recipe.data.validation, None, recipe.training.seed);
    let (started, mut executor) = (Instant::now(), InF32::new(recipe));
    let mut trainer = Trainer::new(&mut executor, recipe, &splits, &started).unwrap();
    if let Some(checkpoint) = checkpointer.checkpoints.last() {
        trainer.restore(checkpoint).unwrap();
    }
    let until = StopAfter { steps, stop };
    let mut watch = Watch { until, tensors: Vec::new(), measured: Vec::new(), answers: Vec::new() };
    (trainer.run(checkpointer, &mut watch, stop).unwrap(), watch)
}

#[test]
fn an_observer_sees_what_the_last_step_of_each_epoch_has_left() {
    let recipe = recipe(&[]);
    let count = InF32::new(&recipe).network().parameter_count();
    let both = vec![(TensorKind::Parameters, count), (TensorKind::Gradient, count)];
    let stop = AtomicBool::new(false);
    let (_, watch) = watched(&recipe, &mut Memory::default(), usize::MAX, &stop);
    assert_eq!(watch.measured, [1, 2, 3].map(|epoch| (epoch, both.clone())));

    // Stopped between the last step of the first epoch and its measurement: the gradient is gone by then.
    let mut parts = Memory::default();
    watched(&recipe, &mut parts, 5, &stop);
    stop.store(false, Ordering::Relaxed);
    let (_, watch) = watched(&recipe, &mut parts, usize::MAX, &stop);
    assert_eq!(watch.measured, [(1, both[..1].to_vec()), (2, both.clone()), (3, both)]);
}

#[test]
fn an_observer_sees_the_answers_that_the_test_scores_are_made_of() {
    for validation in ["0.25", "'test'", "0"] {
        let recipe = recipe(&[("0.25", validation)]);
        let stop = AtomicBool::new(false);
        let mut parts = Memory::default();
        let (ended, watch) = watched(&recipe, &mut parts, usize::MAX, &stop);
        let (again, watch_again) = watched(&recipe, &mut parts, usize::MAX, &stop);
        assert_eq!(ended, again);
        let Ended::Finished(FinalScores { test, .. }) = ended else { panic!("interrupted") };
        for Watch { answers, .. } in [watch, watch_again] {
            let [(answers, temperature)] = &answers[..] else { panic!("{} times", answers.len()) };
            assert_eq!(answers.labels, dataset().test.labels());
            let mut metrics = MetricsAccumulator::new(CLASSES, *temperature);
            metrics.add(&answers.logits, &answers.labels);
            assert_eq!(test, metrics.into(), "validation {validation}");
        }
    }
}

#[test]
fn the_test_images_are_measured_with_the_last_weights_and_not_for_choices() {
    let mut checkpointer = Memory::default();
    let (ended, _) = session(&recipe(&[]), &mut checkpointer, usize::MAX).unwrap();
    let Ended::Finished(FinalScores { test, .. }) = ended else { panic!("interrupted") };
    let last = checkpointer.records.last().unwrap();
    assert_ne!(Some(test.loss), last.validation_loss);

    let mut checkpointer = Memory::default();
    let (ended, _) = session(&recipe(&[("0.25", "'test'")]), &mut checkpointer, usize::MAX).unwrap();
    let Ended::Finished(FinalScores { test, .. }) = ended else { panic!("interrupted") };
    let last = checkpointer.records.last().unwrap();
    assert_eq!((Some(test.loss), Some(test.accuracy)), (last.validation_loss, last.validation_accuracy));

    let mut checkpointer = Memory::default();
    session(&recipe(&[("0.25", "0")]), &mut checkpointer, usize::MAX).unwrap();
    assert_eq!(checkpointer.records.last().unwrap().validation_loss, None);
}

#[test]
fn divergence_is_told_and_the_last_good_checkpoint_stays() {
    let mut checkpointer = Memory::default();
    session(&recipe(&[]), &mut checkpointer, 7).unwrap();
    let kept = checkpointer.checkpoints.len();
    let error = session(&recipe(&[("0.01", "1e38")]), &mut checkpointer, usize::MAX).unwrap_err();
    let text = error.to_string();
    // The first step of this session leaves weights that f32 just holds, the second none, and the third sees that.
    assert!(text.starts_with("training diverged: the loss became "), "{text}");
    assert!(text.contains("in epoch 2, step 5 of 5") && text.contains("lower optimiser.learning_rate"), "{text}");
    assert_eq!(checkpointer.checkpoints.len(), kept);
    assert!(checkpointer.checkpoints[kept - 1].state.parameters.iter().all(|value| value.is_finite()));
}

#[test]
fn a_full_disk_stops_training() {
    let mut checkpointer = Memory { room: Some(2), ..Memory::default() };
    let error = session(&recipe(&[]), &mut checkpointer, usize::MAX).unwrap_err();
    assert!(error.to_string().starts_with("cannot write checkpoint: "), "{error}");
    assert_eq!(checkpointer.checkpoints.last().unwrap().position.epoch, 1);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let mut checkpointer = Memory::default();
    session(&recipe(&[]), &mut checkpointer, 2).unwrap();
    for (from, to, what) in [
        ("seed = 4", "seed = 5", "seed 4"),
        ("batch = 8", "batch = 9", "batch 8"),
        ("0.25", "0.5", "training images 39"),
        ("'adam'", "'adamw'", "optimiser adam, but this one has adamw"),
    ] {
        let error = session(&recipe(&[(from, to)]), &mut checkpointer, usize::MAX).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn a_run_without_images_is_refused() {
    let recipe = recipe(&[]);
    let mut executor = InF32::new(&recipe);
    let splits = Splits::new(&dataset(), recipe.data.validation, Some(crate::splits::Limit::First(0)), 4);
    let error = Trainer::new(&mut executor, &recipe, &splits, &Instant::now()).err().unwrap();
    assert!(error.to_string().contains("no training images"), "{error}");
}

/// Twelve epochs of long steps, so that the validation accuracy goes up and down.
const UNSTEADY: [(&str, &str); 2] = [("epochs = 3", "epochs = 12"), ("0.01", "0.05")];

fn unsteady(training: &str) -> Recipe {
    recipe(&[UNSTEADY[0], UNSTEADY[1], ("seed = 4", &format!("seed = 4\n{training}"))])
}

/// The first of the best epochs.
fn best_epoch(records: &[EpochRecord]) -> usize {
    let better = |best: usize, record: &EpochRecord| {
        let accuracy = |epoch: usize| records[epoch - 1].validation_accuracy.unwrap();
        if record.validation_accuracy.unwrap() > accuracy(best) { record.epoch } else { best }
    };
    records.iter().fold(1, better)
}

#[test]
fn every_step_is_told_what_the_recipe_says() {
    let schedule = "[schedule]\ntype = 'linear'\nwarm_up = 0.4\n[training]";
    let training = "seed = 4\nlabel_smoothing = 0.2\nclip_norm = 3.0\naverage = 0.5";
    let recipe = recipe(&[("[training]", schedule), ("seed = 4", training)]);
    let mut executor = InF32::new(&recipe);
    let mut checkpointer = Memory::default();
    session_on(&mut executor, &recipe, &mut checkpointer, 7).unwrap();
    session_on(&mut executor, &recipe, &mut checkpointer, usize::MAX).unwrap();
    assert_eq!(executor.told.len(), 15);
    for (step, told) in executor.told.iter().enumerate() {
        assert_eq!(
            (told.step, told.rate_factor),
            (step as u64, recipe.schedule.factor(step as u64, 15)),
            "step {step}"
        );
        assert_eq!((told.label_smoothing, told.clip_norm, told.average), (0.2, Some(3.0), Some(0.5)));
    }
    for record in &checkpointer.records {
        assert_eq!(record.learning_rate, 0.01 * recipe.schedule.factor(record.steps - 1, 15));
    }
}

#[test]
fn the_best_epoch_is_what_a_run_ends_with() {
    let (mut last, mut best) = (Memory::default(), Memory::default());
    session(&unsteady(""), &mut last, usize::MAX).unwrap();
    let (ended, _) = session(&unsteady("keep = 'best'"), &mut best, usize::MAX).unwrap();
    // What is kept has no influence on what is trained.
    assert_eq!(timeless(&last.records), timeless(&best.records));
    assert_eq!(last.checkpoints.last().unwrap().state, best.checkpoints.last().unwrap().state);

    let epoch = best_epoch(&last.records);
    assert!(epoch > 1 && epoch < 12, "{epoch} is no test of the choice");
    let kept = best.checkpoints.last().unwrap();
    assert_eq!((kept.kept_epoch(), kept.position.best.unwrap().epoch), (epoch, epoch));
    assert_eq!(kept.kept(), &*last.checkpoints[epoch].state.parameters);
    assert_eq!(last.checkpoints.last().unwrap().kept_epoch(), 12);

    // As if training had ended there.
    let short = recipe(&[("epochs = 3", &format!("epochs = {epoch}")), UNSTEADY[1]]);
    assert_eq!(session(&short, &mut Memory::default(), usize::MAX).unwrap().0, ended);
}

#[test]
fn patience_ends_a_run() {
    let (mut whole, mut short) = (Memory::default(), Memory::default());
    session(&unsteady(""), &mut whole, usize::MAX).unwrap();
    let patience = 3;
    let waited = |epochs: usize| epochs - best_epoch(&whole.records[..epochs]);
    let expected = (1..=12).find(|&epochs| waited(epochs) == patience).unwrap();
    assert!(expected < 12);
    let recipe = unsteady(&format!("patience = {patience}"));
    let (ended, state) = session(&recipe, &mut short, usize::MAX).unwrap();
    assert_eq!(timeless(&short.records), timeless(&whole.records[..expected]));
    // It is over, however often it is asked.
    assert_eq!(session(&recipe, &mut short, usize::MAX).unwrap(), (ended, state));
    assert_eq!(short.records.len(), expected);
}

#[test]
fn less_patience_in_the_middle_of_an_epoch_ends_a_run_behind_it() {
    let mut whole = Memory::default();
    session(&unsteady(""), &mut whole, usize::MAX).unwrap();
    // An epoch that is no better than one before it, and a run that stops in the next.
    let waited = (2..11).find(|&epoch| best_epoch(&whole.records[..epoch]) < epoch).unwrap();
    let steps = whole.records[0].steps as usize;
    let mut short = Memory::default();
    session(&unsteady("patience = 12"), &mut short, waited * steps + 1).unwrap();
    session(&unsteady("patience = 1"), &mut short, usize::MAX).unwrap();
    let epochs = short.records.len();
    assert!(epochs > waited, "{epochs} epochs");
    assert_eq!(timeless(&short.records), timeless(&whole.records[..epochs]));
    assert_eq!(short.checkpoints.last().unwrap().position.step_in_epoch, 0);
}

#[test]
fn a_choice_that_a_run_is_given_later_is_among_the_epochs_from_then_on() {
    let mut whole = Memory::default();
    session(&unsteady(""), &mut whole, usize::MAX).unwrap();
    let before = best_epoch(&whole.records);
    assert!((4..12).contains(&before), "{before} is no test of the choice");
    let stopped = |training: &str| {
        let mut run = Memory::default();
        let (ended, _) = session(&unsteady(training), &mut run, 5 * before + 1).unwrap();
        assert_eq!((ended, run.records.len()), (Ended::Interrupted, before));
        run
    };
    // None of the epochs before has been waited for.
    let mut patient = stopped("");
    session(&unsteady("patience = 3"), &mut patient, usize::MAX).unwrap();
    assert!(patient.records.len() > before);

    // The parameters of the best epoch before are not there.
    let mut kept = stopped("patience = 11");
    assert_eq!(kept.checkpoints.last().unwrap().position.best.unwrap().epoch, before);
    session(&unsteady("keep = 'best'"), &mut kept, usize::MAX).unwrap();
    let last = kept.checkpoints.last().unwrap();
    let best = last.position.best.unwrap().epoch;
    assert!(best > before, "{best} is not after {before}");
    let then = kept.checkpoints.iter().find(|checkpoint| checkpoint.position.epoch == best).unwrap();
    assert_eq!((last.kept_epoch(), last.kept()), (best, &*then.state.parameters));
}

#[test]
fn the_average_is_what_is_measured_and_kept() {
    let recipe = recipe(&[("seed = 4", "seed = 4\naverage = 0.8")]);
    let mut checkpointer = Memory::default();
    let (Ended::Finished(FinalScores { test, fitted, .. }), state) =
        session(&recipe, &mut checkpointer, usize::MAX).unwrap()
    else {
        panic!("interrupted")
    };
    let kept = checkpointer.checkpoints.last().unwrap();
    let average = state.average.as_deref().unwrap();
    assert_ne!(average, &*state.parameters);
    assert_eq!((kept.kept(), kept.state.clone()), (average, state.clone()));

    let mut executor = InF32::new(&recipe);
    executor.set_state(&State::fresh(average.to_vec()));
    let splits = Splits::new(&dataset(), recipe.data.validation, None, 4);
    let mut measured = |subset| {
        let mut evaluator = Evaluator::new(subset, &recipe, 8);
        Score::from(evaluator.measure(&mut executor, &AtomicBool::new(false)).unwrap())
    };
    assert_eq!(measured(&splits.test), test);
    assert_eq!(measured(&splits.train), fitted);
    let last = checkpointer.records.last().unwrap();
    assert_eq!(Some(measured(splits.validation.as_ref().unwrap()).loss), last.validation_loss);
}

#[test]
fn what_a_recipe_has_no_use_for_any_more_stays_behind() {
    let plain = unsteady("");
    let mut whole = Memory::default();
    let finished = session(&plain, &mut whole, usize::MAX).unwrap();
    for training in ["average = 0.9", "patience = 11", "keep = 'best'"] {
        let mut run = Memory::default();
        session(&unsteady(training), &mut run, 31).unwrap();
        // Neither an average nor a choice has a say in what is trained.
        assert_eq!(session(&plain, &mut run, usize::MAX).unwrap(), finished, "{training}");
        let last = run.checkpoints.last().unwrap();
        assert_eq!((last.position.best, &last.state.average, &last.best), (None, &None, &None), "{training}");
    }
}

#[test]
fn stopping_changes_no_choice() {
    let recipe = unsteady("average = 0.7\nkeep = 'best'\npatience = 4");
    let mut whole = Memory::default();
    let (ended, state) = session(&recipe, &mut whole, usize::MAX).unwrap();
    for steps in [1, 2, 5, 7] {
        let mut parts = Memory::default();
        let resumed = loop {
            match session(&recipe, &mut parts, steps).unwrap() {
                (Ended::Interrupted, _) => {}
                finished => break finished,
            }
        };
        assert_eq!(resumed, (ended, state.clone()), "stopped after every {steps}");
        assert_eq!(timeless(&parts.records), timeless(&whole.records));
        let [parts, whole] = [&parts, &whole].map(|checkpointer| checkpointer.checkpoints.last().unwrap());
        assert_eq!((parts.kept(), parts.position.best), (whole.kept(), whole.position.best));
    }
}

#[test]
fn views_of_the_recipe_are_for_all_that_is_measured() {
    let plain = recipe(&[]);
    let views = recipe(&[("[training]", "[evaluation]\nflip = true\nshift = 1\n[training]")]);
    let [plain, views] = [plain, views].map(|recipe| {
        let mut checkpointer = Memory::default();
        let (ended, state) = session(&recipe, &mut checkpointer, usize::MAX).unwrap();
        let Ended::Finished(FinalScores { test, validation, fitted, .. }) = ended else { panic!("interrupted") };
        let validation = validation.unwrap().loss;
        assert_eq!(Some(validation), checkpointer.records.last().unwrap().validation_loss);
        ([test.loss, validation, fitted.loss], state)
    });
    assert!(plain.0.iter().zip(views.0).all(|(&plain, views)| plain != views), "{:?}, {:?}", plain.0, views.0);
    assert_eq!(plain.1, views.1);
}

#[test]
fn a_run_that_is_over_is_measured_by_the_views_of_now() {
    for held_out in ["0.25", "'test'"] {
        let plain = recipe(&[("0.25", held_out)]);
        let views = recipe(&[("0.25", held_out), ("[training]", "[evaluation]\nflip = true\nshift = 1\n[training]")]);
        let mut checkpointer = Memory::default();
        session(&plain, &mut checkpointer, usize::MAX).unwrap();
        let (resumed, _) = session(&views, &mut checkpointer, usize::MAX).unwrap();
        let (at_once, _) = session(&views, &mut Memory::default(), usize::MAX).unwrap();
        assert_eq!(resumed, at_once, "{held_out}");
    }
}

#[test]
fn a_choice_needs_images_to_choose_by() {
    let recipe = recipe(&[("0.25", "0.01"), ("seed = 4", "seed = 4\nkeep = 'best'")]);
    let error = session(&recipe, &mut Memory::default(), usize::MAX).unwrap_err();
    assert!(error.to_string().contains("no validation images"), "{error}");
}

#[test]
fn the_gap_is_measured_on_few_images() {
    assert_eq!([fitted_images(1, 500), fitted_images(1, 60_000), fitted_images(50, 60_000)], [1_000, 1_500, 10_000]);
}
