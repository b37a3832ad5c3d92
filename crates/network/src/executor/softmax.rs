//! From logits to probabilities: softmax, its logarithm, and the class that is predicted.

/// The probabilities of one row of logits at a temperature T: `exp(logit / T) / Σ exp(logit / T)`.
///
/// The largest logit is taken out first, in f32 as the logits are, so that nothing overflows. [`log_sum_exp`] takes it out in
/// f64, so the two may differ in the last bits; each stays as it is, because weights depend on one and recorded losses on the
/// other.
#[derive(Clone, Copy, Debug)]
pub struct Softmax {
    largest: f32,
    temperature: f64,
    /// Σ exp((logit − largest) / temperature)
    sum: f64,
}

impl Softmax {
    /// Of logits `[classes]` at a temperature above 0; training has 1.
    pub fn of(logits: &[f32], temperature: f64) -> Self {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum = logits.iter().map(|&logit| (f64::from(logit - largest) / temperature).exp()).sum();
        Self { largest, temperature, sum }
    }

    /// Of one of the logits, from 0 to 1.
    pub fn probability(&self, logit: f32) -> f64 {
        (f64::from(logit - self.largest) / self.temperature).exp() / self.sum
    }
}

/// Replaces logits `[n, classes]` by their probabilities at a temperature. Those of each image sum to 1, up to rounding.
///
/// # Panics
/// If `classes` is 0.
pub fn probabilities(logits: &mut [f32], classes: usize, temperature: f64) {
    for row in logits.chunks_exact_mut(classes) {
        let softmax = Softmax::of(row, temperature);
        row.iter_mut().for_each(|logit| *logit = softmax.probability(*logit) as f32);
    }
}

/// ln Σ exp(logit / T) of logits `[classes]` at a temperature T, with the largest taken out first.
pub fn log_sum_exp(logits: &[f32], temperature: f64) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| ((f64::from(logit) - f64::from(largest)) / temperature).exp()).sum();
    f64::from(largest) / temperature + sum.ln()
}

/// −ln of the probability of `label` at a temperature T, in nats: `ln Σ exp(logit / T) − logit[label] / T`, without overflow
/// for any finite logits.
pub fn cross_entropy(logits: &[f32], label: usize, temperature: f64) -> f64 {
    log_sum_exp(logits, temperature) - f64::from(logits[label]) / temperature
}

/// The first of the largest logits.
pub fn predicted(logits: &[f32]) -> usize {
    let mut best = 0;
    for (class, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits whose softmax is `probabilities`.
    fn logits(probabilities: &[f32]) -> Vec<f32> {
        probabilities.iter().map(|probability| probability.ln()).collect()
    }

    #[track_caller]
    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-6, "{value} instead of {expected}");
    }

    #[test]
    fn cross_entropy_is_the_negative_logarithm_of_the_probability() {
        close(cross_entropy(&[0.0, 0.0], 1, 1.0), std::f64::consts::LN_2);
        close(cross_entropy(&logits(&[0.25, 0.75]), 0, 1.0), 4f64.ln());
        // Shifting all logits changes nothing, however far; exp(3e38) alone would overflow.
        assert!((cross_entropy(&[1000.0, 1000.0 + 3f32.ln()], 0, 1.0) - 4f64.ln()).abs() < 1e-4);
        close(cross_entropy(&[3e38, -3e38], 0, 1.0), 0.0);
        assert!((cross_entropy(&[3e38, -3e38], 1, 1.0) - 6e38).abs() < 1e32);
    }

    #[test]
    fn probabilities_sum_to_one_however_large_the_logits() {
        let mut rows = [logits(&[0.25, 0.75]), vec![3e38, -3e38], vec![1000.0, 1000.0]].concat();
        probabilities(&mut rows, 2, 1.0);
        for (row, expected) in rows.chunks_exact(2).zip([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]) {
            row.iter().zip(expected).for_each(|(&value, expected)| close(value.into(), expected));
        }
    }

    #[test]
    fn a_temperature_divides_the_logits() {
        let mut rows = vec![1.0, -2.0, 6.0, 0.0, 3e38, -3e38];
        let mut halved = vec![0.5, -1.0, 3.0, 0.0, 1.5e38, -1.5e38];
        close(cross_entropy(&rows[..4], 1, 2.0), cross_entropy(&halved[..4], 1, 1.0));
        probabilities(&mut rows, 2, 2.0);
        probabilities(&mut halved, 2, 1.0);
        assert_eq!(rows, halved);
    }

    #[test]
    fn the_first_of_equal_logits_is_predicted() {
        assert_eq!(predicted(&[1.0, 3.0, 3.0]), 1);
    }
}
