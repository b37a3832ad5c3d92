//! What a run takes of memory: planned before anything is trained, so that it can be refused.

use std::sync::Arc;

use modiste_data::Loader;
use modiste_executors::Device;
use modiste_network::{Keep, Network, Recipe};

use super::splits::Splits;

/// Images that are measured at a time at most, where fewer are trained.
const MEASURED: usize = 500;

/// Images that the executor of a run takes at a time: no more than are of use.
pub(super) fn batch_size(recipe: &Recipe, splits: &Splits) -> usize {
    recipe.training.batch.min(splits.train.len().max(MEASURED))
}

/// Bytes of memory that training takes at most, beside the data and the checkpoint that it goes on from.
pub(super) fn planned_bytes(device: &Device, network: &Network, recipe: &Recipe, splits: &Splits) -> u64 {
    let batch = batch_size(recipe, splits);
    let bytes = |values: usize| values as u64 * size_of::<f32>() as u64;
    let loader = Loader::new(Arc::clone(&splits.train.images), recipe.data.scaling, batch)
        .augmented(recipe.augmentation, recipe.training.seed);
    let view = if recipe.evaluation == Default::default() { 0 } else { batch * network.input.len() };
    let copies = match recipe.training.keep {
        // The state that training begins with.
        Keep::Last => 3,
        // The best epoch's parameters, and while they are measured what training had, and a state of them.
        Keep::Best => 1 + 3 + usize::from(recipe.training.average.is_some()) + 3,
    };
    device.planned_bytes(network, batch)
        + loader.planned_bytes(splits.train.len())
        + bytes(view)
        + bytes(copies * network.parameter_count())
}
