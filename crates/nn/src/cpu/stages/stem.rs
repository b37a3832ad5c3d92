//! A first convolution that is cheaper to compute again than to keep.
//!
//! With few channels in, it costs a few multiplications for each value out, of which there are more than anywhere else in
//! the network. The stage behind it asks for its output an image at a time, while that is in cache, in the forward pass and
//! once more in the backward pass, and hands back the gradient an image at a time: none of it ever goes to memory.

use super::convolution::Convolution;
use super::input::Input;
use crate::cpu::kernels::epilogue::Derivative;
use crate::cpu::runtime::memory::Disjoint;

/// A pass through a stem, on behalf of the stage behind it.
pub struct Stem<'a> {
    /// The convolution.
    pub convolution: &'a Convolution,
    /// What it takes, one image after the other.
    pub images: &'a [f32],
    /// Room for its partial gradients.
    pub parts: Disjoint<'a, f32>,
}

impl Stem<'_> {
    /// Values of an image of its output.
    pub fn image_len(&self) -> usize {
        self.convolution.stage().output.image_len()
    }

    /// Values of scratch that it needs.
    pub fn scratch_len(&self) -> usize {
        self.convolution.as_stem().1
    }

    /// An image of its output.
    pub fn image(&self, image: usize, output: &mut [f32], scratch: &mut [f32]) {
        self.convolution.forward_image(image, &Input::Images(self.images), output, scratch);
    }

    /// Before the first gradient from a part of the batch.
    ///
    /// # Safety
    /// The part is the calling task's.
    pub unsafe fn begin_part(&self, part: usize) {
        // SAFETY: passed on to the caller.
        unsafe { self.convolution.clear_part(part, &self.parts) };
    }

    /// Adds what follows from the gradient towards an image of its output, of which `output` still holds the values.
    ///
    /// # Safety
    /// The part is the calling task's.
    pub unsafe fn take_gradient(
        &self,
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
        let input = Input::Images(self.images);
        // SAFETY: passed on to the caller.
        unsafe { self.convolution.backward_image(image, part, &input, output, &self.parts, scratch) };
    }
}
