//! What every stage is given, whichever its linear operation.

use std::ops::Range;

use super::epilogue::{Forward, Unpool};
use super::input::Input;
use super::memory::Disjoint;
use super::plan::Stage;
use super::threads::Threads;
use super::vector::Isa;
use crate::dropout::Mask;

/// Parts into which a batch is cut where gradients are summed over its images. Their number is fixed, and they are added up
/// in order, so that the sum does not depend on the number of threads.
pub const PARTS: usize = 16;

/// Where a stage runs.
#[derive(Clone, Copy)]
pub struct Machine<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// Threads that compute.
    pub threads: &'a Threads,
}

/// A forward pass through one stage.
pub struct ForwardPass<'a> {
    /// Where it runs.
    pub machine: Machine<'a>,
    /// Images of the batch.
    pub count: usize,
    /// `[count, input layout]`
    pub input: Input<'a>,
    /// `[count, output layout]`, overwritten.
    pub output: &'a mut [f32],
    /// A byte for each value of the output if the stage pools, overwritten.
    pub choices: &'a mut [u8],
    /// Dropout of this step; none when not training.
    pub mask: Option<Mask>,
}

/// A backward pass through one stage.
pub struct BackwardPass<'a> {
    /// Where it runs.
    pub machine: Machine<'a>,
    /// Images of the batch.
    pub count: usize,
    /// What the forward pass took, `[count, input layout]`, and what becomes of the gradient towards it.
    pub input: Input<'a>,
    /// Gradient towards what the stage's activation took, `[count, output layout]`, where its output was.
    pub gradient: &'a [f32],
    /// What the forward pass's pooling chose.
    pub choices: &'a [u8],
    /// Gradients towards weight and bias in the documented layout, overwritten; empty if there are none.
    pub d_weight: &'a mut [f32],
    /// See `d_weight`.
    pub d_bias: &'a mut [f32],
    /// Room for [`PARTS`] partial gradients.
    pub parts: &'a mut [f32],
}

/// The end of a stage's forward pass, image by image.
pub struct Finish<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// The stage.
    pub stage: &'a Stage,
    /// What the linear output still lacks, `[pitch]`.
    pub bias: Option<&'a [f32]>,
    /// Dropout of this step; none when not training.
    pub mask: Option<Mask>,
    /// `[images, output layout]`
    pub output: Disjoint<'a, f32>,
    /// A byte for each value of the output if the stage pools.
    pub choices: Disjoint<'a, u8>,
    /// Which image of the batch is the first of `output`.
    pub first: usize,
}

impl Finish<'_> {
    /// Some channels, whole lines, of one image of the batch: `linear`, `[height, width, pitch]`, and the stage's epilogue
    /// give the output.
    ///
    /// # Safety
    /// The calling task has these channels of the image to itself.
    pub unsafe fn image(&self, image: usize, linear: &[f32], channels: Range<usize>) {
        let linear = &linear[channels.start..self.stage.linear_output.image_len()];
        // SAFETY: passed on to the caller; `linear` is an image.
        unsafe { self.finish(image..image + 1, channels, linear, 0) };
    }

    /// Some units, whole lines, of images that are rows of units; `linear` has these units of each image, and `step` values
    /// from one image to the next.
    ///
    /// # Safety
    /// The calling task has these units of the images to itself.
    pub unsafe fn rows(&self, images: Range<usize>, units: Range<usize>, linear: &[f32], step: usize) {
        assert!(self.stage.linear_output.pixels() == 1, "an image is a row of units");
        assert!(images.len() * step <= linear.len() && units.len() <= step, "these units of each image");
        // SAFETY: passed on to the caller; `linear` has just been found long enough.
        unsafe { self.finish(images, units, linear, step) };
    }

    /// # Safety
    /// The calling task has these channels of the images to itself, and `linear` holds them.
    unsafe fn finish(&self, images: Range<usize>, channels: Range<usize>, linear: &[f32], linear_step: usize) {
        let Self { isa, stage, bias, mask, .. } = *self;
        let values = range_of(stage, images.start - self.first..images.end - self.first);
        let choices = self.choices.pointer(if stage.pool.is_some() { values.clone() } else { 0..0 });
        let (linear, output) = (linear.as_ptr(), self.output.pointer(values));
        let kernel = Forward { stage, linear, linear_step, bias, output, choices, mask, images, channels };
        // SAFETY: images of the stage's layouts, of which only these channels are touched; the rest is the caller's.
        unsafe { isa.run(kernel) };
    }
}

/// The beginning of a stage's backward pass, image by image.
pub struct Begin<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// The stage.
    pub stage: &'a Stage,
    /// Gradient towards what the activation took, `[images, output layout]`.
    pub gradient: &'a [f32],
    /// What the forward pass's pooling chose.
    pub choices: &'a [u8],
    /// Which image of the batch is the first of `gradient`.
    pub first: usize,
}

impl<'a> Begin<'a> {
    /// The gradient towards the linear output of one image of the batch, `[height, width, pitch]`: in `room`, or where the
    /// gradient lies if the stage does not pool. The gradient towards the bias is added to `d_bias`, `[pitch]`.
    pub fn image<'r>(&self, image: usize, room: &'r mut [f32], d_bias: Option<&mut [f32]>) -> &'r [f32]
    where
        'a: 'r,
    {
        let Self { isa, stage, .. } = *self;
        let values = range_of(stage, image - self.first..image - self.first + 1);
        let choices = if stage.pool.is_some() { self.choices[values.clone()].as_ptr() } else { self.choices.as_ptr() };
        let gradient = &self.gradient[values];
        if stage.pool.is_some() || d_bias.is_some() {
            assert!(stage.pool.is_none() || room.len() >= stage.linear_output.image_len(), "room for an image");
            let (gradient, d_linear) = (gradient.as_ptr(), room.as_mut_ptr());
            // SAFETY: images of the stage's layouts.
            unsafe { isa.run(Unpool { stage, gradient, choices, d_linear, d_bias }) };
        }
        if stage.pool.is_some() { room } else { gradient }
    }

    /// What [`Self::image`] will read, [`Self::image_len`] values of each image.
    pub fn ahead(&self, images: Range<usize>) -> &'a [f32] {
        &self.gradient[range_of(self.stage, images.start - self.first..images.end - self.first)]
    }

    /// Values of an image of the gradient.
    pub fn image_len(&self) -> usize {
        self.stage.output.image_len()
    }
}

/// Where some images of a stage's output lie.
fn range_of(stage: &Stage, images: Range<usize>) -> Range<usize> {
    let len = stage.output.image_len();
    images.start * len..images.end * len
}

/// Sums `[PARTS][..]` over the parts, in order, for the values from `start` on.
pub fn sum_parts(parts: &[f32], start: usize, sums: &mut [f32]) {
    let len = parts.len() / PARTS;
    sums.fill(0.0);
    for part in parts.chunks_exact(len) {
        for (sum, &value) in sums.iter_mut().zip(&part[start..]) {
            *sum += value;
        }
    }
}
