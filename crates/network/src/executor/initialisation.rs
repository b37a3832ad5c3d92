//! First values of the parameters.

use modiste_data::{RandomStream, random_numbers};
use rand::Rng;

use crate::network::{Network, Role};

/// Slope with which a PReLU begins (He et al., 2015), as PyTorch has it.
const FIRST_SLOPE: f32 = 0.25;

/// Glorot-uniform weights and zero biases (Glorot and Bengio, 2010): each weight is uniform in ±√(6 / (fan-in + fan-out)).
/// Batch normalisation begins with mean 0 and variance 1, before it and behind it; a PReLU with slopes of 0.25.
///
/// The result follows [`Network::parameters`] and depends on nothing but the seed and the shapes.
pub fn glorot_uniform(network: &Network, seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; network.parameter_count()];
    for (index, parameter) in network.parameters.iter().enumerate() {
        match parameter.role {
            Role::Gamma | Role::RunningVariance => values[parameter.range.clone()].fill(1.0),
            Role::Slope => values[parameter.range.clone()].fill(FIRST_SLOPE),
            _ => {}
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
