//! Batch normalisation: forward and backward.

use super::sums::column_sums;

/// Mean and variance of each channel over images and pixels.
pub(super) struct Moments {
    pub(super) mean: Vec<f64>,
    pub(super) variance: Vec<f64>,
}

impl Moments {
    /// Of values `[.., channels]`.
    pub(super) fn of(values: &[f64], channels: usize) -> Self {
        let count = (values.len() / channels) as f64;
        let mean: Vec<f64> = column_sums(values, channels).iter().map(|sum| sum / count).collect();
        let squares: Vec<f64> =
            values.iter().enumerate().map(|(place, value)| (value - mean[place % channels]).powi(2)).collect();
        let variance = column_sums(&squares, channels).iter().map(|sum| sum / count).collect();
        Self { mean, variance }
    }

    /// (x - mean) / √(variance + epsilon)
    pub(super) fn normalise(&self, values: &[f64], epsilon: f32) -> Vec<f64> {
        let channels = self.mean.len();
        let normalised = |(place, value): (usize, &f64)| {
            (value - self.mean[place % channels]) / (self.variance[place % channels] + f64::from(epsilon)).sqrt()
        };
        values.iter().enumerate().map(normalised).collect()
    }

    /// Gradients towards input, gamma and beta, where these are the moments of the input:
    /// d_x = γ / √(variance + ε) · (d_y - mean(d_y) - x̂ · mean(d_y · x̂))
    pub(super) fn backward(
        &self,
        input: &[f64],
        epsilon: f32,
        gamma: &[f64],
        d_output: &[f64],
    ) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let channels = gamma.len();
        let count = (input.len() / channels) as f64;
        let normalised = self.normalise(input, epsilon);
        let products: Vec<f64> = d_output.iter().zip(&normalised).map(|(d, x)| d * x).collect();
        let (d_gamma, d_beta) = (column_sums(&products, channels), column_sums(d_output, channels));
        let d_input = d_output.iter().zip(&normalised).enumerate().map(|(place, (d, x))| {
            let c = place % channels;
            let scale = gamma[c] / (self.variance[c] + f64::from(epsilon)).sqrt();
            scale * (d - d_beta[c] / count - x * d_gamma[c] / count)
        });
        (d_input.collect(), d_gamma, d_beta)
    }
}
