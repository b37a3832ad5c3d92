//! Largest values and means of windows: forward and backward.

use super::sums::add_scaled;
use crate::network::Pooling;

/// Calls `visit(input_pixel, output_pixel)` for every pixel of every window; pixels count through the batch.
fn for_each_pooled(pooling: &Pooling, count: usize, mut visit: impl FnMut(usize, usize)) {
    let Pooling { input, output, rows, columns, stride, .. } = *pooling;
    for image in 0..count {
        for row in 0..output.height {
            for column in 0..output.width {
                let output_pixel = (image * output.height + row) * output.width + column;
                for tap in 0..rows * columns {
                    let (y, x) = (row * stride + tap / columns, column * stride + tap % columns);
                    visit((image * input.height + y) * input.width + x, output_pixel);
                }
            }
        }
    }
}

/// Index of the first largest value of each window, counted through the batch's input.
pub(super) fn max_pool_choices(pooling: &Pooling, input: &[f64], count: usize) -> Vec<usize> {
    let channels = pooling.input.channels;
    let mut choices = vec![usize::MAX; count * pooling.output.len()];
    for_each_pooled(pooling, count, |p, q| {
        for channel in 0..channels {
            let (place, choice) = (p * channels + channel, &mut choices[q * channels + channel]);
            if *choice == usize::MAX || input[place] > input[*choice] {
                *choice = place;
            }
        }
    });
    choices
}

/// Mean of each window.
pub(super) fn average_pool_forward(pooling: &Pooling, input: &[f64], count: usize) -> Vec<f64> {
    let channels = pooling.input.channels;
    let mut output = vec![0.0; count * pooling.output.len()];
    for_each_pooled(pooling, count, |p, q| {
        let sums = &mut output[q * channels..][..channels];
        add_scaled(sums, 1.0 / pooling.taps() as f64, &input[p * channels..][..channels]);
    });
    output
}

/// Gradient towards the input.
pub(super) fn average_pool_backward(pooling: &Pooling, d_output: &[f64], count: usize) -> Vec<f64> {
    let channels = pooling.input.channels;
    let mut d_input = vec![0.0; count * pooling.input.len()];
    for_each_pooled(pooling, count, |p, q| {
        let sums = &mut d_input[p * channels..][..channels];
        add_scaled(sums, 1.0 / pooling.taps() as f64, &d_output[q * channels..][..channels]);
    });
    d_input
}
