//! The moving average of all parameters.

use super::elementwise::Rule;
use crate::cpu::simd::Vector;

/// average ← decay · average + (1 - decay) · θ
#[derive(Clone, Copy)]
pub(super) struct Follow {
    decay: f32,
    rest: f32,
}

impl Follow {
    /// `decay` is how much of the average stays.
    pub(super) fn new(decay: f64) -> Self {
        Self { decay: decay as f32, rest: (1.0 - decay) as f32 }
    }
}

impl Rule<1> for Follow {
    const NAME: &'static str = "average";
    const OPERATIONS: usize = 2;

    #[inline(always)]
    unsafe fn apply<V: Vector>(self, parameter: V, [average]: [V; 1]) -> [V; 1] {
        // SAFETY: passed on to the caller.
        unsafe { [parameter.mul_add(V::splat(self.rest), average.mul(V::splat(self.decay)))] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::optimiser::elementwise::tests::check_work;

    #[test]
    fn a_step_does_what_it_says() {
        check_work(Follow::new(0.9));
    }
}
