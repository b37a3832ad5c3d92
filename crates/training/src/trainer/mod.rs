//! The loop that fits a network: epochs of steps, a measurement after each, one at the end.

mod checkpointer;
mod clock;
mod error;
mod observer;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use modiste_data::{Loader, shuffled};
use modiste_inference::evaluator::Classified;
use modiste_inference::{Evaluator, MetricsAccumulator, familiarity, temperature};
use modiste_network::{Batch, Executor, Familiarity, Keep, Mixed, Recipe, State, StepOptions};

pub use self::checkpointer::Checkpointer;
pub use self::clock::Clock;
use self::clock::WallTime;
pub use self::error::TrainError;
pub use self::observer::{Observer, StepEvent, TensorKind};
use crate::checkpoint::Checkpoint;
use crate::class_weights;
use crate::progress::{BestEpoch, EpochRecord, Position};
use crate::splits::Splits;

/// Training images on which parameters are tried before they are kept.
const PROBED: usize = 64;

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// All epochs are done, and what the run ends with is measured.
    Finished(FinalScores),
    /// `stop` became true. The state is kept.
    Interrupted,
}

/// What a run ends with, on the images of each part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FinalScores {
    /// On the test images.
    pub test: Score,
    /// On the validation images, if there are any.
    pub validation: Option<Score>,
    /// On a sample of the training images, classified as those of the test are, without dropout: what says how much the
    /// network overfits.
    pub fitted: Score,
    /// What logits are divided by in all of these losses, fitted on the validation images; 1 where there are none, or few, or
    /// these are those of the test.
    pub temperature: f64,
}

/// Loss and accuracy over some images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    /// Share of images whose largest logit is their class.
    pub accuracy: f64,
}

impl From<MetricsAccumulator> for Score {
    fn from(metrics: MetricsAccumulator) -> Self {
        Self { loss: metrics.loss(), accuracy: metrics.accuracy() }
    }
}

/// Trains one network on the splits of a data set.
pub struct Trainer<'a> {
    executor: &'a mut dyn Executor,
    recipe: &'a Recipe,
    splits: &'a Splits,
    /// Steps of an epoch.
    steps: usize,
    loader: Loader,
    /// How much the loss of a training image counts, by class.
    class_weights: Option<Vec<f64>>,
    validation: Option<Evaluator>,
    test: Evaluator,
    /// Of a sample of the training images.
    fitted: Evaluator,
    /// Of a few training images: whether the parameters still give finite numbers.
    probe: Evaluator,
    position: Position,
    /// The parameters of the best epoch, where the run is to end with these.
    best: Option<Vec<f32>>,
    /// What the network made of the test images after the last epoch, where that measures them.
    answers: Option<Classified>,
    /// Whether the executor has the gradient of the last step: whether that was in this session.
    has_gradient: bool,
    time: WallTime<'a>,
    /// Whether an earlier session has measured anything, perhaps by other views.
    restored: bool,
    /// When the state was last kept, from the beginning of this session.
    saved: Option<Duration>,
}

impl<'a> Trainer<'a> {
    /// From the parameters that `executor` has. `clock` began with the session.
    ///
    /// # Errors
    /// When there are no images to learn from, to choose by or to measure on.
    pub fn new(
        executor: &'a mut dyn Executor,
        recipe: &'a Recipe,
        splits: &'a Splits,
        clock: &'a dyn Clock,
    ) -> Result<Self, TrainError> {
        let training = &recipe.training;
        splits.check(training)?;
        let batch = training.batch;
        let scaling = recipe.data.scaling;
        let measuring_batch = executor.batch_size();
        let fitted = splits.train.sample(fitted_images(training.epochs, splits.train.len()), training.seed);
        let position = Position::start(recipe, splits.train.len());
        Ok(Self {
            steps: splits.train.len().div_ceil(batch),
            loader: Loader::new(Arc::clone(&splits.train.images), scaling, batch)
                .augmented(recipe.augmentation, training.seed),
            class_weights: training
                .class_weights
                .map(|weights| class_weights::of(weights, &splits.train.class_sizes(executor.network().classes))),
            validation: splits.validation.as_ref().map(|subset| Evaluator::new(subset, recipe, measuring_batch)),
            test: Evaluator::new(&splits.test, recipe, measuring_batch),
            fitted: Evaluator::new(&fitted, recipe, measuring_batch),
            probe: Evaluator::plain(&splits.train.first(PROBED), scaling, measuring_batch),
            executor,
            recipe,
            splits,
            position,
            best: None,
            answers: None,
            has_gradient: false,
            time: WallTime::new(clock),
            restored: false,
            saved: None,
        })
    }

    /// Takes up where a checkpoint stopped. What the recipe has no use for any more stays behind.
    ///
    /// # Errors
    /// When it is of a run with another seed, batch, number of images or optimiser.
    pub fn restore(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), TrainError> {
        checkpoint.position.ensure_same_run(&self.position)?;
        let training = &self.recipe.training;
        let Checkpoint { state, best, .. } = checkpoint;
        // Borrowed, since there may be no room for it twice.
        self.executor.set_state(&State {
            parameters: Cow::Borrowed(&state.parameters),
            first_moment: Cow::Borrowed(&state.first_moment),
            second_moment: Cow::Borrowed(&state.second_moment),
            average: state.average.as_deref().filter(|_| training.average.is_some()).map(Cow::Borrowed),
        });
        self.position = checkpoint.position.clone();
        let keeps_best = training.keep == Keep::Best;
        self.best = best.as_deref().filter(|_| keeps_best).map(<[f32]>::to_vec);
        // A run that went without `keep` until now cannot end with what is not there.
        if !training.chooses() || (keeps_best && self.best.is_none()) {
            self.position.best = None;
        }
        self.time.go_on(self.position.wall_seconds);
        self.restored = true;
        Ok(())
    }

    /// How far the run has come.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Loss and accuracy on the validation images of the parameters that the run would end with now, if they have been
    /// measured.
    fn kept_validation(&self) -> Option<Score> {
        if let (Some(best), Some(_)) = (&self.position.best, &self.best) {
            return Some(Score { loss: best.validation_loss, accuracy: best.validation_accuracy });
        }
        let last = self.position.last.as_ref()?;
        Some(Score { loss: last.validation_loss?, accuracy: last.validation_accuracy? })
    }

    /// The parameters that the run would end with now.
    pub fn kept(&self) -> Vec<f32> {
        self.best.clone().unwrap_or_else(|| self.executor.state().evaluation_parameters().to_vec())
    }

    /// What the images that the network has learned from are like to it, with the parameters that the run ends with; see
    /// [`familiarity::look`].
    pub fn look(&mut self, stop: &AtomicBool) -> Option<Option<Familiarity>> {
        self.with_kept(|trainer| {
            let Splits { train, validation, validates_on_test, .. } = trainer.splits;
            let held_out = validation.as_ref().filter(|_| !validates_on_test);
            let (scaling, seed) = (trainer.recipe.data.scaling, trainer.recipe.training.seed);
            familiarity::look(trainer.executor, train, held_out, scaling, seed, stop)
        })
    }

    /// Wall seconds of the run, all its sessions together.
    pub fn wall_seconds(&self) -> f64 {
        self.time.wall_seconds()
    }

    /// Trains until all epochs are done, patience has an end or `stop` is true, then measures the test images, once.
    ///
    /// # Errors
    /// When training diverges or something cannot be kept; what was kept before stays.
    pub fn run(
        &mut self,
        checkpointer: &mut dyn Checkpointer,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Ended, TrainError> {
        // At first, so that a run can be resumed whatever happens to it; and where nothing is left to train, since a run that was
        // killed between the writing of checkpoint and model has the model of an earlier epoch.
        if self.position.step == 0 || self.is_over() {
            self.save(checkpointer)?;
        }
        while !self.is_over() {
            self.train(observer, stop)?;
            self.probe()?;
            let measured = if self.position.step_in_epoch == self.steps { self.validate(stop)? } else { None };
            let Some(validation) = measured else {
                self.save(checkpointer)?;
                return Ok(Ended::Interrupted);
            };
            let record = self.complete_epoch(validation);
            checkpointer.record(&record)?;
            self.show_tensors(observer);
            observer.measured(&record);
            if self.is_over()
                || self
                    .saved
                    .is_none_or(|saved| self.time.elapsed().saturating_sub(saved) >= checkpointer.min_interval())
            {
                self.save(checkpointer)?;
            }
            let left = if self.is_over() { None } else { self.time_left() };
            observer.epoch(&record, left);
        }
        Ok(self.with_kept(|trainer| trainer.measure_end(observer, stop))?.unwrap_or(Ended::Interrupted))
    }

    /// Whether nothing is left to train. An epoch that has begun is completed, even if less patience is asked for since.
    fn is_over(&self) -> bool {
        let Position { epoch, step_in_epoch, best, .. } = &self.position;
        *step_in_epoch == 0 && self.recipe.training.is_over(*epoch, best.map(|best| best.epoch))
    }

    /// The steps that are left of the epoch; fewer if `stop` becomes true.
    fn train(&mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<(), TrainError> {
        let Position { seed, epoch, step_in_epoch, .. } = self.position;
        if step_in_epoch == self.steps || stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let order: Arc<[u32]> = shuffled(&self.splits.train.indices, seed, epoch as u64).into();
        let mut begun = self.time.elapsed();
        for batch in self.loader.augmented_batches(order, epoch as u64, step_in_epoch) {
            let options = self.step_options(self.position.step);
            let mixed = batch.mixed().map(|(labels, shares)| Mixed { labels, shares });
            let class_weights = self.class_weights.as_deref();
            let batch_of_step = Batch { mixed, class_weights, ..Batch::new(batch.images(), batch.labels()) };
            let result = self.executor.train_step(batch_of_step, &options);
            self.has_gradient = true;
            if !result.loss.is_finite() {
                let step = self.position.step_in_epoch + 1;
                return Err(self.diverged(format!("the loss became {}", result.loss), step));
            }
            let now = self.time.elapsed();
            let seconds = now.saturating_sub(begun).as_secs_f64();
            begun = now;
            let position = &mut self.position;
            position.step += 1;
            position.step_in_epoch += 1;
            position.training_seconds += seconds;
            let running = &mut position.running;
            running.loss += result.loss * batch.len() as f64;
            running.correct += result.correct as u64;
            running.images += batch.len() as u64;
            running.seconds += seconds;
            self.time.step(seconds);
            observer.step(&self.step_event());
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(())
    }

    /// What the recipe has for step `step`, counted from 0. A schedule spans all epochs, also those given later: a run that is
    /// resumed for more of them goes on where the longer schedule is after so many steps.
    fn step_options(&self, step: u64) -> StepOptions {
        let steps = (self.recipe.training.epochs as u64).saturating_mul(self.steps as u64);
        StepOptions::of(self.recipe, step, steps)
    }

    /// Validation loss and accuracy: `Some(None)` if there are no validation images, `None` if `stop` became true.
    fn validate(&mut self, stop: &AtomicBool) -> Result<Option<Option<Score>>, TrainError> {
        let Some(evaluator) = &mut self.validation else { return Ok(Some(None)) };
        let begun = self.time.elapsed();
        self.executor.swap_average();
        let answers = evaluator.classify(self.executor, stop);
        self.executor.swap_average();
        let Some(answers) = answers else { return Ok(None) };
        self.time.measured(begun);
        let score = self.score(&answers, 1.0);
        self.answers = self.splits.validates_on_test.then_some(answers);
        self.finite(score, "validation", self.steps).map(Some).map(Some)
    }

    /// Shows what the last step of an epoch has left.
    fn show_tensors(&mut self, observer: &mut dyn Observer) {
        let network = self.executor.network().clone();
        observer.tensors(TensorKind::Parameters, &network, &self.executor.state().parameters);
        if self.has_gradient {
            observer.tensors(TensorKind::Gradient, &network, self.executor.gradient());
        }
    }

    fn complete_epoch(&mut self, validation: Option<Score>) -> EpochRecord {
        let wall_seconds = self.wall_seconds();
        let last_step = self.step_options(self.position.step.saturating_sub(1));
        let position = &mut self.position;
        let running = std::mem::take(&mut position.running);
        position.epoch += 1;
        position.step_in_epoch = 0;
        let record = EpochRecord {
            epoch: position.epoch,
            steps: position.step,
            train_loss: running.mean_loss(),
            train_accuracy: running.accuracy(),
            validation_loss: validation.map(|score| score.loss),
            validation_accuracy: validation.map(|score| score.accuracy),
            learning_rate: last_step.optimiser.learning_rate() * last_step.rate_factor,
            images_per_second: running.images_per_second(),
            seconds: running.seconds,
            wall_seconds,
        };
        position.last = Some(record.clone());
        if let Some(score) = validation {
            self.choose(score);
        }
        record
    }

    /// Remembers the epoch just completed if it is the best, and something depends on that.
    fn choose(&mut self, validation: Score) {
        let training = &self.recipe.training;
        let best = self.position.best.map(|best| best.validation_accuracy);
        if !training.chooses() || best.is_some_and(|best| best >= validation.accuracy) {
            return;
        }
        self.position.best = Some(BestEpoch {
            epoch: self.position.epoch,
            validation_loss: validation.loss,
            validation_accuracy: validation.accuracy,
        });
        if training.keep == Keep::Best {
            let state = self.executor.state();
            let best = self.best.get_or_insert_default();
            best.clear();
            best.extend_from_slice(state.evaluation_parameters());
        }
    }

    /// Does something with the parameters that the run ends with, and then has those of training back.
    fn with_kept<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let Some(best) = &self.best else {
            self.executor.swap_average();
            let done = work(self);
            self.executor.swap_average();
            return done;
        };
        let training = self.executor.state().into_owned();
        self.executor.set_state(&State::fresh(best.clone()));
        let done = work(self);
        self.executor.set_state(&training);
        done
    }

    /// What a run came to, by the parameters that the executor has now; `None` if `stop` became true.
    fn measure_end(&mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<Option<Ended>, TrainError> {
        let (mut validation, mut temperature) = (self.kept_validation(), 1.0);
        if let (Some(evaluator), true) = (&mut self.validation, self.restored || !self.splits.validates_on_test) {
            let Some(answers) = evaluator.classify(self.executor, stop) else { return Ok(None) };
            if !self.splits.validates_on_test {
                temperature = temperature::fitted(&answers.logits, &answers.labels, self.executor.network().classes);
            }
            validation = Some(self.finite(self.score(&answers, temperature), "validation", 0)?);
            self.answers = self.splits.validates_on_test.then_some(answers);
        }
        // Where the last epoch has measured the test images, that has just been done.
        let answers = match self.answers.take() {
            None => self.test.classify(self.executor, stop),
            answers => answers,
        };
        let Some(answers) = answers else { return Ok(None) };
        let test = match validation.filter(|_| self.splits.validates_on_test) {
            Some(score) => score,
            None => self.finite(self.score(&answers, temperature), "test", 0)?,
        };
        observer.tested(&answers, temperature);
        self.fitted.set_temperature(temperature);
        let Some(metrics) = self.fitted.measure(self.executor, stop) else { return Ok(None) };
        let fitted = self.finite(metrics.into(), "training", 0)?;
        Ok(Some(Ended::Finished(FinalScores { test, validation, fitted, temperature })))
    }

    /// Loss and accuracy of these answers, at this temperature.
    fn score(&self, answers: &Classified, temperature: f64) -> Score {
        let mut metrics = MetricsAccumulator::new(self.executor.network().classes, temperature);
        metrics.add(&answers.logits, &answers.labels);
        metrics.into()
    }

    /// Refuses a loss that is no number, on `which` images after step `step` of the epoch.
    fn finite(&self, score: Score, which: &str, step: usize) -> Result<Score, TrainError> {
        if score.loss.is_finite() {
            return Ok(score);
        }
        Err(self.diverged(format!("the {which} loss became {}", score.loss), step))
    }

    /// Refuses parameters that are finite but give nothing finite.
    fn probe(&mut self) -> Result<(), TrainError> {
        if let Some(metrics) = self.probe.measure(self.executor, &AtomicBool::new(false))
            && !metrics.loss().is_finite()
        {
            let what = format!("the loss on training images became {}", metrics.loss());
            return Err(self.diverged(what, self.position.step_in_epoch));
        }
        Ok(())
    }

    /// Keeps the state, unless it is no good.
    fn save(&mut self, checkpointer: &mut dyn Checkpointer) -> Result<(), TrainError> {
        self.position.wall_seconds = self.wall_seconds();
        let state = self.executor.state();
        for (values, what) in [
            (Some(&state.parameters), "a weight"),
            (Some(&state.first_moment), "a mean of gradients"),
            (Some(&state.second_moment), "a mean of squared gradients"),
            (state.average.as_ref(), "a mean of weights"),
        ] {
            if let Some(value) = values.into_iter().flat_map(|values| &**values).find(|value| !value.is_finite()) {
                return Err(self.diverged(format!("{what} became {value}"), self.position.step_in_epoch));
            }
        }
        let best = self.best.as_deref().map(Into::into);
        checkpointer.save(&Checkpoint { state, best, position: self.position.clone() })?;
        self.saved = Some(self.time.elapsed());
        Ok(())
    }

    fn step_event(&self) -> StepEvent {
        StepEvent {
            epoch: self.position.epoch + 1,
            epochs: self.recipe.training.epochs,
            step: self.position.step_in_epoch,
            steps: self.steps,
            running: self.position.running,
            left: self.time_left(),
        }
    }

    /// Until the last epoch ends; patience may end before.
    fn time_left(&self) -> Option<Duration> {
        let epochs = self.recipe.training.epochs.saturating_sub(self.position.epoch);
        self.time.foreseen((epochs * self.steps).saturating_sub(self.position.step_in_epoch), epochs)
    }

    fn diverged(&self, what: String, step: usize) -> TrainError {
        // A checkpoint at the end of an epoch is written when the position is already at the next.
        let complete = step == 0 && self.position.epoch > 0;
        TrainError::Diverged {
            what,
            epoch: self.position.epoch + usize::from(!complete),
            step: if complete { self.steps } else { step },
            steps: self.steps,
            rates: self.recipe.optimiser.rates_text(),
        }
    }
}

/// How many training images are measured at the end: as many as a fortieth of those that all epochs show, since a forward pass
/// takes a third of a step, so that with mirrored views it takes less than two hundredths of a run, unless that is very short.
pub(crate) fn fitted_images(epochs: usize, train_images: usize) -> usize {
    (epochs.saturating_mul(train_images) / 40).clamp(1_000, 10_000)
}

#[cfg(test)]
mod tests;
