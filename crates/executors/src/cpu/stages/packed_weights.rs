//! A stage's weights in the form in which its passes take them.
//!
//! For example a dense stage of 784 inputs and 256 units with panels of 32 columns (AVX-512) has its weight `[256, 784]` as
//! 8 panels `[784][32]` for the forward pass and as 25 panels `[256][32]`, the last one half empty, for the backward pass.

use crate::cpu::runtime::memory::Buffer;

/// Weights packed for the forward and the backward pass, and the bias.
#[derive(Debug)]
pub(super) struct PackedWeights {
    /// Values of `forward`, `backward` and `bias`.
    sizes: [usize; 3],
    /// For the forward pass; its layout is the stage's affair.
    pub forward: Buffer,
    /// For the backward pass; empty if nobody wants the gradient towards the stage's input.
    pub backward: Buffer,
    /// `[pitch]`
    pub bias: Buffer,
}

impl PackedWeights {
    /// Plans so many values for the forward and the backward pass, and a bias of a layout with this pitch. Nothing is
    /// allocated.
    pub(super) fn new(forward: usize, backward: usize, pitch: usize) -> Self {
        let (sizes, [forward, backward, bias]) = ([forward, backward, pitch], Default::default());
        Self { sizes, forward, backward, bias }
    }

    /// Values of all at most.
    pub(super) fn len(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// Has the memory ready; `first` says that nobody wants the gradient towards the stage's input.
    pub(super) fn allocate(&mut self, first: bool) {
        let [forward, backward, pitch] = self.sizes;
        self.forward = Buffer::zeroed(forward);
        self.backward = Buffer::zeroed(if first { 0 } else { backward });
        self.bias = Buffer::zeroed(pitch);
    }

    /// Copies the bias `[out]`, of which there may be none.
    pub(super) fn set_bias(&mut self, bias: &[f32]) {
        // For inference there may have been one that training has not.
        self.bias.fill(0.0);
        self.bias[..bias.len()].copy_from_slice(bias);
    }
}
