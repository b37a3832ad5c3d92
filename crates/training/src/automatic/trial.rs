//! How good a recipe is on the images at hand: tried on halves of them.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use modiste_data::{Subset, stratified_split};
use modiste_executors::Device;
use modiste_network::executor::initialisation::glorot_uniform;
use modiste_network::{Network, Recipe, State};

use crate::splits::Splits;
use crate::trainer::{Ended, TrainError, Trainer};

/// Steps by which a recipe shows what it is good for.
const STEPS: usize = 300;

/// Images of a half from which on it is measure enough by itself.
const ENOUGH: usize = 250;

/// What came of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Images it was measured on.
    pub(super) images: usize,
    /// How many of them were right.
    pub(super) right: usize,
}

/// What a recipe makes of training images that it has not learned from: it learns from one half and is measured on the other, and
/// the other way round where halves are small. Each half has of each class its part, by the recipe's seed.
///
/// # Errors
/// When training diverges.
pub(super) fn of(
    recipe: &Recipe,
    network: &Network,
    train: &Subset,
    device: &Device,
    stop: &AtomicBool,
) -> Result<Outcome, TrainError> {
    let seed = recipe.training.seed;
    let labels: Vec<u8> = train.indices.iter().map(|&index| train.images.labels()[index as usize]).collect();
    let split = stratified_split(&labels, network.classes, 0.5, seed);
    let half = |places: &[u32]| {
        let indices: Vec<u32> = places.iter().map(|&place| train.indices[place as usize]).collect();
        Subset::new(&train.images, indices)
    };
    let halves = [half(&split.train), half(&split.validation)];
    let mut outcome = Outcome { images: 0, right: 0 };
    for (learned, tested) in [(0, 1), (1, 0)] {
        let (learned, tested) = (&halves[learned], &halves[tested]);
        if learned.len() < 2 || tested.is_empty() || outcome.images >= ENOUGH {
            continue;
        }
        let splits =
            Splits { train: learned.clone(), validation: None, test: tested.clone(), validates_on_test: false };
        let mut recipe = recipe.clone();
        recipe.training.batch = recipe.training.batch.min(learned.len());
        recipe.training.epochs = STEPS.div_ceil(learned.len().div_ceil(recipe.training.batch));
        let mut executor = device.compile(network, recipe.training.batch, seed);
        executor.set_state(&State::fresh(glorot_uniform(network, seed)));
        let clock = Instant::now();
        let mut trainer = Trainer::new(executor.as_mut(), &recipe, &splits, &clock)?;
        if let Ended::Finished(scores) = trainer.run(&mut (), &mut (), stop)? {
            outcome.images += tested.len();
            outcome.right += (scores.test.accuracy * tested.len() as f64).round() as usize;
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use modiste_sources::{Silent, Source, load};

    use super::*;

    #[test]
    fn a_recipe_that_learns_gets_more_right_than_one_that_does_not() {
        let set = load(&Source::DrawnGarments, None, &Silent).unwrap();
        let train = Subset::new(&set.train, (0..101).collect::<Vec<u32>>());
        let device = Device::cpu(1).unwrap();
        let of_rate = |rate: f64| {
            let recipe = format!(
                "name = 'a'\nlayers = [{{ type = 'flatten' }}, {{ type = 'dense', activation = 'softmax' }}]\n[optimiser]\n\
                 type = 'adam'\nlearning_rate = {rate}\n[training]\nepochs = 1\nbatch = 50"
            );
            let recipe = Recipe::parse(&recipe, "text").unwrap();
            let network = Network::new(&recipe.layers, set.train.shape(), 10).unwrap();
            of(&recipe, &network, &train, &device, &AtomicBool::new(false)).unwrap().right
        };
        let (learned, unlearned) = (of_rate(0.003), of_rate(1e-9));
        assert!(learned > 40 && unlearned < 20, "{learned} and {unlearned} of 101");
    }
}
