//! What Muon (Jordan et al., 2024) is on every device: which weights it orthogonalises, and the iteration's constants.

use crate::network::{Network, Parameter, Role};

/// Newton and Schulz's iteration is X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X, with Jordan's coefficients (a, b, c). They lead small
/// singular values to 1 as fast as can be, and leave all between about 0.7 and 1.2.
pub const COEFFICIENTS: (f64, f64, f64) = (3.4445, -4.7750, 2.0315);

/// Added to the Frobenius norm by which a matrix is divided first.
pub const EPSILON: f64 = 1e-7;

/// A weight as a matrix: an output in each row.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The weight.
    pub parameter: &'a Parameter,
    /// Outputs.
    pub rows: usize,
    /// All else.
    pub columns: usize,
}

impl<'a> Matrix<'a> {
    fn new(parameter: &'a Parameter) -> Self {
        Self { parameter, rows: parameter.shape[0], columns: parameter.shape[1..].iter().product() }
    }

    /// What the step is multiplied by, so that it moves outputs as far whatever the shape: √max(1, rows / columns).
    pub fn scale(&self) -> f64 {
        (self.rows as f64 / self.columns as f64).max(1.0).sqrt()
    }
}

/// The weights of convolutions, but for depthwise ones, and of hidden dense layers: all of [`Role::Weight`] but the last, which is the classifier's.
pub fn matrices(network: &Network) -> Vec<Matrix<'_>> {
    let weights = network.parameters.iter().filter(|parameter| parameter.role == Role::Weight);
    let mut weights: Vec<_> = weights.collect();
    weights.pop();
    weights.into_iter().filter(|parameter| !network.is_frozen(parameter)).map(Matrix::new).collect()
}
