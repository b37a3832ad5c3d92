//! A first convolution that is cheaper to compute again than to keep.
//!
//! With few channels in, it costs a few multiplications for each value out, of which there are more than anywhere else in
//! the network. The stage behind it asks for its output an image at a time, while that is in cache, in the forward pass and
//! once more in the backward pass, and hands back the gradient an image at a time: none of it ever goes to memory.
//!
//! For example 32 filters of 3 × 3 over images of 28 × 28 × 1: 9 multiply-adds for each of 25,088 values. Kept, they are 25
//! MB for a batch of 250, written once and read twice; computed again, they are 98 KiB of a thread's scratch.

use super::convolution::Convolution;
use super::input::{Input, Recomputed, RecomputedInput};
use super::{BackwardPass, ForwardPass, ScratchSizes, StageOperation};
use crate::cpu::context::Context;
use crate::cpu::kernels::epilogue::Derivative;

/// A convolution whose passes the stage behind it does.
#[derive(Debug)]
pub(crate) struct Stem {
    convolution: Convolution,
}

impl Stem {
    /// A stem that computes what a convolution does, of the images.
    pub(crate) fn new(convolution: Convolution) -> Self {
        Self { convolution }
    }
}

impl RecomputedInput for Stem {
    fn image_len(&self) -> usize {
        self.convolution.stage().output.image_len()
    }

    fn recompute_scratch_len(&self) -> usize {
        self.convolution.scratch_len_of_image()
    }

    fn forward_image(&self, pass: &Recomputed<'_>, image: usize, output: &mut [f32], scratch: &mut [f32]) {
        self.convolution.forward_image(image, &Input::Images(pass.images), output, scratch);
    }

    unsafe fn begin_part(&self, pass: &Recomputed<'_>, part: usize) {
        // SAFETY: passed on to the caller.
        unsafe { self.convolution.clear_part(part, &pass.parts) };
    }

    unsafe fn backward_image(
        &self,
        pass: &Recomputed<'_>,
        image: usize,
        part: usize,
        gradient: &[f32],
        output: &mut [f32],
        scratch: &mut [f32],
    ) {
        let stage = self.convolution.stage();
        let places = 0..stage.output.image_len();
        let (gradient, to) = (gradient[places.clone()].as_ptr(), output[places.clone()].as_mut_ptr());
        let (gradient_step, images, mask) = (0, image..image + 1, None);
        let (layout, slope, values) = (stage.output, stage.slope, to.cast_const());
        let derivative = Derivative { layout, slope, gradient, gradient_step, values, to, mask, images, places };
        // SAFETY: an image of the stage's output, and the gradient towards it.
        unsafe { self.convolution.isa().run(derivative) };
        let input = Input::Images(pass.images);
        // SAFETY: passed on to the caller.
        unsafe { self.convolution.backward_image(image, part, &input, output, &pass.parts, scratch) };
    }
}

impl StageOperation for Stem {
    fn scratch_len(&self, batch: usize, sizes: ScratchSizes) -> usize {
        self.convolution.scratch_len(batch, sizes)
    }

    fn part_len(&self) -> usize {
        self.convolution.part_len()
    }

    fn packed_len(&self) -> usize {
        self.convolution.packed_len()
    }

    fn partial_sums(&self, batch: usize) -> usize {
        self.convolution.partial_sums(batch)
    }

    fn allocate(&mut self, first: bool) {
        self.convolution.allocate(first);
    }

    fn prepare(&mut self, context: Context<'_>, weight: &[f32], bias: &[f32], training: bool) {
        self.convolution.prepare(context, weight, bias, training);
    }

    /// Nothing: the stage behind has each image computed.
    fn forward(&self, _: ForwardPass<'_>) {}

    /// Sums the gradients that the stage behind has left in the parts.
    fn backward(&self, pass: BackwardPass<'_>) {
        self.convolution.reduce(pass.context, pass.parts, pass.d_weight, pass.d_bias);
    }

    fn as_recomputed(&self) -> Option<&dyn RecomputedInput> {
        Some(self)
    }
}
