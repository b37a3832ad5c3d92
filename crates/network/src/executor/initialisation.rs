//! First values of the parameters.

use modiste_data::{RandomStream, random_numbers};
use rand::Rng;

use crate::network::{Network, Role};

/// Glorot-uniform weights and zero biases (Glorot and Bengio, 2010): each weight is uniform in ±√(6 / (fan-in + fan-out)).
/// Batch normalisation begins with mean 0 and variance 1, before it and behind it.
///
/// The result follows [`Network::parameters`] and depends on nothing but the seed and the shapes.
pub fn glorot_uniform(network: &Network, seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; network.parameter_count()];
    for (index, parameter) in network.parameters.iter().enumerate() {
        if let Role::Gamma | Role::RunningVariance = parameter.role {
            values[parameter.range.clone()].fill(1.0);
        }
        let Some((fan_in, fan_out)) = parameter.fans else { continue };
        let mut random = random_numbers(seed, RandomStream::Parameters, index as u64);
        let limit = (6.0 / (fan_in + fan_out) as f64).sqrt();
        for value in &mut values[parameter.range.clone()] {
            let unit = f64::from(random.next_u32()) / f64::from(u32::MAX);
            *value = ((2.0 * unit - 1.0) * limit) as f32;
        }
    }
    values
}
