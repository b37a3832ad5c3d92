//! What every stage is given, whichever its linear operation.

use std::ops::Range;

use super::epilogue::{Backward, Forward};
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
    pub input: &'a [f32],
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
    /// What the forward pass took, `[count, input layout]`.
    pub input: &'a [f32],
    /// What the forward pass gave, `[count, output layout]`.
    pub output: &'a [f32],
    /// What its pooling chose.
    pub choices: &'a [u8],
    /// The same dropout as in the forward pass.
    pub mask: Option<Mask>,
    /// Gradient towards the output; may be overwritten.
    pub d_output: &'a mut [f32],
    /// Gradient towards the input, overwritten; none where nobody wants it.
    pub d_input: Option<&'a mut [f32]>,
    /// Gradients towards weight and bias in the documented layout, overwritten; empty if there are none.
    pub d_weight: &'a mut [f32],
    /// See `d_weight`.
    pub d_bias: &'a mut [f32],
    /// Room for [`PARTS`] partial gradients.
    pub parts: &'a mut [f32],
}

/// The end of a stage's forward pass, image by image.
pub struct Finish<'a> {
    isa: Isa,
    stage: &'a Stage,
    bias: Option<&'a [f32]>,
    mask: Option<Mask>,
    output: Disjoint<'a, f32>,
    choices: Disjoint<'a, u8>,
}

impl<'a> Finish<'a> {
    /// Of `pass`; the linear output still lacks `bias`, `[pitch]`.
    pub fn new(
        stage: &'a Stage,
        machine: Machine<'_>,
        bias: Option<&'a [f32]>,
        mask: Option<Mask>,
        output: &'a mut [f32],
        choices: &'a mut [u8],
    ) -> Self {
        let (output, choices) = (Disjoint::new(output), Disjoint::new(choices));
        Self { isa: machine.isa, stage, bias, mask, output, choices }
    }

    /// Some channels of one image: `linear` and the stage's epilogue give the output. `linear` is none if it lies in the
    /// output already.
    pub fn image(&self, image: usize, linear: Option<&[f32]>, lines: Range<usize>) {
        let Self { isa, stage, bias, mask, .. } = *self;
        let values = image_range(stage, image);
        let choices = self.choices.pointer(if stage.pool.is_some() { values.clone() } else { 0..0 });
        let output = self.output.pointer(values);
        let linear = linear.map_or(output.cast_const(), <[f32]>::as_ptr);
        // SAFETY: images of the stage's layouts; each line of an image is finished by one task.
        unsafe { isa.run(Forward { stage, linear, bias, output, choices, mask, image, lines }) };
    }
}

/// The beginning of a stage's backward pass, image by image.
pub struct Begin<'a> {
    isa: Isa,
    stage: &'a Stage,
    mask: Option<Mask>,
    output: &'a [f32],
    choices: &'a [u8],
    d_output: Disjoint<'a, f32>,
}

impl<'a> Begin<'a> {
    /// Of a pass whose forward pass gave `output` and `choices`.
    pub fn new(
        stage: &'a Stage,
        machine: Machine<'_>,
        mask: Option<Mask>,
        (output, choices): (&'a [f32], &'a [u8]),
        d_output: &'a mut [f32],
    ) -> Self {
        Self { isa: machine.isa, stage, mask, output, choices, d_output: Disjoint::new(d_output) }
    }

    /// One image: from the gradient towards the output to that towards the linear output, written to `d_linear`, or in place
    /// of the former if none. The gradient towards the bias is added to `d_bias`, `[pitch]`.
    pub fn image(&self, image: usize, d_linear: Option<&mut [f32]>, d_bias: Option<&mut [f32]>) {
        let Self { isa, stage, mask, .. } = *self;
        let values = image_range(stage, image);
        // SAFETY: each image is begun by one task.
        let d_output = unsafe { self.d_output.part(values.clone()) }.as_mut_ptr();
        let d_linear = d_linear.map_or(d_output, <[f32]>::as_mut_ptr);
        let choices = if stage.pool.is_some() { &self.choices[values.clone()] } else { &[] };
        let (output, choices) = (self.output[values].as_ptr(), choices.as_ptr());
        // SAFETY: images of the stage's layouts.
        unsafe { isa.run(Backward { stage, output, d_output, choices, mask, image, d_linear, d_bias }) };
    }
}

/// Where an image of a stage's output lies.
fn image_range(stage: &Stage, image: usize) -> Range<usize> {
    let len = stage.output.image_len();
    image * len..(image + 1) * len
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
