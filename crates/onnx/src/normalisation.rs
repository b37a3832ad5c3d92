//! Batch normalisation outside training: an affine map of each channel, made part of the weights before it where it can be.

use modiste_network::{Activation, Layer, Network, Operation, Value};

/// `scale · x + shift` with a pair for each channel.
pub(crate) struct Affine {
    /// `[channels]`
    pub(crate) scale: Vec<f32>,
    /// `[channels]`
    pub(crate) shift: Vec<f32>,
}

impl Affine {
    /// What a layer of batch normalisation does with these gamma, beta, running mean and running variance: γ / √(σ² + ε) and
    /// β - μ · γ / √(σ² + ε), computed in f64.
    pub(crate) fn of([gamma, beta, mean, variance]: [&[f32]; 4], epsilon: f32) -> Self {
        let scales: Vec<f64> = gamma
            .iter()
            .zip(variance)
            .map(|(&gamma, &variance)| f64::from(gamma) / (f64::from(variance) + f64::from(epsilon)).sqrt())
            .collect();
        let shifts =
            beta.iter().zip(mean).zip(&scales).map(|((&beta, &mean), scale)| f64::from(beta) - f64::from(mean) * scale);
        let shift = shifts.map(|shift| shift as f32).collect();
        Self { shift, scale: scales.iter().map(|&scale| scale as f32).collect() }
    }

    /// Makes weights `[channels, …]` and a bias `[channels]` such that what they give is mapped already.
    pub(crate) fn fold(&self, weights: &mut [f32], bias: &mut [f32]) {
        let filter_len = weights.len() / self.scale.len().max(1);
        for (filter, scale) in weights.chunks_exact_mut(filter_len.max(1)).zip(&self.scale) {
            filter.iter_mut().for_each(|weight| *weight *= scale);
        }
        for ((bias, scale), shift) in bias.iter_mut().zip(&self.scale).zip(&self.shift) {
            *bias = *bias * scale + shift;
        }
    }
}

/// The value that a layer reads once dropout, which does nothing outside training, is taken away.
pub(crate) fn without_dropout(network: &Network, mut value: Value) -> Value {
    while let Value::Layer(index) = value
        && let Operation::Dropout { .. } = network.layers[index].operation
    {
        value = network.layers[index].from;
    }
    value
}

/// For each layer the batch normalisation that becomes part of its weights: the only reader of a convolution or dense layer
/// without an activation.
pub(crate) fn foldable(network: &Network) -> Vec<Option<usize>> {
    let mut readers = vec![Vec::new(); network.layers.len()];
    for (index, layer) in network.layers.iter().enumerate() {
        if let Operation::Dropout { .. } = layer.operation {
            continue;
        }
        let other = if let Operation::Add(other) = layer.operation { Some(other) } else { None };
        for value in [Some(layer.from), other].into_iter().flatten() {
            if let Value::Layer(read) = without_dropout(network, value) {
                readers[read].push(index);
            }
        }
    }
    let norm = |(layer, readers): (&Layer, Vec<usize>)| {
        let &[reader] = &readers[..] else { return None };
        let is_norm = matches!(network.layers[reader].operation, Operation::BatchNorm { .. });
        (is_norm && is_linear(layer)).then_some(reader)
    };
    network.layers.iter().zip(readers).map(norm).collect()
}

/// Whether what a layer gives is linear in its weights.
fn is_linear(layer: &Layer) -> bool {
    let has_weights =
        matches!(layer.operation, Operation::Conv(_) | Operation::DepthwiseConv(_) | Operation::Dense { .. });
    has_weights && matches!(layer.activation, None | Some(Activation::Softmax))
}
