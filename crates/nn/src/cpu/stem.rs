//! A first convolution that is cheaper to compute again than to keep.
//!
//! With few channels in, it costs a few multiplications for each value out, of which there are more than anywhere else in
//! the network. The stage behind it asks for its output an image at a time, while that is in cache, in the forward pass and
//! once more in the backward pass, and hands back the gradient an image at a time: none of it ever goes to memory.

use super::convolution::Convolution;
use super::epilogue::Derivative;
use super::input::Input;
use super::memory::Disjoint;
use super::plan::{Linear, Stage};
use crate::network::Window;

/// Values of a window up to which a convolution is a stem.
const WINDOW_VALUES: usize = 32;

/// A pass through a stem, on behalf of the stage behind it.
pub struct Stem<'a> {
    /// The convolution.
    pub convolution: &'a Convolution,
    /// What it takes, one image after the other.
    pub images: &'a [f32],
    /// Room for its partial gradients.
    pub parts: Disjoint<'a, f32>,
}

/// The first of these stages as a convolution, if it is a stem for the second; and its weight's index.
pub fn stem(stages: &[Stage]) -> Option<(Stage, Window, usize)> {
    let [first, second, ..] = stages else { return None };
    let (Linear::Conv(window, weight), Linear::Conv(..)) = (first.linear, second.linear) else { return None };
    let small = window.size * window.size * first.input.channels <= WINDOW_VALUES;
    (small && first.pool.is_none() && first.dropout.is_none()).then_some((*first, window, weight))
}

impl Stem<'_> {
    /// Values of an image of its output.
    pub fn image_len(&self) -> usize {
        self.convolution.stage().output.image_len()
    }

    /// Values of scratch that it needs.
    pub fn scratch_len(&self) -> usize {
        self.convolution.scratch_len(None)
    }

    /// An image of its output.
    pub fn image(&self, image: usize, output: &mut [f32], scratch: &mut [f32]) {
        self.convolution.forward_image(image, &Input::Given(self.images), output, scratch);
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
        let (gradient, values) = (gradient[places.clone()].as_ptr(), output[places.clone()].as_mut_ptr());
        let (gradient_step, images) = (0, image..image + 1);
        let derivative = Derivative { stage, gradient, gradient_step, values, mask: None, images, places };
        // SAFETY: an image of the stage's output, and the gradient towards it.
        unsafe { self.convolution.isa().run(derivative) };
        let input = Input::Given(self.images);
        // SAFETY: passed on to the caller.
        unsafe { self.convolution.backward_image(image, part, &input, output, &self.parts, scratch) };
    }
}
