//! What several runs of one experiment came to, together.

use serde::Serialize;

use super::result::RunResult;

/// Values of several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the sample, by one less than the number of values; a single value has none.
    pub deviation: Option<f64>,
    /// The least value.
    pub least: f64,
    /// The largest value.
    pub most: f64,
}

impl Spread {
    /// Of these values; there is none of nothing.
    pub fn of(values: &[f64]) -> Option<Self> {
        let &first = values.first()?;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self {
            mean,
            deviation: (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt()),
            least: values.iter().copied().fold(first, f64::min),
            most: values.iter().copied().fold(first, f64::max),
        })
    }
}

/// Runs that differ in their seeds alone. Losses are mean cross-entropies in nats, accuracies shares of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeedAggregate {
    /// Name of the recipe.
    pub recipe: String,
    /// Name of the data set.
    pub data: String,
    /// Only the first so many training images were used.
    pub limit: Option<usize>,
    /// The seed of each run.
    pub seeds: Vec<u64>,
    /// Epochs that were done: not all alike where patience may end a run.
    pub epochs: Spread,
    /// All values that are kept: those that were trained, and the running means and variances of batch normalisation.
    pub parameters: usize,
    /// Of the forward pass, per image, computed directly.
    pub multiply_adds: u64,
    /// On the test images.
    pub test_accuracy: Spread,
    /// On the test images.
    pub test_loss: Spread,
    /// In the last epoch, as training goes.
    pub train_accuracy: Spread,
    /// Of what the runs ended with, on training images as they are.
    pub fitted_train_accuracy: Spread,
    /// [`SeedAggregate::fitted_train_accuracy`] less the test accuracy.
    pub gap: Spread,
    /// Of what the runs ended with, if there were validation images.
    pub validation_accuracy: Option<Spread>,
    /// Of each run, from its own start.
    pub wall_seconds: Spread,
    /// Each run's own result.
    pub runs: Vec<RunResult>,
}

impl SeedAggregate {
    /// Of runs of the same recipe and data; there is none of no runs.
    pub fn new(runs: Vec<RunResult>) -> Option<Self> {
        let of = |value: fn(&RunResult) -> f64| Spread::of(&runs.iter().map(value).collect::<Vec<_>>());
        let first = runs.first()?;
        let validation: Option<Vec<f64>> = runs.iter().map(|run| run.validation_accuracy).collect();
        Some(Self {
            recipe: first.recipe.clone(),
            data: first.data.clone(),
            limit: first.limit,
            seeds: runs.iter().map(|run| run.seed).collect(),
            epochs: of(|run| run.epochs as f64)?,
            parameters: first.parameters,
            multiply_adds: first.multiply_adds,
            test_accuracy: of(|run| run.test_accuracy)?,
            test_loss: of(|run| run.test_loss)?,
            train_accuracy: of(|run| run.train_accuracy)?,
            fitted_train_accuracy: of(|run| run.fitted_train_accuracy)?,
            gap: of(RunResult::gap)?,
            validation_accuracy: validation.and_then(|values| Spread::of(&values)),
            wall_seconds: of(|run| run.wall_seconds)?,
            runs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_that_of_a_sample() {
        let spread = Spread::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((spread.mean, spread.least, spread.most), (5.0, 2.0, 9.0));
        assert!((spread.deviation.unwrap() - (32.0_f64 / 7.0).sqrt()).abs() < 1e-15);
        let single = Spread { mean: 0.5, deviation: None, least: 0.5, most: 0.5 };
        assert_eq!((Spread::of(&[0.5]), Spread::of(&[])), (Some(single), None));
    }
}
