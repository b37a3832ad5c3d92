//! Convolution, of all channels and depthwise: forward and backward.

use super::sums::add_scaled;
use crate::network::Window;

/// Calls `visit(input_pixel, output_pixel, tap)` for every pair that a window joins; pixels count through the batch,
/// taps through the window.
fn for_each_tap(window: &Window, count: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let Window { input, output, size, stride, pad_top, pad_left } = *window;
    for image in 0..count {
        for row in 0..output.height {
            for column in 0..output.width {
                let output_pixel = (image * output.height + row) * output.width + column;
                for tap in 0..size * size {
                    let y = (row * stride + tap / size).wrapping_sub(pad_top);
                    let x = (column * stride + tap % size).wrapping_sub(pad_left);
                    if y < input.height && x < input.width {
                        visit((image * input.height + y) * input.width + x, output_pixel, tap);
                    }
                }
            }
        }
    }
}

/// Weights `[out, in, taps]` rearranged so that `[tap][first][second]` lies in order; `out_first` says which is first.
pub(super) fn by_tap(weight: &[f64], outputs: usize, inputs: usize, taps: usize, out_first: bool) -> Vec<f64> {
    let mut rearranged = vec![0.0; weight.len()];
    for out in 0..outputs {
        for input in 0..inputs {
            for tap in 0..taps {
                let place = if out_first { out * inputs + input } else { input * outputs + out };
                rearranged[tap * outputs * inputs + place] = weight[(out * inputs + input) * taps + tap];
            }
        }
    }
    rearranged
}

/// y[q, o] = Σ over taps and inputs of x[p, i] · w[o, i, tap]
pub(super) fn conv_forward(window: &Window, input: &[f64], weight: &[f64], count: usize) -> Vec<f64> {
    let (inputs, outputs) = (window.input.channels, window.output.channels);
    let weight = by_tap(weight, outputs, inputs, window.size * window.size, false);
    let mut output = vec![0.0; count * window.output.len()];
    for_each_tap(window, count, |p, q, tap| {
        for i in 0..inputs {
            let row = &weight[(tap * inputs + i) * outputs..][..outputs];
            add_scaled(&mut output[q * outputs..][..outputs], input[p * inputs + i], row);
        }
    });
    output
}

/// Gradients towards input and weight.
pub(super) fn conv_backward(
    window: &Window,
    input: &[f64],
    weight: &[f64],
    d_output: &[f64],
    count: usize,
) -> (Vec<f64>, Vec<f64>) {
    let (inputs, outputs, taps) = (window.input.channels, window.output.channels, window.size * window.size);
    let weight = by_tap(weight, outputs, inputs, taps, true);
    let mut d_input = vec![0.0; input.len()];
    // [tap][in][out]
    let mut d_by_tap = vec![0.0; weight.len()];
    for_each_tap(window, count, |p, q, tap| {
        let d_row = &d_output[q * outputs..][..outputs];
        for (o, &d) in d_row.iter().enumerate() {
            let row = &weight[(tap * outputs + o) * inputs..][..inputs];
            add_scaled(&mut d_input[p * inputs..][..inputs], d, row);
        }
        for i in 0..inputs {
            let row = &mut d_by_tap[(tap * inputs + i) * outputs..][..outputs];
            add_scaled(row, input[p * inputs + i], d_row);
        }
    });
    let mut d_weight = vec![0.0; weight.len()];
    for (place, d) in d_weight.iter_mut().enumerate() {
        let (out, input, tap) = (place / taps / inputs, place / taps % inputs, place % taps);
        *d = d_by_tap[(tap * inputs + input) * outputs + out];
    }
    (d_input, d_weight)
}

/// y[q, c] = Σ over taps of x[p, c] · w[c, tap]
pub(super) fn depthwise_forward(window: &Window, input: &[f64], weight: &[f64], count: usize) -> Vec<f64> {
    let (channels, taps) = (window.input.channels, window.size * window.size);
    let mut output = vec![0.0; count * window.output.len()];
    for_each_tap(window, count, |p, q, tap| {
        for c in 0..channels {
            output[q * channels + c] += input[p * channels + c] * weight[c * taps + tap];
        }
    });
    output
}

/// Gradients towards input and weight.
pub(super) fn depthwise_backward(
    window: &Window,
    input: &[f64],
    weight: &[f64],
    d_output: &[f64],
    count: usize,
) -> (Vec<f64>, Vec<f64>) {
    let (channels, taps) = (window.input.channels, window.size * window.size);
    let (mut d_input, mut d_weight) = (vec![0.0; input.len()], vec![0.0; weight.len()]);
    for_each_tap(window, count, |p, q, tap| {
        for c in 0..channels {
            let d = d_output[q * channels + c];
            d_input[p * channels + c] += d * weight[c * taps + tap];
            d_weight[c * taps + tap] += d * input[p * channels + c];
        }
    });
    (d_input, d_weight)
}
