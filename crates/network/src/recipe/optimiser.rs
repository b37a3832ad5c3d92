//! How gradients become new parameters.

use serde::{Deserialize, Serialize};

use super::representable;

/// How gradients become new parameters. All learning rates are multiplied by the [`Schedule`](super::Schedule)'s factor.
///
/// Weight decay concerns weights alone, of convolutions and dense layers: no bias, and nothing of batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Optimiser {
    /// Adam (Kingma and Ba, 2015) as Keras computes it.
    Adam(Adam),
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019) as PyTorch computes it.
    Adamw(Adamw),
    /// Stochastic gradient descent with momentum, as PyTorch computes it.
    Sgd(Sgd),
    /// Orthogonalised momentum (Jordan et al., 2024) for weights of convolutions, but for depthwise ones, and of hidden dense
    /// layers; AdamW for all else.
    Muon(Muon),
}

impl Default for Optimiser {
    fn default() -> Self {
        Optimiser::Adam(Adam::default())
    }
}

/// Adam's constants. The update of a parameter at step t = 1, 2, … is
/// `learning_rate · √(1 - beta_2ᵗ) / (1 - beta_1ᵗ) · m / (√v + epsilon)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Step length.
    pub learning_rate: f64,
    /// Decay of the gradient's mean.
    pub beta_1: f64,
    /// Decay of the gradient's uncentred variance.
    pub beta_2: f64,
    /// Keeps the quotient finite.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

/// AdamW's constants. At step t = 1, 2, …, θ ← θ - learning_rate · weight_decay · θ, and then
/// θ ← θ - learning_rate · m̂ / (√v̂ + epsilon) with m̂ = m / (1 - beta_1ᵗ) and v̂ = v / (1 - beta_2ᵗ).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adamw {
    /// Step length.
    pub learning_rate: f64,
    /// Share of a weight that is taken off it in each step, times the step length.
    pub weight_decay: f64,
    /// Decay of the gradient's mean.
    pub beta_1: f64,
    /// Decay of the gradient's uncentred variance.
    pub beta_2: f64,
    /// Keeps the quotient finite.
    pub epsilon: f64,
}

impl Default for Adamw {
    fn default() -> Self {
        Self { learning_rate: 0.001, weight_decay: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 }
    }
}

/// Constants of stochastic gradient descent. With g the gradient plus weight_decay · θ: b ← momentum · b + g, and
/// θ ← θ - learning_rate · (g + momentum · b), or θ - learning_rate · b without `nesterov`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// Step length.
    pub learning_rate: f64,
    /// How much of the sum of past gradients stays with each step.
    pub momentum: f64,
    /// Whether the sum is taken as it will be after the next step.
    pub nesterov: bool,
    /// Added to the gradient, times the weight.
    pub weight_decay: f64,
}

impl Default for Sgd {
    fn default() -> Self {
        Self { learning_rate: 0.01, momentum: 0.9, nesterov: true, weight_decay: 0.0 }
    }
}

/// Muon's constants. A weight `[out, …]` is taken as a matrix W of `out` rows: b ← momentum · b + g,
/// W ← W - learning_rate · weight_decay · W, and then
/// W ← W - learning_rate · √max(1, rows / columns) · NS(g + momentum · b), or of b alone without `nesterov`; NS brings
/// all singular values near 1 by `iterations` of Newton and Schulz's iteration with Jordan's coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Muon {
    /// Step length.
    pub learning_rate: f64,
    /// How much of the sum of past gradients stays with each step.
    pub momentum: f64,
    /// Whether the sum is taken as it will be after the next step.
    pub nesterov: bool,
    /// Share of a weight that is taken off it in each step, times the step length.
    pub weight_decay: f64,
    /// Of Newton and Schulz.
    pub iterations: usize,
    /// For all that is no such weight: depthwise convolutions, biases, batch normalisation, the classifier.
    pub others: Adamw,
}

impl Default for Muon {
    fn default() -> Self {
        Self {
            learning_rate: 0.02,
            momentum: 0.95,
            nesterov: true,
            weight_decay: 0.0,
            iterations: 5,
            others: Adamw::default(),
        }
    }
}

impl Optimiser {
    /// What recipes call it, as their `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Optimiser::Adam(_) => "adam",
            Optimiser::Adamw(_) => "adamw",
            Optimiser::Sgd(_) => "sgd",
            Optimiser::Muon(_) => "muon",
        }
    }

    /// The step length before the schedule.
    pub fn learning_rate(&self) -> f64 {
        match *self {
            Optimiser::Adam(Adam { learning_rate, .. })
            | Optimiser::Adamw(Adamw { learning_rate, .. })
            | Optimiser::Sgd(Sgd { learning_rate, .. })
            | Optimiser::Muon(Muon { learning_rate, .. }) => learning_rate,
        }
    }

    /// All step lengths before the schedule, by the names that they have in a recipe.
    pub fn rates_text(&self) -> String {
        let own = format!("optimiser.learning_rate (now {:?})", self.learning_rate());
        match self {
            Optimiser::Muon(Muon { others, .. }) => {
                format!("{own} or optimiser.others.learning_rate (now {:?})", others.learning_rate)
            }
            Optimiser::Adam(_) | Optimiser::Adamw(_) | Optimiser::Sgd(_) => own,
        }
    }

    /// Checks every value.
    pub(super) fn check(&self) -> Result<(), String> {
        match *self {
            Optimiser::Adam(Adam { learning_rate, beta_1, beta_2, epsilon }) => {
                check_adam("optimiser", learning_rate, (beta_1, beta_2), epsilon)
            }
            Optimiser::Adamw(adamw) => adamw.check("optimiser"),
            Optimiser::Sgd(Sgd { learning_rate, momentum, weight_decay, .. }) => {
                check_rate("optimiser.learning_rate", learning_rate)?;
                check_share("optimiser.momentum", momentum)?;
                check_decay("optimiser.weight_decay", weight_decay)
            }
            Optimiser::Muon(Muon { learning_rate, momentum, weight_decay, iterations, others, .. }) => {
                check_rate("optimiser.learning_rate", learning_rate)?;
                check_share("optimiser.momentum", momentum)?;
                check_decay("optimiser.weight_decay", weight_decay)?;
                if !(1..=20).contains(&iterations) {
                    return Err(format!("optimiser.iterations is {iterations} and must be between 1 and 20"));
                }
                others.check("optimiser.others")
            }
        }
    }
}

impl Adamw {
    fn check(&self, of: &str) -> Result<(), String> {
        let Self { learning_rate, weight_decay, beta_1, beta_2, epsilon } = *self;
        check_adam(of, learning_rate, (beta_1, beta_2), epsilon)?;
        check_decay(&format!("{of}.weight_decay"), weight_decay)
    }
}

fn check_adam(of: &str, learning_rate: f64, (beta_1, beta_2): (f64, f64), epsilon: f64) -> Result<(), String> {
    check_rate(&format!("{of}.learning_rate"), learning_rate)?;
    check_share(&format!("{of}.beta_1"), beta_1)?;
    check_share(&format!("{of}.beta_2"), beta_2)?;
    check_rate(&format!("{of}.epsilon"), epsilon)
}

fn check_rate(name: &str, value: f64) -> Result<(), String> {
    if representable(value) { Ok(()) } else { Err(format!("{name} is {value} and must be a positive 32-bit float")) }
}

fn check_share(name: &str, value: f64) -> Result<(), String> {
    if (0.0..1.0).contains(&value) { Ok(()) } else { Err(format!("{name} is {value} and must lie in [0, 1)")) }
}

fn check_decay(name: &str, value: f64) -> Result<(), String> {
    if value == 0.0 || (representable(value) && value < 1e3) {
        Ok(())
    } else {
        Err(format!("{name} is {value} and must be 0 or a positive number below 1000"))
    }
}
