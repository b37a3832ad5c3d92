#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

use std::sync::Arc;

pub use realfft::num_complex::Complex;
pub use realfft::{ComplexToReal, FftError, RealToComplex};
pub use rustfft::Fft;

/// Plans of transforms, kept for the next of the same length.
pub struct Planners {
    real: realfft::RealFftPlanner<f32>,
    complex: rustfft::FftPlanner<f32>,
}

impl Planners {
    /// Without plans so far.
    #[expect(clippy::new_without_default, reason = "plans are made, there is no usual one")]
    pub fn new() -> Self {
        Self { real: realfft::RealFftPlanner::new(), complex: rustfft::FftPlanner::new() }
    }

    /// From `[length]` real numbers to their first `[length / 2 + 1]` frequencies. The others mirror them.
    pub fn real_forward(&mut self, length: usize) -> Arc<dyn RealToComplex<f32>> {
        self.real.plan_fft_forward(length)
    }

    /// The way back of [`Self::real_forward`]; the result is `length` times too large.
    pub fn real_inverse(&mut self, length: usize) -> Arc<dyn ComplexToReal<f32>> {
        self.real.plan_fft_inverse(length)
    }

    /// Of `[length]` complex numbers.
    pub fn complex_forward(&mut self, length: usize) -> Arc<dyn Fft<f32>> {
        self.complex.plan_fft_forward(length)
    }

    /// The way back of [`Self::complex_forward`]; the result is `length` times too large.
    pub fn complex_inverse(&mut self, length: usize) -> Arc<dyn Fft<f32>> {
        self.complex.plan_fft_inverse(length)
    }
}
