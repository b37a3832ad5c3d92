//! How unlike all training images an image is, by its features.
//!
//! Features of each class are taken as normal, with a covariance that all classes share (Lee et al., 2018). Far is what is far
//! from the nearest mean of a class; but most of that to the mean of all is taken off, since what images of all classes differ
//! in says little (Ren et al., 2021). So many as 128 features are looked at: where there are more, each is added, under a sign
//! that is drawn once for ever, to one of 128 sums, which keeps distances about as they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use modiste_data::{Loader, Scaling, Subset, sample};
use modiste_network::Executor;
use modiste_network::familiarity::{Familiarity, MOST_COLUMNS, QUANTILES};

use super::cholesky::Cholesky;
use super::temperature::LEAST_IMAGES;

/// Images whose features are looked at, of each part.
pub const LOOKED_AT: usize = 5_000;

/// How much of the distance to the mean of all is taken off that to the nearest class. Without any, digits pass for garments
/// more often; if all is, noise does.
const OF_ALL: f64 = 0.8;

/// The quantile from which on to the last one distances are measured by that go beyond it.
const TAIL: usize = 90;

/// Measures how far images are from those that a network was trained on.
#[derive(Clone, Debug)]
pub struct Gauge {
    sketch: Sketch,
    /// Of the classes, whitened by `within`, one behind the other.
    means: Vec<f64>,
    /// The mean of them as they are.
    centre: Vec<f64>,
    /// Around the mean of a class.
    within: Cholesky,
    /// Around the mean of all.
    overall: Cholesky,
    quantiles: Vec<f64>,
}

impl Gauge {
    /// By what a model keeps, for so many features; `None` where these are no numbers to measure by.
    pub fn new(kept: &Familiarity, features: usize) -> Option<Self> {
        let Familiarity { columns, means, covariance, quantiles } = kept;
        let sketch = Sketch::of(features);
        let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        let (mut means, covariance, quantiles) = (wide(means), wide(covariance), wide(quantiles));
        if sketch.columns != *columns || means.is_empty() || quantiles.len() != QUANTILES {
            return None;
        }
        let classes = (means.len() / columns) as f64;
        let centre: Vec<f64> =
            (0..*columns).map(|column| means.iter().skip(column).step_by(*columns).sum::<f64>() / classes).collect();
        let mut overall = covariance.clone();
        for mean in means.chunks_exact(*columns) {
            let around: Vec<f64> = mean.iter().zip(&centre).map(|(value, centre)| value - centre).collect();
            add_products(&mut overall, &around, 1.0 / classes);
        }
        let (within, overall) = (Cholesky::of(*columns, &covariance)?, Cholesky::of(*columns, &overall)?);
        means.chunks_exact_mut(*columns).for_each(|mean| within.whiten(mean));
        Some(Self { sketch, means, centre, within, overall, quantiles })
    }

    /// The share of images of the kind that the network was trained on that are nearer than one with these features: from 0 to
    /// 1. Beyond what all but a hundredth of them reach it rises ever more slowly, and tells far from farther.
    pub fn unfamiliar(&self, features: &[f32]) -> f64 {
        let distance = self.distance(features);
        let reached = self.quantiles.partition_point(|&quantile| quantile <= distance);
        let Some(below) = reached.checked_sub(1) else { return 0.0 };
        let beyond = distance - self.quantiles[below];
        let hundredth = 1.0 / QUANTILES as f64;
        match self.quantiles.get(reached) {
            Some(next) => (below as f64 + beyond / (next - self.quantiles[below])) * hundredth,
            None => {
                let unit = (self.quantiles[below] - self.quantiles[TAIL]).max(f64::MIN_POSITIVE);
                1.0 - hundredth / (1.0 + beyond / unit)
            }
        }
    }

    fn distance(&self, features: &[f32]) -> f64 {
        let mut whitened = self.sketch.sums(features);
        let mut around: Vec<f64> = whitened.iter().zip(&self.centre).map(|(value, centre)| value - centre).collect();
        self.within.whiten(&mut whitened);
        self.overall.whiten(&mut around);
        let to_mean = |mean: &[f64]| mean.iter().zip(&whitened).map(|(one, other)| (one - other).powi(2)).sum::<f64>();
        let nearest = self.means.chunks_exact(whitened.len()).map(to_mean).fold(f64::INFINITY, f64::min);
        nearest - OF_ALL * around.iter().map(|value| value * value).sum::<f64>()
    }
}

/// Looks at images that a network has learned from, and at others of the same kind, if there are enough of them, for what is
/// usual: those that were learned from lie nearer than others. `Some(None)` where the network's features tell nothing; `None` if
/// `stop` became true before the end.
pub fn look(
    executor: &mut dyn Executor,
    train: &Subset,
    held_out: Option<&Subset>,
    scaling: Scaling,
    seed: u64,
    stop: &AtomicBool,
) -> Option<Option<Familiarity>> {
    let train = train.sample(LOOKED_AT, seed);
    let learned = features(executor, &train, scaling, stop)?;
    let labels = train.indices.iter().map(|&index| train.images.labels()[index as usize]).collect::<Vec<_>>();
    let others = match held_out.filter(|images| images.len() >= LEAST_IMAGES) {
        Some(images) => features(executor, &images.sample(LOOKED_AT, seed), scaling, stop)?,
        None => learned.clone(),
    };
    Some(fitted(executor.network().feature_count(), &learned, &labels, &others))
}

/// What the last layer takes of each image, `[n, feature_count]`.
fn features(executor: &mut dyn Executor, subset: &Subset, scaling: Scaling, stop: &AtomicBool) -> Option<Vec<f32>> {
    let columns = executor.network().feature_count();
    let loader = Loader::new(Arc::clone(&subset.images), scaling, executor.batch_size());
    let mut all = Vec::with_capacity(subset.len() * columns);
    for batch in loader.batches(Arc::clone(&subset.indices), 0) {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let begin = all.len();
        all.resize(begin + batch.len() * columns, 0.0);
        executor.features(batch.images(), &mut all[begin..]);
    }
    Some(all)
}

/// From so many features of images that were learned from, with their labels, and of others: what a model keeps of them.
fn fitted(features: usize, learned: &[f32], labels: &[u8], others: &[f32]) -> Option<Familiarity> {
    let sketch = Sketch::of(features);
    let columns = sketch.columns;
    let rows: Vec<Vec<f64>> = learned.chunks_exact(features).map(|row| sketch.sums(row)).collect();
    let mut means = vec![(0_u32, vec![0.0; columns]); 1 + usize::from(u8::MAX)];
    for (row, &label) in rows.iter().zip(labels) {
        let (count, sums) = &mut means[usize::from(label)];
        *count += 1;
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    for (count, sums) in &mut means {
        sums.iter_mut().for_each(|sum| *sum /= f64::from((*count).max(1)));
    }
    let mut covariance = vec![0.0; columns * (columns + 1) / 2];
    for (row, &label) in rows.iter().zip(labels) {
        let mean = &means[usize::from(label)].1;
        let around: Vec<f64> = row.iter().zip(mean).map(|(value, mean)| value - mean).collect();
        add_products(&mut covariance, &around, 1.0 / rows.len() as f64);
    }
    even_out(&mut covariance, columns, rows.len());
    let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
    let mut kept = Familiarity {
        columns,
        means: means.iter().filter(|(count, _)| *count > 0).flat_map(|(_, mean)| narrow(mean)).collect(),
        covariance: narrow(&covariance),
        quantiles: vec![0.0; QUANTILES],
    };
    // By the numbers as they are kept, so that quantiles are of the distances that are measured later.
    let gauge = Gauge::new(&kept, features)?;
    let mut distances: Vec<f64> = others.chunks_exact(features).map(|row| gauge.distance(row)).collect();
    distances.sort_by(f64::total_cmp);
    for (hundredths, quantile) in kept.quantiles.iter_mut().enumerate() {
        *quantile = *distances.get(distances.len() * hundredths / QUANTILES)? as f32;
    }
    let all = kept.means.iter().chain(&kept.covariance).chain(&kept.quantiles);
    all.into_iter().all(|value| value.is_finite()).then_some(kept)
}

/// Takes the covariance of few images as less certain: as if as many more as there are columns lay alike in all directions.
fn even_out(covariance: &mut [f64], columns: usize, images: usize) {
    let diagonal = |row: usize| row * (row + 3) / 2;
    let mean = (0..columns).map(|row| covariance[diagonal(row)]).sum::<f64>() / columns as f64;
    let share = columns as f64 / (columns + images) as f64;
    covariance.iter_mut().for_each(|value| *value *= 1.0 - share);
    (0..columns).for_each(|row| covariance[diagonal(row)] += share * mean);
}

/// Adds `weight` v vᵀ to the lower triangle of a matrix, row by row.
fn add_products(triangle: &mut [f64], vector: &[f64], weight: f64) {
    let mut at = 0;
    for (row, value) in vector.iter().enumerate() {
        for (entry, other) in triangle[at..].iter_mut().zip(&vector[..=row]) {
            *entry += weight * value * other;
        }
        at += row + 1;
    }
}

/// Brings many features down to few.
#[derive(Clone, Debug)]
struct Sketch {
    columns: usize,
    /// Of each feature, whether it is taken off its sum.
    is_negative: Vec<bool>,
}

impl Sketch {
    fn of(features: usize) -> Self {
        let mut is_negative = vec![false; features];
        if features > MOST_COLUMNS {
            sample(features / 2, features, 0).into_iter().for_each(|feature| is_negative[feature] = true);
        }
        Self { columns: features.min(MOST_COLUMNS), is_negative }
    }

    fn sums(&self, features: &[f32]) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        for (index, (&value, &is_negative)) in features.iter().zip(&self.is_negative).enumerate() {
            let value = f64::from(value);
            sums[index % self.columns] += if is_negative { -value } else { value };
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of two classes, far from each other, each spread a little: `count` of so many features, from a number on.
    fn images(features: usize, count: usize, from: usize) -> (Vec<f32>, Vec<u8>) {
        let labels: Vec<u8> = (0..count).map(|image| (image % 2) as u8).collect();
        let value = |image: usize, column: usize| {
            let spread = ((image * 31 + column * 17 + image * column * 7) % 101) as f32 / 101.0 - 0.5;
            spread + if column % 2 == image % 2 { 8.0 } else { 0.0 }
        };
        ((from..from + count).flat_map(|image| (0..features).map(move |column| value(image, column))).collect(), labels)
    }

    fn gauge(features: usize) -> Gauge {
        let (learned, labels) = images(features, 600, 0);
        let (others, _) = images(features, 400, 600);
        Gauge::new(&fitted(features, &learned, &labels, &others).unwrap(), features).unwrap()
    }

    #[test]
    fn what_is_like_training_images_is_spread_evenly_and_what_is_not_is_far() {
        for features in [6, 300] {
            let gauge = gauge(features);
            let found: Vec<f64> =
                images(features, 500, 1000).0.chunks_exact(features).map(|row| gauge.unfamiliar(row)).collect();
            for share in [0.25, 0.5, 0.75] {
                let below = found.iter().filter(|&&value| value < share).count() as f64 / found.len() as f64;
                assert!((below - share).abs() < 0.1, "{below} of {features} features are below {share}");
            }
            // Between the classes, where no training image lies; and far away from both.
            for stranger in [vec![4.0; features], vec![100.0; features]] {
                let value = gauge.unfamiliar(&stranger);
                assert!((0.99..1.0).contains(&value), "{value}");
            }
        }
    }

    #[test]
    fn farther_is_less_familiar_and_never_quite_unlike() {
        let gauge = gauge(6);
        let values: Vec<f64> =
            (0..60).map(|step| gauge.unfamiliar(&[8.0 + step as f32, 0.0, 8.0, 0.0, 8.0, 0.0])).collect();
        assert!(values.is_sorted() && values[59] < 1.0 && values[59] > values[30], "{values:?}");
    }

    #[test]
    fn features_that_say_nothing_make_nothing() {
        assert_eq!(fitted(3, &[1.0; 30], &[0; 10], &[1.0; 30]), None);
        assert_eq!(fitted(3, &[f32::NAN; 30], &[0; 10], &[1.0; 30]), None);
        assert_eq!(fitted(3, &[], &[], &[]), None);
    }
}
