//! What a way to compute convolutions gives and takes.
//!
//! For example a convolution of 32 channels to 64 on images of 14 × 14: a forward task might be images 6..9 of the batch
//! and channels 0..64, of which the algorithm gives the sink `[14, 14, 64]` three times; a backward task is images 0..15
//! and part 0, for which it adds to `d_weight` `[9][32][64]` and `d_bias` `[64]` and gives the input `[14, 14, 32]` fifteen
//! times.

use std::fmt::Debug;
use std::ops::Range;

use crate::cpu::runtime::memory::Disjoint;
use crate::cpu::stages::input::Input;
use crate::cpu::stages::output::{OutputGradient, OutputSink};

/// A way to compute a convolution and its two gradients, image by image.
pub(super) trait Algorithm: Debug + Send + Sync {
    /// Images that are computed together.
    fn images_per_block(&self) -> usize;
    /// Values of scratch that each thread needs beside those of the input.
    fn scratch_len(&self) -> usize;
    /// Values of the filters as the forward pass takes them, and tasks that bring them there.
    fn packed_forward(&self) -> (usize, usize);
    /// The same for the backward pass.
    fn packed_backward(&self) -> (usize, usize);
    /// One task of bringing filters `[out, in, size, size]` into the form of the forward pass.
    ///
    /// # Safety
    /// Nobody else does the same task at the same time.
    unsafe fn pack_forward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>);
    /// The same for the backward pass.
    ///
    /// # Safety
    /// As [`Algorithm::pack_forward`].
    unsafe fn pack_backward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>);

    /// Convolves some images of a batch.
    fn forward(&self, task: ForwardTask<'_>, scratch: &mut [f32]);

    /// The gradients from some images of a batch.
    fn backward(&self, task: BackwardTask<'_>, scratch: &mut [f32]);
}

/// The forward pass of some images of a batch.
pub(super) struct ForwardTask<'a> {
    /// Which images.
    pub images: Range<usize>,
    /// Which channels of the output, padding included: whole panels, and whole lines.
    pub channels: Range<usize>,
    /// The whole batch's input.
    pub input: &'a Input<'a>,
    /// Filters as the forward pass takes them.
    pub packed: &'a [f32],
    /// Takes each image of the result, `[height, width, pitch]`, of which only the wanted channels are there.
    pub sink: &'a OutputSink<'a>,
    /// Scratch for that.
    pub sink_scratch: &'a mut [f32],
    /// Number of the partial sum that the images' values go to.
    pub partial_sum: usize,
}

/// The backward pass of some images of a batch.
pub(super) struct BackwardTask<'a> {
    /// Which images.
    pub images: Range<usize>,
    /// Which of the batch's parts they are in.
    pub part: usize,
    /// The whole batch's input, which takes the gradient towards it.
    pub input: &'a Input<'a>,
    /// Filters as the backward pass takes them.
    pub packed: &'a [f32],
    /// Gives the gradient towards each image of the convolution's output.
    pub output_gradient: &'a OutputGradient<'a>,
    /// Scratch for that.
    pub gradient_scratch: &'a mut [f32],
    /// Receives the images' part of the gradient towards the bias in addition to what it holds, `[out pitch]`.
    pub d_bias: &'a mut [f32],
    /// Receives their part of the gradient towards the filters in addition to what it holds, `[tap][in][out pitch]`.
    pub d_weight: &'a mut [f32],
}
