//! Every optimiser in plain f64, on tensor after tensor.

use crate::executor::muon::{COEFFICIENTS, EPSILON};
use crate::executor::{StepOptions, muon};
use crate::network::Network;
use crate::recipe::{Adam, Adamw, Muon, Optimiser, Sgd};

/// One tensor in a step: what is given, and what is changed.
struct Tensor<'a> {
    gradient: Vec<f64>,
    values: &'a mut [f64],
    first_moment: &'a mut [f64],
    second_moment: &'a mut [f64],
    /// Whether weight decay concerns it.
    decays: bool,
    /// Step t = 1, 2, …
    t: f64,
    rate_factor: f64,
}

/// One step of all trained tensors of a network. All slices follow [`Network::parameters`].
pub(super) fn update(
    network: &Network,
    options: &StepOptions,
    gradient: &[f32],
    values: &mut [f64],
    (first_moment, second_moment): (&mut [f64], &mut [f64]),
) {
    let matrices = muon::matrices(network);
    let scale = scale(network, options, gradient);
    for parameter in network.parameters.iter().filter(|parameter| network.is_trained(parameter)) {
        let range = parameter.range.clone();
        let tensor = Tensor {
            gradient: gradient[range.clone()].iter().map(|&g| scale * f64::from(g)).collect(),
            values: &mut values[range.clone()],
            first_moment: &mut first_moment[range.clone()],
            second_moment: &mut second_moment[range.clone()],
            decays: parameter.role.decays(),
            t: (options.step + 1) as f64,
            rate_factor: options.rate_factor,
        };
        match options.optimiser {
            Optimiser::Adam(adam) => tensor.adam(&adam),
            Optimiser::Adamw(adamw) => tensor.adamw(&adamw),
            Optimiser::Sgd(sgd) => tensor.sgd(&sgd),
            Optimiser::Muon(muon) => match matrices.iter().find(|matrix| matrix.parameter.range == range) {
                Some(matrix) => tensor.muon(&muon, matrix),
                None => tensor.adamw(&muon.others),
            },
        }
    }
}

/// What the gradient is multiplied by so that it is no longer than it may be.
fn scale(network: &Network, options: &StepOptions, gradient: &[f32]) -> f64 {
    let trained = network.parameters.iter().filter(|parameter| network.is_trained(parameter));
    let squares = trained.flat_map(|parameter| &gradient[parameter.range.clone()]).map(|&g| f64::from(g).powi(2));
    let norm = squares.sum::<f64>().sqrt();
    match options.clip_norm {
        Some(longest) if norm > longest => longest / norm,
        _ => 1.0,
    }
}

impl Tensor<'_> {
    fn adam(self, adam: &Adam) {
        let Adam { learning_rate, beta_1, beta_2, epsilon } = *adam;
        let rate = self.rate_factor * learning_rate * (1.0 - beta_2.powf(self.t)).sqrt() / (1.0 - beta_1.powf(self.t));
        for (index, g) in self.gradient.into_iter().enumerate() {
            let (m, v) = (&mut self.first_moment[index], &mut self.second_moment[index]);
            *m = beta_1 * *m + (1.0 - beta_1) * g;
            *v = beta_2 * *v + (1.0 - beta_2) * g * g;
            self.values[index] -= rate * *m / (v.sqrt() + epsilon);
        }
    }

    fn adamw(self, adamw: &Adamw) {
        let Adamw { learning_rate, weight_decay, beta_1, beta_2, epsilon } = *adamw;
        let rate = self.rate_factor * learning_rate;
        let decay = if self.decays { weight_decay } else { 0.0 };
        for (index, g) in self.gradient.into_iter().enumerate() {
            let (m, v) = (&mut self.first_moment[index], &mut self.second_moment[index]);
            *m = beta_1 * *m + (1.0 - beta_1) * g;
            *v = beta_2 * *v + (1.0 - beta_2) * g * g;
            let (m, v) = (*m / (1.0 - beta_1.powf(self.t)), *v / (1.0 - beta_2.powf(self.t)));
            self.values[index] -= rate * decay * self.values[index];
            self.values[index] -= rate * m / (v.sqrt() + epsilon);
        }
    }

    fn sgd(self, sgd: &Sgd) {
        let Sgd { learning_rate, momentum, nesterov, weight_decay } = *sgd;
        let decay = if self.decays { weight_decay } else { 0.0 };
        for (index, g) in self.gradient.into_iter().enumerate() {
            let g = g + decay * self.values[index];
            let b = &mut self.first_moment[index];
            *b = momentum * *b + g;
            let step = if nesterov { g + momentum * *b } else { *b };
            self.values[index] -= self.rate_factor * learning_rate * step;
        }
    }

    fn muon(self, muon: &Muon, matrix: &muon::Matrix<'_>) {
        let Muon { learning_rate, momentum, nesterov, weight_decay, iterations, .. } = *muon;
        let mut direction = Vec::with_capacity(self.gradient.len());
        for (g, b) in self.gradient.into_iter().zip(self.first_moment) {
            *b = momentum * *b + g;
            direction.push(if nesterov { g + momentum * *b } else { *b });
        }
        let direction = orthogonalised(&direction, matrix.rows, matrix.columns, iterations);
        let rate = self.rate_factor * learning_rate;
        for (value, direction) in self.values.iter_mut().zip(direction) {
            *value -= rate * weight_decay * *value;
            *value -= rate * matrix.scale() * direction;
        }
    }
}

/// Newton and Schulz's iteration on a matrix `[rows, columns]` divided by its Frobenius norm, on its smaller side.
fn orthogonalised(matrix: &[f64], rows: usize, columns: usize, iterations: usize) -> Vec<f64> {
    if rows > columns {
        let wide = orthogonalised(&transposed(matrix, rows, columns), columns, rows, iterations);
        return transposed(&wide, columns, rows);
    }
    let (a, b, c) = COEFFICIENTS;
    let norm = matrix.iter().map(|value| value * value).sum::<f64>().sqrt();
    let mut x: Vec<f64> = matrix.iter().map(|value| value / (norm + EPSILON)).collect();
    for _ in 0..iterations {
        let gram = product(&x, &transposed(&x, rows, columns), columns);
        let square = product(&gram, &gram, rows);
        let mut factor: Vec<f64> = gram.iter().zip(&square).map(|(gram, square)| b * gram + c * square).collect();
        (0..rows).for_each(|row| factor[row * rows + row] += a);
        x = product(&factor, &x, rows);
    }
    x
}

/// `[rows, columns]` as `[columns, rows]`.
fn transposed(matrix: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| matrix[row * columns + column])).collect()
}

/// `[rows, inner]` · `[inner, columns]`
fn product(left: &[f64], right: &[f64], inner: usize) -> Vec<f64> {
    let columns = right.len() / inner;
    let mut product = Vec::new();
    for row in left.chunks_exact(inner) {
        let start = product.len();
        product.resize(start + columns, 0.0);
        for (&left, right) in row.iter().zip(right.chunks_exact(columns)) {
            super::add_scaled(&mut product[start..], left, right);
        }
    }
    product
}
