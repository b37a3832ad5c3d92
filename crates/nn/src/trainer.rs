//! The loop that fits a network: epochs of steps, a measurement after each, one at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use modiste_data::{Loader, shuffled};

use crate::checkpoint::{Checkpoint, Position, RunningSums};
use crate::error::FileError;
use crate::evaluation::Evaluator;
use crate::executor::{Batch, Executor, Hyper};
use crate::history::EpochRecord;
use crate::keeper::Keeper;
use crate::partition::{NoImages, Partition};
use crate::recipe::{Optimiser, Recipe};

/// Training images on which parameters are tried before they are kept.
const PROBED: usize = 64;

/// Whoever wants to watch. `()` watches nothing.
pub trait Observer {
    /// After each step, before anything is kept: this is called often.
    fn step(&mut self, _event: &StepEvent) {}

    /// After each epoch, when it is measured and kept.
    fn epoch(&mut self, _record: &EpochRecord, _left: Option<Duration>) {}
}

impl Observer for () {}

/// How an epoch is going.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepEvent {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// Steps done in this epoch.
    pub step: usize,
    /// Steps of an epoch.
    pub steps: usize,
    /// Means of the epoch so far.
    pub running: RunningSums,
    /// Time until the last epoch ends, as far as can be foreseen.
    pub left: Option<Duration>,
}

/// Why training stopped before its time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The numbers left what f32 can hold.
    #[error(
        "training diverged: {what} in epoch {epoch}, step {step} of {steps}; \
         lower optimiser.learning_rate (now {learning_rate}) in the recipe and train again"
    )]
    Diverged {
        /// What is not finite, and how.
        what: String,
        /// From 1.
        epoch: usize,
        /// From 1.
        step: usize,
        /// Steps of an epoch.
        steps: usize,
        /// What it was.
        learning_rate: f64,
    },
    /// There is nothing to learn from.
    #[error(transparent)]
    NoImages(#[from] NoImages),
    /// A checkpoint is of another run.
    #[error("the checkpoint is of a run with {what} {then}, but this one has {now}: resume it as it was started")]
    OtherRun {
        /// What differs.
        what: &'static str,
        /// In the checkpoint.
        then: u64,
        /// Here.
        now: u64,
    },
    /// Something cannot be kept.
    #[error(transparent)]
    File(#[from] FileError),
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// All epochs are done and the test images are measured.
    Finished {
        /// Loss and accuracy on the test images.
        test: Measured,
    },
    /// `stop` became true. The state is kept.
    Interrupted,
}

/// Loss and accuracy over some images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    /// Share of images whose largest logit is their class.
    pub accuracy: f64,
}

/// Trains one network on one partition of a data set.
pub struct Trainer<'a> {
    executor: &'a mut dyn Executor,
    partition: &'a Partition,
    optimiser: Optimiser,
    epochs: usize,
    steps: usize,
    loader: Loader,
    validation: Option<Evaluator>,
    test: Evaluator,
    /// Of a few training images: whether the parameters still give finite numbers.
    probe: Evaluator,
    position: Position,
    clock: Clock,
}

/// Wall time, and what foretells the time left: of this session only, since the next may have another machine.
#[derive(Clone, Copy, Debug)]
struct Clock {
    started: Instant,
    /// Wall seconds of the sessions before.
    before: f64,
    steps: u64,
    step_seconds: f64,
    measuring_seconds: Option<f64>,
}

impl<'a> Trainer<'a> {
    /// From the parameters that `executor` has. `started` is when the clock of the run began.
    ///
    /// # Errors
    /// When there are no images to learn from or to measure on.
    pub fn new(
        executor: &'a mut dyn Executor,
        recipe: &Recipe,
        partition: &'a Partition,
        started: Instant,
    ) -> Result<Self, TrainError> {
        partition.check()?;
        let batch = recipe.training.batch;
        let scaling = recipe.data.scaling;
        let measuring_batch = executor.batch_size();
        let position =
            Position { seed: recipe.training.seed, batch, train_images: partition.train.len(), ..Position::default() };
        Ok(Self {
            optimiser: recipe.optimiser,
            epochs: recipe.training.epochs,
            steps: partition.train.len().div_ceil(batch),
            loader: Loader::new(Arc::clone(&partition.train.images), scaling, batch),
            validation: partition.validation.as_ref().map(|subset| Evaluator::new(subset, scaling, measuring_batch)),
            test: Evaluator::new(&partition.test, scaling, measuring_batch),
            probe: Evaluator::new(&partition.train.first(PROBED), scaling, measuring_batch),
            executor,
            partition,
            position,
            clock: Clock { started, before: 0.0, steps: 0, step_seconds: 0.0, measuring_seconds: None },
        })
    }

    /// Takes up where a checkpoint stopped.
    ///
    /// # Errors
    /// When it is of a run with another seed, batch or number of images.
    pub fn restore(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), TrainError> {
        let (then, now) = (&checkpoint.position, &self.position);
        let identity = [
            ("seed", then.seed, now.seed),
            ("batch", then.batch as u64, now.batch as u64),
            ("training images", then.train_images as u64, now.train_images as u64),
        ];
        if let Some(&(what, then, now)) = identity.iter().find(|(_, then, now)| then != now) {
            return Err(TrainError::OtherRun { what, then, now });
        }
        self.executor.set_state(&checkpoint.state);
        self.position = then.clone();
        self.clock.before = then.wall_seconds;
        Ok(())
    }

    /// How far the run has come.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Wall seconds of the run, all its sessions together.
    pub fn wall_seconds(&self) -> f64 {
        self.clock.before + self.clock.started.elapsed().as_secs_f64()
    }

    /// Trains until all epochs are done or `stop` is true, then measures the test images, once.
    ///
    /// # Errors
    /// When training diverges or something cannot be kept; what was kept before stays.
    pub fn run(
        &mut self,
        keeper: &mut dyn Keeper,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Ended, TrainError> {
        // At first, so that a run can be resumed whatever happens to it; and where nothing is left to train, since a run that was
        // killed between the writing of checkpoint and model has the model of an earlier epoch.
        if self.position.step == 0 || self.position.epoch >= self.epochs {
            self.save(keeper)?;
        }
        while self.position.epoch < self.epochs {
            self.train(observer, stop)?;
            self.probe()?;
            let measured = if self.position.step_in_epoch == self.steps { self.validate(stop)? } else { None };
            let Some(validation) = measured else {
                self.save(keeper)?;
                return Ok(Ended::Interrupted);
            };
            let record = self.complete_epoch(validation);
            keeper.record(&record)?;
            self.save(keeper)?;
            observer.epoch(&record, self.time_left());
        }
        match self.measure_test(stop)? {
            Some(test) => Ok(Ended::Finished { test }),
            None => Ok(Ended::Interrupted),
        }
    }

    /// The steps that are left of the epoch; fewer if `stop` becomes true.
    fn train(&mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<(), TrainError> {
        let Position { seed, epoch, step_in_epoch, .. } = self.position;
        if step_in_epoch == self.steps || stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let order: Arc<[u32]> = shuffled(&self.partition.train.indices, seed, epoch as u64).into();
        let mut begun = Instant::now();
        for batch in self.loader.batches(order, step_in_epoch) {
            let hyper = Hyper::new(self.position.step, self.optimiser);
            let result = self.executor.train_step(Batch::new(batch.images(), batch.labels()), &hyper);
            if !result.loss.is_finite() {
                let step = self.position.step_in_epoch + 1;
                return Err(self.diverged(format!("the loss became {}", result.loss), step));
            }
            let now = Instant::now();
            let seconds = (now - begun).as_secs_f64();
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
            self.clock.steps += 1;
            self.clock.step_seconds += seconds;
            observer.step(&self.step_event());
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(())
    }

    /// Validation loss and accuracy: `Some(None)` if there are no validation images, `None` if `stop` became true.
    fn validate(&mut self, stop: &AtomicBool) -> Result<Option<Option<Measured>>, TrainError> {
        let Some(evaluator) = &mut self.validation else { return Ok(Some(None)) };
        let begun = Instant::now();
        let Some(measures) = evaluator.measure(self.executor, stop) else { return Ok(None) };
        self.clock.measuring_seconds = Some(begun.elapsed().as_secs_f64());
        let measured = Measured { loss: measures.loss(), accuracy: measures.accuracy() };
        if !measured.loss.is_finite() {
            return Err(self.diverged(format!("the validation loss became {}", measured.loss), self.steps));
        }
        Ok(Some(Some(measured)))
    }

    fn complete_epoch(&mut self, validation: Option<Measured>) -> EpochRecord {
        let wall_seconds = self.wall_seconds();
        let position = &mut self.position;
        let running = std::mem::take(&mut position.running);
        position.epoch += 1;
        position.step_in_epoch = 0;
        let record = EpochRecord {
            epoch: position.epoch,
            steps: position.step,
            train_loss: running.mean_loss(),
            train_accuracy: running.accuracy(),
            validation_loss: validation.map(|measured| measured.loss),
            validation_accuracy: validation.map(|measured| measured.accuracy),
            learning_rate: self.optimiser.learning_rate(),
            images_per_second: running.images_per_second(),
            seconds: running.seconds,
            wall_seconds,
        };
        position.last = Some(record.clone());
        record
    }

    /// On the test images with the last weights; where they are also the validation images, that has just been done.
    fn measure_test(&mut self, stop: &AtomicBool) -> Result<Option<Measured>, TrainError> {
        if let Some(EpochRecord { validation_loss: Some(loss), validation_accuracy: Some(accuracy), .. }) =
            self.position.last
            && self.partition.validates_on_test
        {
            return Ok(Some(Measured { loss, accuracy }));
        }
        let Some(measures) = self.test.measure(self.executor, stop) else { return Ok(None) };
        let measured = Measured { loss: measures.loss(), accuracy: measures.accuracy() };
        if !measured.loss.is_finite() {
            return Err(self.diverged(format!("the test loss became {}", measured.loss), 0));
        }
        Ok(Some(measured))
    }

    /// Refuses parameters that are finite but give nothing finite.
    fn probe(&mut self) -> Result<(), TrainError> {
        if let Some(measures) = self.probe.measure(self.executor, &AtomicBool::new(false))
            && !measures.loss().is_finite()
        {
            let what = format!("the loss on training images became {}", measures.loss());
            return Err(self.diverged(what, self.position.step_in_epoch));
        }
        Ok(())
    }

    /// Keeps the state, unless it is no good.
    fn save(&mut self, keeper: &mut dyn Keeper) -> Result<(), TrainError> {
        self.position.wall_seconds = self.wall_seconds();
        let state = self.executor.state();
        for (values, what) in [
            (&state.parameters, "a weight"),
            (&state.first_moment, "a mean of gradients"),
            (&state.second_moment, "a mean of squared gradients"),
        ] {
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(self.diverged(format!("{what} became {value}"), self.position.step_in_epoch));
            }
        }
        keeper.save(&Checkpoint { state, position: self.position.clone() })?;
        Ok(())
    }

    fn step_event(&self) -> StepEvent {
        StepEvent {
            epoch: self.position.epoch + 1,
            epochs: self.epochs,
            step: self.position.step_in_epoch,
            steps: self.steps,
            running: self.position.running,
            left: self.time_left(),
        }
    }

    fn time_left(&self) -> Option<Duration> {
        if self.clock.steps == 0 {
            return None;
        }
        let epochs = self.epochs.saturating_sub(self.position.epoch);
        let steps = (epochs * self.steps).saturating_sub(self.position.step_in_epoch) as f64;
        let measuring = epochs as f64 * self.clock.measuring_seconds.unwrap_or(0.0);
        let seconds = steps * self.clock.step_seconds / self.clock.steps as f64 + measuring;
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn diverged(&self, what: String, step: usize) -> TrainError {
        // A checkpoint at the end of an epoch is written when the position is already at the next.
        let complete = step == 0 && self.position.epoch > 0;
        TrainError::Diverged {
            what,
            epoch: self.position.epoch + usize::from(!complete),
            step: if complete { self.steps } else { step },
            steps: self.steps,
            learning_rate: self.optimiser.learning_rate(),
        }
    }
}

#[cfg(test)]
mod tests;
