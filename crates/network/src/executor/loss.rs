//! Softmax joined with categorical cross-entropy.

use crate::executor::softmax::{self, Softmax};
use crate::executor::{Batch, Mixed, StepOptions, StepResult};

/// What a training step wants the probabilities to be.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// Classes, `[n]`.
    pub labels: &'a [u8],
    /// What other images have been mixed in, if any.
    pub mixed: Option<Mixed<'a>>,
    /// Share that all classes divide among themselves (Szegedy et al., 2016), from 0 to 1.
    pub smoothing: f64,
    /// How much the loss of an image counts, by class, `[classes]`; without, each counts 1.
    pub class_weights: Option<&'a [f64]>,
}

impl<'a> Targets<'a> {
    /// Of the images of a batch in a training step.
    pub fn new(batch: &Batch<'a>, options: &StepOptions) -> Self {
        let Batch { labels, mixed, class_weights, .. } = *batch;
        Self { labels, mixed, smoothing: options.label_smoothing, class_weights }
    }

    /// Of one image.
    pub fn of_image(&self, image: usize) -> Target {
        let rest = 1.0 - self.smoothing;
        let mixed = self.mixed.map_or((0, 0.0), |mixed| (mixed.labels[image].into(), mixed.shares[image].into()));
        let (mixed_label, share): (usize, f64) = mixed;
        let label = usize::from(self.labels[image]);
        let weight = self.class_weights.map_or(1.0, |of| (1.0 - share) * of[label] + share * of[mixed_label]);
        Target {
            label: (label, rest * (1.0 - share)),
            mixed: (mixed_label, rest * share),
            smoothing: self.smoothing,
            weight,
        }
    }
}

/// What the probabilities of one image should be, a sum of three distributions over the classes, and how much it counts.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The image's class, and how much of the probability it should have for itself.
    label: (usize, f64),
    /// The class of what is mixed in, and how much it should have for itself.
    mixed: (usize, f64),
    /// How much all classes should divide among themselves.
    smoothing: f64,
    /// The mean of the weights of both classes, by their parts in the image. Smoothing has no say: it is alike for all images.
    weight: f64,
}

impl Target {
    /// The class that has the larger part in the image.
    pub fn class(&self) -> usize {
        if self.mixed.1 > self.label.1 { self.mixed.0 } else { self.label.0 }
    }

    /// What the probability of one of `classes` classes should be.
    pub fn probability(&self, class: usize, classes: usize) -> f64 {
        let of = |(label, share): (usize, f64)| if class == label { share } else { 0.0 };
        of(self.label) + of(self.mixed) + self.smoothing / classes as f64
    }

    /// How much the loss of the image counts: 1 where classes have no weights.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Cross-entropy of logits `[classes]` against it, in nats: Σ target · (ln Σ exp(logit) - logit).
    fn cross_entropy(&self, logits: &[f32]) -> f64 {
        let all = softmax::log_sum_exp(logits, 1.0);
        // What has no share has no say, even where its logit is infinite.
        let of = |share: f64, logit: f64| if share > 0.0 { share * (all - logit) } else { 0.0 };
        let of_class = |(class, share): (usize, f64)| of(share, logits[class].into());
        let mean = logits.iter().map(|&logit| f64::from(logit)).sum::<f64>() / logits.len() as f64;
        of_class(self.label) + of_class(self.mixed) + of(self.smoothing, mean)
    }
}

/// Mean of weight · cross-entropy of logits `[n, classes]` against soft targets, and how many are correct: predicted is the class
/// that has the larger part in the image. The sum is divided by n, not by the sum of the weights, so that an image counts alike
/// in whatever batch it is. The logits are replaced by the gradient of that mean, weight · (softmax - target) / n.
pub fn cross_entropy_backward(logits: &mut [f32], targets: &Targets<'_>, classes: usize) -> StepResult {
    let mut result = StepResult::default();
    let count = targets.labels.len().max(1) as f64;
    for (image, row) in logits.chunks_exact_mut(classes).take(targets.labels.len()).enumerate() {
        let target = targets.of_image(image);
        result.loss += target.weight * target.cross_entropy(row);
        result.correct += usize::from(softmax::predicted(row) == target.class());

        let softmax = Softmax::of(row, 1.0);
        let scale = target.weight / count;
        for (class, logit) in row.iter_mut().enumerate() {
            let probability = softmax.probability(*logit);
            *logit = ((probability - target.probability(class, classes)) * scale) as f32;
        }
    }
    result.loss /= count;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean cross-entropy, and how many are correct, of logits `[n, classes]` with labels `[n]`.
    ///
    /// The sum is in f64, image after image, so it has one order.
    fn cross_entropy(logits: &[f32], labels: &[u8], classes: usize) -> StepResult {
        let mut result = StepResult::default();
        for (row, &label) in logits.chunks_exact(classes).zip(labels) {
            let label = usize::from(label);
            result.loss += softmax::cross_entropy(row, label, 1.0);
            result.correct += usize::from(softmax::predicted(row) == label);
        }
        result.loss /= labels.len().max(1) as f64;
        result
    }

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_classes() {
        let result = cross_entropy(&[0.0; 20], &[0, 7], 10);
        assert!((result.loss - 10f64.ln()).abs() < 1e-12);
        assert_eq!(result.correct, 1);
    }

    #[test]
    fn large_logits_neither_overflow_nor_lose_the_loss() {
        let result = cross_entropy(&[1000.0, 0.0, -1000.0], &[1], 3);
        assert!((result.loss - 1000.0).abs() < 1e-9);
        assert_eq!(result.correct, 0);
    }

    #[test]
    fn a_logit_that_is_not_a_number_makes_the_loss_so() {
        assert!(!cross_entropy(&[f32::NAN, 0.0], &[1], 2).loss.is_finite());
        assert!(!cross_entropy(&[f32::INFINITY, 0.0], &[1], 2).loss.is_finite());
    }

    #[test]
    fn without_mixing_and_smoothing_the_loss_is_that_of_the_labels() {
        let logits = [0.3f32, -1.2, 0.8, 2.0, 0.1, -0.4];
        let targets = Targets { labels: &[2, 1], mixed: None, smoothing: 0.0, class_weights: None };
        assert_eq!(cross_entropy_backward(&mut logits.clone(), &targets, 3), cross_entropy(&logits, &[2, 1], 3));
    }

    #[test]
    fn correct_is_the_class_that_has_the_larger_part() {
        let logits = [0.0f32, 5.0, 1.0];
        for (share, correct) in [(0.4, 0), (0.6, 1)] {
            let mixed = Some(Mixed { labels: &[1], shares: &[share] });
            let targets = Targets { labels: &[0], mixed, smoothing: 0.1, class_weights: None };
            assert_eq!(cross_entropy_backward(&mut logits.clone(), &targets, 3).correct, correct, "{share}");
        }
    }

    #[test]
    fn targets_sum_to_one() {
        let mixed = Mixed { labels: &[4, 1], shares: &[0.3, 0.9] };
        let targets = Targets { labels: &[2, 1], mixed: Some(mixed), smoothing: 0.1, class_weights: None };
        for image in 0..2 {
            let target = targets.of_image(image);
            let sum: f64 = (0..5).map(|class| target.probability(class, 5)).sum();
            assert!((sum - 1.0).abs() < 1e-15, "{sum}");
        }
    }

    #[test]
    fn an_image_counts_as_much_as_the_classes_in_it() {
        let loss = |label: u8, mixed, class_weights| {
            let targets = Targets { labels: &[label], mixed, smoothing: 0.1, class_weights };
            cross_entropy_backward(&mut [0.3, -1.2, 0.8], &targets, 3).loss
        };
        let weights = [0.5, 3.0, 1.0];
        for (label, mixed, weight) in [
            (1, None, 3.0),
            (2, None, 1.0),
            (0, Some(Mixed { labels: &[1], shares: &[0.25] }), 0.75 * 0.5 + 0.25 * 3.0),
        ] {
            let (weighted, plain) = (loss(label, mixed, Some(&weights)), loss(label, mixed, None));
            assert!((weighted - weight * plain).abs() < 1e-12, "{weighted} is not {weight} times {plain}");
        }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let logits = [0.3f32, -1.2, 0.8, 2.0, 0.1, -0.4];
        let mixed = Mixed { labels: &[1, 0], shares: &[0.25, 0.5] };
        let weights = Some(&[0.5, 3.0, 1.25][..]);
        for (mixed, smoothing, class_weights) in [
            (None, 0.0, None),
            (None, 0.2, None),
            (Some(mixed), 0.0, None),
            (Some(mixed), 0.2, None),
            (None, 0.0, weights),
            (Some(mixed), 0.2, weights),
        ] {
            let targets = Targets { labels: &[2, 0], mixed, smoothing, class_weights };
            let mut gradient = logits;
            cross_entropy_backward(&mut gradient, &targets, 3);
            for index in 0..logits.len() {
                let shifted = |by: f32| {
                    let mut copy = logits;
                    copy[index] += by;
                    cross_entropy_backward(&mut copy, &targets, 3).loss
                };
                let slope = (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
                assert!((slope - f64::from(gradient[index])).abs() < 1e-4);
            }
        }
    }
}
