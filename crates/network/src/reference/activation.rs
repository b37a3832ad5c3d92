//! Activations and their slopes.

pub(super) fn leaky_relu(x: f64, slope: f32) -> f64 {
    if x > 0.0 { x } else { f64::from(slope) * x }
}

/// Multiplies the gradient by the activation's derivative at the output `y`, whose sign is that of its argument.
pub(super) fn leaky_relu_backward(d_output: &mut [f64], output: &[f64], slope: f32) {
    for (d, &y) in d_output.iter_mut().zip(output) {
        *d *= if y > 0.0 { 1.0 } else { f64::from(slope) };
    }
}

/// PReLU: each channel's values with its own slope where they are not positive.
pub(super) fn prelu(input: &[f64], slopes: &[f64]) -> Vec<f64> {
    let channels = slopes.len();
    input.iter().enumerate().map(|(place, &x)| if x > 0.0 { x } else { slopes[place % channels] * x }).collect()
}

/// Gradients of a PReLU towards its input and its slopes, `[channels]`: d_x = d_y or a d_y, d_a = Σ x d_y where x ≤ 0.
pub(super) fn prelu_backward(input: &[f64], slopes: &[f64], d_output: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut d_input, mut d_slopes) = (d_output.to_vec(), vec![0.0; slopes.len()]);
    for (place, (&x, d)) in input.iter().zip(&mut d_input).enumerate() {
        let channel = place % slopes.len();
        if x <= 0.0 {
            d_slopes[channel] += x * *d;
            *d *= slopes[channel];
        }
    }
    (d_input, d_slopes)
}

/// Multiplies the gradient by the activation's slope at its argument.
pub(super) fn multiply(d_output: &mut [f64], argument: &[f64], slope: fn(f64) -> f64) {
    for (d, &x) in d_output.iter_mut().zip(argument) {
        *d *= slope(x);
    }
}

/// x · Φ(x)
pub(super) fn gelu(x: f64) -> f64 {
    x * normal_distribution(x)
}

/// Φ(x) + x · φ(x)
pub(super) fn gelu_slope(x: f64) -> f64 {
    normal_distribution(x) + x * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Φ(x) by the series 1/2 + φ(x) · (x + x³/3 + x⁵/15 + …), which ends in 0 or 1 well before 9.
fn normal_distribution(x: f64) -> f64 {
    if x.abs() > 9.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-20 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// x / (1 + e⁻ˣ)
pub(super) fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

/// s + x · s · (1 - s) with s = 1 / (1 + e⁻ˣ)
pub(super) fn silu_slope(x: f64) -> f64 {
    let s = 1.0 / (1.0 + (-x).exp());
    s + x * s * (1.0 - s)
}
