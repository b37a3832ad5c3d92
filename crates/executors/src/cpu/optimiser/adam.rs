//! Adam's step (Kingma and Ba, 2015), with decoupled weight decay or without (Loshchilov and Hutter, 2019).

use modiste_network::{Adam, Adamw};

use super::elementwise::Rule;
use crate::cpu::simd::Vector;

/// m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ + growth θ - rate · m / (√v + ε)
#[derive(Clone, Copy)]
pub(super) struct AdamStep {
    scale: f32,
    rate: f32,
    beta_1: f32,
    beta_2: f32,
    rest_1: f32,
    rest_2: f32,
    epsilon: f32,
    growth: f32,
}

impl AdamStep {
    /// As Keras computes step `t` = 1, 2, …, of a gradient that is multiplied by `scale`.
    pub(super) fn new(adam: &Adam, t: f64, rate_factor: f64, scale: f64) -> Self {
        let Adam { learning_rate, beta_1, beta_2, epsilon } = *adam;
        let rate = rate_factor * learning_rate * (1.0 - beta_2.powf(t)).sqrt() / (1.0 - beta_1.powf(t));
        Self {
            scale: scale as f32,
            rate: rate as f32,
            beta_1: beta_1 as f32,
            beta_2: beta_2 as f32,
            rest_1: (1.0 - beta_1) as f32,
            rest_2: (1.0 - beta_2) as f32,
            epsilon: epsilon as f32,
            growth: 0.0,
        }
    }

    /// As PyTorch's AdamW computes it; the weights decay if `decays`.
    ///
    /// With c = 1 - β₂ᵗ, m / (√(v / c) + ε) is √c · m / (√v + √c ε), so that it is Adam's step with another ε.
    pub(super) fn decoupled(adamw: &Adamw, decays: bool, t: f64, rate_factor: f64, scale: f64) -> Self {
        let Adamw { learning_rate, weight_decay, beta_1, beta_2, epsilon } = *adamw;
        let epsilon = epsilon * (1.0 - beta_2.powf(t)).sqrt();
        let decay = if decays { rate_factor * learning_rate * weight_decay } else { 0.0 };
        let adam = Adam { learning_rate, beta_1, beta_2, epsilon };
        // Not the negated decay: where there is none, a weight of -0 stays as it is.
        Self { growth: (0.0 - decay) as f32, ..Self::new(&adam, t, rate_factor, scale) }
    }
}

impl Rule<3> for AdamStep {
    const NAME: &'static str = "update";
    /// One for g, two for m, three for v, six for θ.
    const OPERATIONS: usize = 12;

    #[inline(always)]
    unsafe fn apply<V: Vector>(self, gradient: V, [value, m, v]: [V; 3]) -> [V; 3] {
        // SAFETY: passed on to the caller.
        unsafe {
            let gradient = gradient.mul(V::splat(self.scale));
            let m = gradient.mul_add(V::splat(self.rest_1), m.mul(V::splat(self.beta_1)));
            let v = gradient.mul(V::splat(self.rest_2)).mul_add(gradient, v.mul(V::splat(self.beta_2)));
            let step = m.mul(V::splat(self.rate)).div(v.sqrt().add(V::splat(self.epsilon)));
            let value = value.mul_add(V::splat(self.growth), value);
            [value.sub(step), m, v]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::optimiser::elementwise::tests::check_work;

    #[test]
    fn a_step_does_what_it_says() {
        check_work(AdamStep::decoupled(&Adamw::default(), true, 1.0, 1.0, 1.0));
    }
}
