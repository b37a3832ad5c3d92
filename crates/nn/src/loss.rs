//! Softmax joined with categorical cross-entropy.

use crate::executor::StepResult;
use crate::metrics;

/// Mean cross-entropy and hits of logits `[n, classes]` with labels `[n]`.
///
/// The sum is in f64, image after image, so it has one order.
pub fn cross_entropy(logits: &[f32], labels: &[u8], classes: usize) -> StepResult {
    let mut result = StepResult::default();
    for (row, &label) in logits.chunks_exact(classes).zip(labels) {
        let label = usize::from(label);
        result.loss += metrics::cross_entropy(row, label);
        result.correct += usize::from(metrics::predicted(row) == label);
    }
    result.loss /= labels.len().max(1) as f64;
    result
}

/// As [`cross_entropy`]; the logits are replaced by the gradient of the mean loss, (softmax - one-hot) / n.
pub fn cross_entropy_backward(logits: &mut [f32], labels: &[u8], classes: usize) -> StepResult {
    let result = cross_entropy(logits, labels, classes);
    let share = 1.0 / labels.len().max(1) as f64;
    for (row, &label) in logits.chunks_exact_mut(classes).zip(labels) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
        for (class, logit) in row.iter_mut().enumerate() {
            let probability = f64::from(*logit - largest).exp() / sum;
            let target = f64::from(u8::from(class == usize::from(label)));
            *logit = ((probability - target) * share) as f32;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_gradient_is_the_slope_of_the_loss() {
        let logits = [0.3f32, -1.2, 0.8, 2.0, 0.1, -0.4];
        let labels = [2, 0];
        let mut gradient = logits;
        cross_entropy_backward(&mut gradient, &labels, 3);
        for index in 0..logits.len() {
            let shifted = |by: f32| {
                let mut copy = logits;
                copy[index] += by;
                cross_entropy(&copy, &labels, 3).loss
            };
            let slope = (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
            assert!((slope - f64::from(gradient[index])).abs() < 1e-4);
        }
    }
}
