//! A step of stochastic gradient descent with momentum, as PyTorch computes it.

use modiste_network::Sgd;

use super::elementwise::Rule;
use crate::cpu::simd::Vector;

/// g ← scale g + decay θ, b ← momentum b + g, θ ← θ - rate (own g + ahead b)
#[derive(Clone, Copy)]
pub(super) struct SgdStep {
    scale: f32,
    decay: f32,
    momentum: f32,
    own: f32,
    ahead: f32,
    /// Negative.
    rate: f32,
}

impl SgdStep {
    /// Of a gradient that is multiplied by `scale`; the weights decay if `decays`.
    pub(super) fn new(sgd: &Sgd, decays: bool, rate_factor: f64, scale: f64) -> Self {
        let Sgd { learning_rate, momentum, nesterov, weight_decay } = *sgd;
        let (own, ahead) = if nesterov { (1.0, momentum) } else { (0.0, 1.0) };
        Self {
            scale: scale as f32,
            decay: if decays { weight_decay as f32 } else { 0.0 },
            momentum: momentum as f32,
            own,
            ahead: ahead as f32,
            rate: -(rate_factor * learning_rate) as f32,
        }
    }
}

impl Rule<2> for SgdStep {
    const NAME: &'static str = "update";
    /// Two for g, one for b, three for θ.
    const OPERATIONS: usize = 6;

    #[inline(always)]
    unsafe fn apply<V: Vector>(self, gradient: V, [value, sum]: [V; 2]) -> [V; 2] {
        // SAFETY: passed on to the caller.
        unsafe {
            let gradient = value.mul_add(V::splat(self.decay), gradient.mul(V::splat(self.scale)));
            let sum = sum.mul_add(V::splat(self.momentum), gradient);
            let step = sum.mul_add(V::splat(self.ahead), gradient.mul(V::splat(self.own)));
            [step.mul_add(V::splat(self.rate), value), sum]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::optimiser::elementwise::tests::check_work;

    #[test]
    fn a_step_does_what_it_says() {
        check_work(SgdStep::new(&Sgd::default(), true, 1.0, 1.0));
    }
}
