//! What a way to compute convolutions gives and takes.

use std::fmt::Debug;
use std::ops::Range;

use super::memory::Disjoint;

/// A way to compute a convolution and its two gradients, image by image.
pub trait Algorithm: Debug + Send + Sync {
    /// Images that are computed together.
    fn images_per_block(&self) -> usize;
    /// Values of scratch that each thread needs.
    fn scratch_len(&self) -> usize;
    /// Values of the kernels as the forward pass takes them, and tasks that bring them there.
    fn packed_forward(&self) -> (usize, usize);
    /// The same for the backward pass.
    fn packed_backward(&self) -> (usize, usize);
    /// One task of bringing kernels `[out, in, kernel, kernel]` into the form of the forward pass.
    fn pack_forward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>);
    /// The same for the backward pass.
    fn pack_backward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>);

    /// Convolves some images of a batch.
    fn forward(&self, task: ForwardTask<'_>, scratch: &mut [f32]);

    /// The gradients from `images` of a batch.
    fn backward(&self, task: BackwardTask<'_>, scratch: &mut [f32]);
}

/// The forward pass of some images of a batch.
pub struct ForwardTask<'a> {
    /// Which images.
    pub images: Range<usize>,
    /// Which channels of the output, padding included: whole panels, and whole lines.
    pub channels: Range<usize>,
    /// The whole batch's input.
    pub input: &'a [f32],
    /// Kernels as the forward pass takes them.
    pub packed: &'a [f32],
    /// Takes each image of the result, `[height, width, pitch]`, of which only the wanted channels are there.
    pub finish: &'a mut dyn FnMut(usize, &[f32]),
}

/// The backward pass of some images of a batch.
pub struct BackwardTask<'a> {
    /// Which images.
    pub images: Range<usize>,
    /// The whole batch's input.
    pub input: &'a [f32],
    /// Kernels as the backward pass takes them.
    pub packed: &'a [f32],
    /// Writes an image of the gradient towards the convolution's output, `[height, width, pitch]`.
    pub begin: &'a mut dyn FnMut(usize, &mut [f32]),
    /// Receives the images' own part of the gradient towards the input, if anybody wants it.
    pub d_input: Option<&'a Disjoint<'a, f32>>,
    /// Gradient towards the kernels from these images, `[tap][in][out pitch]`, overwritten.
    pub d_weight: &'a mut [f32],
}
