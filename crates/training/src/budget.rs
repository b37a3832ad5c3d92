//! Training within a given time: as many epochs as this machine has the time for, measured before it begins.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use modiste_data::{Loader, shuffled};
use modiste_executors::Device;
use modiste_inference::Evaluator;
use modiste_inference::familiarity::LOOKED_AT;
use modiste_network::executor::initialisation::glorot_uniform;
use modiste_network::{Batch, Executor, Mixed, State, StepOptions};

use crate::experiment::Prepared;
use crate::trainer::fitted_images;

/// Time for which steps are measured, if the budget does not ask for less.
const MEASURED: Duration = Duration::from_millis(1000);
/// The largest share of the budget for that.
const MEASURED_SHARE: u32 = 20;
/// Test images whose classification is measured.
const CLASSIFIED: usize = 200;
/// Share of the budget that is planned: what is left covers what comes between steps, and a machine that is less alone later.
const PLANNED: f64 = 0.85;

/// The time is too short for a single epoch.
#[derive(Debug, thiserror::Error)]
#[error(
    "a pass over the training images and the measurement at the end take {needed} s on this machine, more than the {given} s \
     there are: give at least {needed} s, or train on fewer images by --limit"
)]
pub struct TooLittleTime {
    needed: u64,
    given: u64,
}

/// What parts of a run take on this machine.
struct Pace {
    step: f64,
    /// One image, by all views.
    classified: f64,
}

impl Prepared {
    /// The same with fewer epochs, where so many would take longer than `budget` from now on, with the measurement at the end.
    ///
    /// # Errors
    /// When not even one is likely to fit.
    pub fn within(mut self, budget: Duration, device: &Device) -> Result<Self, TooLittleTime> {
        let begun = Instant::now();
        let pace = self.pace(device, MEASURED.min(budget / MEASURED_SHARE));
        let (recipe, splits) = (&self.experiment.recipe, &self.splits);
        let training = &recipe.training;
        let validated = splits.validation.as_ref().map_or(0, |images| images.len());
        let steps = splits.train.len().div_ceil(training.batch);
        let epoch = steps as f64 * pace.step + validated as f64 * pace.classified;
        let fitted = fitted_images(training.epochs, splits.train.len()).min(splits.train.len());
        let looked_at = splits.train.len().min(LOOKED_AT) + validated.min(LOOKED_AT);
        let measured = splits.test.len() + validated + fitted + looked_at;
        let end = measured as f64 * pace.classified;
        let left = budget.saturating_sub(begun.elapsed()).as_secs_f64();
        let epochs = (left * PLANNED - end) / epoch;
        if epochs < 1.0 {
            let needed = (begun.elapsed().as_secs_f64() + (epoch + end) / PLANNED).ceil() as u64 + 1;
            return Err(TooLittleTime { needed, given: budget.as_secs() });
        }
        let training = &mut self.experiment.recipe.training;
        if (epochs as usize) < training.epochs {
            training.epochs = epochs as usize;
            self.experiment.comments.retain(|comment| comment.field != "training.epochs");
        }
        Ok(self)
    }

    /// Measured for about `time`, on a network that is thrown away.
    fn pace(&self, device: &Device, time: Duration) -> Pace {
        let (recipe, splits) = (&self.experiment.recipe, &self.splits);
        let mut executor = device.compile(&self.network, self.batch_size(), recipe.training.seed);
        executor.set_state(&State::fresh(glorot_uniform(&self.network, recipe.training.seed)));
        let step = self.step_seconds(executor.as_mut(), time);
        let images = splits.test.first(CLASSIFIED);
        let begun = Instant::now();
        Evaluator::new(&images, recipe, executor.batch_size()).measure(executor.as_mut(), &AtomicBool::new(false));
        Pace { step, classified: begun.elapsed().as_secs_f64() / images.len().max(1) as f64 }
    }

    /// Seconds of a step. The first one, which touches memory for the first time, does not count.
    fn step_seconds(&self, executor: &mut dyn Executor, time: Duration) -> f64 {
        let (recipe, splits) = (&self.experiment.recipe, &self.splits);
        let seed = recipe.training.seed;
        let loader = Loader::new(Arc::clone(&splits.train.images), recipe.data.scaling, recipe.training.batch)
            .augmented(recipe.augmentation, seed);
        let (mut steps, mut begun) = (0_u32, Instant::now());
        for epoch in 0.. {
            let order: Arc<[u32]> = shuffled(&splits.train.indices, seed, epoch).into();
            for batch in loader.augmented_batches(order, epoch, 0) {
                let mixed = batch.mixed().map(|(labels, shares)| Mixed { labels, shares });
                let options = StepOptions::of(recipe, u64::from(steps), u64::MAX);
                executor.train_step(Batch { mixed, ..Batch::new(batch.images(), batch.labels()) }, &options);
                if steps == 0 {
                    begun = Instant::now();
                } else if begun.elapsed() >= time {
                    return begun.elapsed().as_secs_f64() / f64::from(steps);
                }
                steps += 1;
            }
        }
        unreachable!("epochs have no end")
    }
}

#[cfg(test)]
mod tests {
    use modiste_data::Dataset;
    use modiste_network::Recipe;
    use modiste_sources::{Silent, Source, load};

    use super::*;
    use crate::experiment::Experiment;
    use crate::runs::run_source::RunSource;

    fn prepared() -> Prepared {
        let recipe = "
            name = 'small'
            layers = [{ type = 'flatten' }, { type = 'dense', activation = 'softmax' }]
            [training]
            epochs = 1000000
            batch = 100
        ";
        let dataset: Dataset = load(&Source::DrawnGarments, None, &Silent).unwrap();
        let source = RunSource::new(&dataset, &Source::DrawnGarments, None, Some(500)).unwrap();
        let recipe = Recipe::parse(recipe, "text").unwrap();
        Experiment { recipe, comments: Vec::new(), dataset, source, start: None }.prepare().unwrap()
    }

    #[test]
    fn epochs_are_as_many_as_there_is_time_for_and_no_more_than_the_recipe_has() {
        let device = Device::cpu(1).unwrap();
        let epochs = |budget| prepared().within(budget, &device).map(|prepared| prepared.recipe().training.epochs);
        assert!(epochs(Duration::from_nanos(1)).unwrap_err().to_string().contains("give at least"));
        assert_eq!(epochs(Duration::from_secs(1 << 32)).unwrap(), 1_000_000);
        assert!((1..1_000_000).contains(&epochs(Duration::from_secs(20)).unwrap()));
    }
}
