//! Adam's update (Kingma and Ba, 2015), as Keras computes it.

use super::memory::{Buffer, Disjoint, LINE};
use super::record::Work;
use super::stage::Machine;
use super::vector::{Kernel, Vector};
use crate::executor::Hyper;
use crate::recipe::Optimiser;

/// Parameters that one task updates.
const CHUNK: usize = 1 << 14;

/// Everything of one length that training changes; each buffer is padded to whole registers.
#[derive(Debug)]
pub struct Parameters {
    /// The parameters.
    pub values: Buffer,
    /// Running mean of the gradient.
    pub first_moment: Buffer,
    /// Running mean of the squared gradient.
    pub second_moment: Buffer,
    /// Gradient of the mean loss.
    pub gradient: Buffer,
}

impl Parameters {
    /// `count` parameters, all zero.
    pub fn zeroed(count: usize) -> Self {
        let buffer = || Buffer::zeroed(count.next_multiple_of(LINE));
        Self { values: buffer(), first_moment: buffer(), second_moment: buffer(), gradient: buffer() }
    }

    /// One step:
    /// m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², θ ← θ - α √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)
    pub fn update(&mut self, machine: Machine<'_>, hyper: &Hyper) {
        let Optimiser::Adam(adam) = hyper.optimiser else { return };
        let t = (hyper.step + 1) as f64;
        let rate = adam.learning_rate * (1.0 - adam.beta_2.powf(t)).sqrt() / (1.0 - adam.beta_1.powf(t));
        let length = self.values.len();
        let gradient = &self.gradient[..];
        let values = Disjoint::new(&mut self.values);
        let first_moment = Disjoint::new(&mut self.first_moment);
        let second_moment = Disjoint::new(&mut self.second_moment);
        machine.threads.run(length.div_ceil(CHUNK), |task, _| {
            let range = task * CHUNK..((task + 1) * CHUNK).min(length);
            // SAFETY: each range belongs to one task; its length is a multiple of any register.
            unsafe {
                machine.isa.run(Update {
                    values: values.part(range.clone()),
                    first_moment: first_moment.part(range.clone()),
                    second_moment: second_moment.part(range.clone()),
                    gradient: &gradient[range],
                    rate: rate as f32,
                    beta_1: adam.beta_1 as f32,
                    beta_2: adam.beta_2 as f32,
                    rest_1: (1.0 - adam.beta_1) as f32,
                    rest_2: (1.0 - adam.beta_2) as f32,
                    epsilon: adam.epsilon as f32,
                });
            }
        });
    }
}

/// The update of some parameters. Valid where all slices have one length, a multiple of the lanes.
struct Update<'a> {
    values: &'a mut [f32],
    first_moment: &'a mut [f32],
    second_moment: &'a mut [f32],
    gradient: &'a [f32],
    rate: f32,
    beta_1: f32,
    beta_2: f32,
    rest_1: f32,
    rest_2: f32,
    epsilon: f32,
}

impl Kernel for Update<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for start in (0..self.values.len()).step_by(V::LANES) {
            // SAFETY: the caller vouches for the lengths.
            unsafe {
                let gradient = V::load(self.gradient.as_ptr().add(start));
                let m_at = self.first_moment.as_mut_ptr().add(start);
                let v_at = self.second_moment.as_mut_ptr().add(start);
                let at = self.values.as_mut_ptr().add(start);
                let m = V::load(m_at).mul(V::splat(self.beta_1));
                let m = gradient.mul_add(V::splat(self.rest_1), m);
                let v = V::load(v_at).mul(V::splat(self.beta_2));
                let v = gradient.mul(V::splat(self.rest_2)).mul_add(gradient, v);
                let step = m.mul(V::splat(self.rate)).div(v.sqrt().add(V::splat(self.epsilon)));
                m.store(m_at);
                v.store(v_at);
                V::load(at).sub(step).store(at);
            }
        }
    }

    /// Two operations for m, three for v, five for θ; four values are read and three written.
    fn work(&self) -> Work {
        Work::new("update", 10 * self.values.len(), 7 * self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::counting::declared_and_done;

    #[test]
    fn an_update_does_what_it_says() {
        let buffer = || Buffer::zeroed(3 * LINE);
        let (mut values, mut first_moment, mut second_moment, gradient) = (buffer(), buffer(), buffer(), buffer());
        let update = Update {
            values: &mut values,
            first_moment: &mut first_moment,
            second_moment: &mut second_moment,
            gradient: &gradient,
            rate: 0.001,
            beta_1: 0.9,
            beta_2: 0.999,
            rest_1: 0.1,
            rest_2: 0.001,
            epsilon: 1e-7,
        };
        // SAFETY: all have one length, a multiple of any register.
        let (declared, done) = unsafe { declared_and_done(update) };
        assert_eq!(declared, done);
    }
}
