//! Activations value by value, and their slopes.
//!
//! Those that are smooth need what they took to know their slope, where the sign of what they gave is enough for ReLU.

use crate::cpu::plan::ActivationKind;
use crate::cpu::simd::Vector;

/// An activation as a type, so that a kernel has a copy for each.
pub(crate) trait Activation: Copy {
    /// Operations of the value, and of the slope.
    const OPERATIONS: [usize; 2];

    /// The activation of x.
    ///
    /// # Safety
    /// As [`Vector`].
    unsafe fn value<V: Vector>(self, x: V) -> V;

    /// Its slope at x.
    ///
    /// # Safety
    /// As [`Vector`].
    unsafe fn slope<V: Vector>(self, x: V) -> V;
}

/// What is done with an activation as a type.
pub(crate) trait ActivationVisitor {
    /// What comes of it.
    type Output;

    /// Does it. Implementations that run on vectors are `#[inline(always)]`, as kernels are.
    fn visit<A: Activation>(self, activation: A) -> Self::Output;
}

impl ActivationKind {
    /// Calls the visitor with the type that this is: for each activation, its line.
    #[inline(always)]
    pub(crate) fn dispatch<T: ActivationVisitor>(self, visitor: T) -> T::Output {
        match self {
            ActivationKind::None => visitor.visit(NoActivation),
            ActivationKind::LeakyRelu(slope) => visitor.visit(LeakyRelu(slope)),
            ActivationKind::Gelu => visitor.visit(Gelu),
            ActivationKind::Silu => visitor.visit(Silu),
        }
    }

    /// Operations of the value, and of the slope.
    pub(crate) fn operations(self) -> [usize; 2] {
        struct Operations;

        impl ActivationVisitor for Operations {
            type Output = [usize; 2];

            fn visit<A: Activation>(self, _: A) -> [usize; 2] {
                A::OPERATIONS
            }
        }

        self.dispatch(Operations)
    }
}

/// [`ActivationKind::None`]
#[derive(Clone, Copy)]
pub(crate) struct NoActivation;

impl Activation for NoActivation {
    const OPERATIONS: [usize; 2] = [0, 0];

    #[inline(always)]
    unsafe fn value<V: Vector>(self, x: V) -> V {
        x
    }

    #[inline(always)]
    unsafe fn slope<V: Vector>(self, _: V) -> V {
        // SAFETY: passed on to the caller.
        unsafe { V::splat(1.0) }
    }
}

/// [`ActivationKind::LeakyRelu`]
#[derive(Clone, Copy)]
pub(crate) struct LeakyRelu(pub f32);

impl Activation for LeakyRelu {
    const OPERATIONS: [usize; 2] = [2, 1];

    #[inline(always)]
    unsafe fn value<V: Vector>(self, x: V) -> V {
        // SAFETY: passed on to the caller.
        unsafe { x.select_greater(V::splat(0.0), x, x.mul(V::splat(self.0))) }
    }

    #[inline(always)]
    unsafe fn slope<V: Vector>(self, x: V) -> V {
        // SAFETY: passed on to the caller.
        unsafe { x.select_greater(V::splat(0.0), V::splat(1.0), V::splat(self.0)) }
    }
}

/// [`ActivationKind::Gelu`]
#[derive(Clone, Copy)]
pub(crate) struct Gelu;

/// Operations of [`Gelu::distribution`].
const DISTRIBUTION: usize = 15 + EXPONENTIAL;

impl Gelu {
    /// Φ(x), within 1e-7, and e^(-x² / 2): formula 7.1.26 of Abramowitz and Stegun for the error function at |x| / √2.
    ///
    /// # Safety
    /// As [`Vector`].
    #[inline(always)]
    unsafe fn distribution<V: Vector>(x: V) -> (V, V) {
        // SAFETY: passed on to the caller.
        unsafe {
            let zero = V::splat(0.0);
            let bell = exponential(x.mul(x).mul(V::splat(-0.5)));
            let size = x.select_greater(zero, x, zero.sub(x));
            let denominator = size.mul_add(V::splat(0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2), V::splat(1.0));
            let t = V::splat(1.0).div(denominator);
            let mut sum = t.mul_add(V::splat(1.061_405_4), V::splat(-1.453_152_1));
            for constant in [1.421_413_7, -0.284_496_72, 0.254_829_6] {
                sum = t.mul_add(sum, V::splat(constant));
            }
            let tail = sum.mul(t).mul(bell).mul(V::splat(0.5));
            (x.select_greater(zero, V::splat(1.0).sub(tail), tail), bell)
        }
    }
}

impl Activation for Gelu {
    const OPERATIONS: [usize; 2] = [DISTRIBUTION + 1, DISTRIBUTION + 2];

    #[inline(always)]
    unsafe fn value<V: Vector>(self, x: V) -> V {
        // SAFETY: passed on to the caller.
        unsafe { x.mul(Self::distribution(x).0) }
    }

    #[inline(always)]
    unsafe fn slope<V: Vector>(self, x: V) -> V {
        // SAFETY: passed on to the caller.
        unsafe {
            let (distribution, bell) = Self::distribution(x);
            // 1 / √(2 π)
            x.mul(V::splat(0.398_942_3)).mul_add(bell, distribution)
        }
    }
}

/// [`ActivationKind::Silu`]
#[derive(Clone, Copy)]
pub(crate) struct Silu;

/// Operations of [`Silu::sigmoid`].
const SIGMOID: usize = 3 + EXPONENTIAL;

impl Silu {
    /// 1 / (1 + e⁻ˣ)
    ///
    /// # Safety
    /// As [`Vector`].
    #[inline(always)]
    unsafe fn sigmoid<V: Vector>(x: V) -> V {
        // SAFETY: passed on to the caller.
        unsafe { V::splat(1.0).div(exponential(V::splat(0.0).sub(x)).add(V::splat(1.0))) }
    }
}

impl Activation for Silu {
    const OPERATIONS: [usize; 2] = [SIGMOID + 1, SIGMOID + 3];

    #[inline(always)]
    unsafe fn value<V: Vector>(self, x: V) -> V {
        // SAFETY: passed on to the caller.
        unsafe { x.mul(Self::sigmoid(x)) }
    }

    #[inline(always)]
    unsafe fn slope<V: Vector>(self, x: V) -> V {
        // SAFETY: passed on to the caller.
        unsafe {
            let sigmoid = Self::sigmoid(x);
            // s + x s (1 - s)
            x.mul(sigmoid).mul_add(V::splat(1.0).sub(sigmoid), sigmoid)
        }
    }
}

/// Operations of [`exponential`].
const EXPONENTIAL: usize = 16;

/// eˣ within two units in the last place, for x from -87 to 87; the ends' values beyond: 2ⁿ eʳ with |r| ≤ ln 2 / 2, and
/// eʳ by the polynomial of Cephes.
///
/// # Safety
/// As [`Vector`].
#[inline(always)]
unsafe fn exponential<V: Vector>(x: V) -> V {
    // SAFETY: passed on to the caller; n lies between -126 and 126.
    unsafe {
        let (least, most) = (V::splat(-87.0), V::splat(87.0));
        let x = x.select_greater(least, x, least);
        let x = x.select_greater(most, most, x);
        let n = x.mul(V::splat(std::f32::consts::LOG2_E)).round();
        // ln 2 in two parts, the first of which n multiplies without rounding.
        let r = n.mul_add(V::splat(-0.693_359_4), x);
        let r = n.mul_add(V::splat(2.121_944_4e-4), r);
        let mut sum = r.mul_add(V::splat(1.987_569_1e-4), V::splat(1.398_199_9e-3));
        for constant in [8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
            sum = r.mul_add(sum, V::splat(constant));
        }
        let power = r.mul(r).mul_add(sum, r).add(V::splat(1.0));
        power.mul(n.power_of_two())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::runtime::recorder::Work;
    use crate::cpu::simd::counting::declared_and_done;
    use crate::cpu::simd::{Isa, Kernel};

    /// Value and slope of each of some numbers, whole registers.
    struct Both<'a, A> {
        activation: A,
        values: &'a mut [f32],
        slopes: &'a mut [f32],
    }

    impl<A: Activation> Kernel for Both<'_, A> {
        #[inline(always)]
        unsafe fn run<V: Vector>(self) {
            for place in (0..self.values.len()).step_by(V::LANES) {
                // SAFETY: whole registers.
                unsafe {
                    let at = self.values.as_mut_ptr().add(place);
                    let x = V::load(at);
                    self.activation.value(x).store(at);
                    self.activation.slope(x).store(self.slopes.as_mut_ptr().add(place));
                }
            }
        }

        fn work(&self) -> Work {
            Work::new("both", (A::OPERATIONS[0] + A::OPERATIONS[1]) * self.values.len(), 3 * self.values.len())
        }
    }

    fn check<A: Activation>(activation: A, value: fn(f64) -> f64) {
        let numbers: Vec<f32> = (-3200..3200).map(|step| step as f32 / 64.0 + 0.003).collect();
        for isa in Isa::available() {
            let (mut values, mut slopes) = (numbers.clone(), vec![0.0; numbers.len()]);
            // SAFETY: 6400 values are whole registers.
            unsafe { isa.run(Both { activation, values: &mut values, slopes: &mut slopes }) };
            for ((&x, got), slope) in numbers.iter().zip(values).zip(slopes) {
                let x = f64::from(x);
                let wanted = value(x);
                assert!((f64::from(got) - wanted).abs() < 3e-7 * (1.0 + x.abs()), "{isa}: {got}, not {wanted} at {x}");
                let wanted = (value(x + 1e-5) - value(x - 1e-5)) / 2e-5;
                assert!((f64::from(slope) - wanted).abs() < 2e-6, "{isa}: slope {slope}, not {wanted} at {x}");
            }
        }
        let (mut values, mut slopes) = ([0.5; 16], [0.0; 16]);
        // SAFETY: whole registers.
        let (declared, done) =
            unsafe { declared_and_done(Both { activation, values: &mut values, slopes: &mut slopes }) };
        assert_eq!(declared, done);
    }

    #[test]
    fn activations_are_what_they_should_be() {
        check(NoActivation, |x| x);
        check(LeakyRelu(0.3), |x| if x > 0.0 { x } else { f64::from(0.3f32) * x });
        check(Silu, |x| x / (1.0 + (-x).exp()));
        // Φ by Simpson's rule.
        check(Gelu, |x| {
            let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let (end, steps) = (x.clamp(-12.0, 12.0), 400);
            let step = end / f64::from(steps);
            let weight = |index: i32| if index == 0 || index == steps { 1.0 } else { f64::from(2 + index % 2 * 2) };
            let sum: f64 = (0..=steps).map(|index| weight(index) * density(f64::from(index) * step)).sum();
            x * (0.5 + sum * step / 3.0)
        });
    }
}
