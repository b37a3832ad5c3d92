//! Fully connected layers: forward and backward.

use super::convolution::by_tap;
use super::sums::add_scaled;

/// y[n, o] = Σ x[n, i] · w[o, i]
pub(super) fn dense_forward(inputs: usize, outputs: usize, input: &[f64], weight: &[f64]) -> Vec<f64> {
    let weight = by_tap(weight, outputs, inputs, 1, false);
    let mut output = vec![0.0; input.len() / inputs * outputs];
    for (row, y) in input.chunks_exact(inputs).zip(output.chunks_exact_mut(outputs)) {
        for (i, &x) in row.iter().enumerate() {
            add_scaled(y, x, &weight[i * outputs..][..outputs]);
        }
    }
    output
}

/// Gradients towards input and weight.
pub(super) fn dense_backward(
    inputs: usize,
    outputs: usize,
    input: &[f64],
    weight: &[f64],
    d_output: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let mut d_input = vec![0.0; input.len()];
    let mut d_weight = vec![0.0; weight.len()];
    for (n, d_row) in d_output.chunks_exact(outputs).enumerate() {
        for (o, &d) in d_row.iter().enumerate() {
            add_scaled(&mut d_input[n * inputs..][..inputs], d, &weight[o * inputs..][..inputs]);
            add_scaled(&mut d_weight[o * inputs..][..inputs], d, &input[n * inputs..][..inputs]);
        }
    }
    (d_input, d_weight)
}
