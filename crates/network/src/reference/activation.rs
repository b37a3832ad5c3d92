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
