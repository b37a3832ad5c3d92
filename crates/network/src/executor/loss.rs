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
}

impl<'a> Targets<'a> {
    /// Of the images of a batch in a training step.
    pub fn new(batch: &Batch<'a>, options: &StepOptions) -> Self {
        Self { labels: batch.labels, mixed: batch.mixed, smoothing: options.label_smoothing }
    }

    /// Of one image.
    pub fn of_image(&self, image: usize) -> Target {
        let rest = 1.0 - self.smoothing;
        let mixed = self.mixed.map_or((0, 0.0), |mixed| (mixed.labels[image].into(), mixed.shares[image].into()));
        let (mixed_label, share): (usize, f64) = mixed;
        Target {
            label: (self.labels[image].into(), rest * (1.0 - share)),
            mixed: (mixed_label, rest * share),
            smoothing: self.smoothing,
        }
    }
}

/// What the probabilities of one image should be: a sum of three distributions over the classes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The image's class, and how much of the probability it should have for itself.
    label: (usize, f64),
    /// The class of what is mixed in, and how much it should have for itself.
    mixed: (usize, f64),
    /// How much all classes should divide among themselves.
    smoothing: f64,
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

/// Mean cross-entropy of logits `[n, classes]` against soft targets, and how many are correct: predicted is the class that has
/// the larger part in the image. The logits are replaced by the gradient of the mean loss, (softmax - target) / n.
pub fn cross_entropy_backward(logits: &mut [f32], targets: &Targets<'_>, classes: usize) -> StepResult {
    let mut result = StepResult::default();
    let count = targets.labels.len().max(1) as f64;
    for (image, row) in logits.chunks_exact_mut(classes).take(targets.labels.len()).enumerate() {
        let target = targets.of_image(image);
        result.loss += target.cross_entropy(row);
        result.correct += usize::from(softmax::predicted(row) == target.class());

        let softmax = Softmax::of(row, 1.0);
        for (class, logit) in row.iter_mut().enumerate() {
            let probability = softmax.probability(*logit);
            *logit = ((probability - target.probability(class, classes)) * (1.0 / count)) as f32;
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
        let targets = Targets { labels: &[2, 1], mixed: None, smoothing: 0.0 };
        assert_eq!(cross_entropy_backward(&mut logits.clone(), &targets, 3), cross_entropy(&logits, &[2, 1], 3));
    }

    #[test]
    fn correct_is_the_class_that_has_the_larger_part() {
        let logits = [0.0f32, 5.0, 1.0];
        for (share, correct) in [(0.4, 0), (0.6, 1)] {
            let targets =
                Targets { labels: &[0], mixed: Some(Mixed { labels: &[1], shares: &[share] }), smoothing: 0.1 };
            assert_eq!(cross_entropy_backward(&mut logits.clone(), &targets, 3).correct, correct, "{share}");
        }
    }

    #[test]
    fn targets_sum_to_one() {
        let mixed = Mixed { labels: &[4, 1], shares: &[0.3, 0.9] };
        let targets = Targets { labels: &[2, 1], mixed: Some(mixed), smoothing: 0.1 };
        for image in 0..2 {
            let target = targets.of_image(image);
            let sum: f64 = (0..5).map(|class| target.probability(class, 5)).sum();
            assert!((sum - 1.0).abs() < 1e-15, "{sum}");
        }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let logits = [0.3f32, -1.2, 0.8, 2.0, 0.1, -0.4];
        let mixed = Mixed { labels: &[1, 0], shares: &[0.25, 0.5] };
        for (mixed, smoothing) in [(None, 0.0), (None, 0.2), (Some(mixed), 0.0), (Some(mixed), 0.2)] {
            let targets = Targets { labels: &[2, 0], mixed, smoothing };
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
