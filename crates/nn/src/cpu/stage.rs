//! What every stage is given, whichever its linear operation.

use super::epilogue::{Backward, Forward};
use super::memory::Disjoint;
use super::plan::Stage;
use super::threads::Threads;
use super::vector::Isa;
use crate::dropout::Mask;

/// Parts into which a batch is cut where gradients are summed over its images. Their number is fixed, and they are added up
/// in order, so that the sum does not depend on the number of threads.
pub const LANES: usize = 16;

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
    /// Gradient towards the input, overwritten; none for the first stage.
    pub d_input: Option<&'a mut [f32]>,
    /// Gradients towards weight and bias in the documented layout, overwritten; empty if there are none.
    pub d_weight: &'a mut [f32],
    /// See `d_weight`.
    pub d_bias: &'a mut [f32],
    /// Room for [`LANES`] partial gradients.
    pub lanes: &'a mut [f32],
}

/// A byte for each value if there are any choices to be kept.
fn image_bytes(stage: &Stage, image: usize) -> std::ops::Range<usize> {
    let len = if stage.pool.is_some() { stage.output.image_len() } else { 0 };
    image * len..(image + 1) * len
}

/// Finishes one image: `linear` and the stage's epilogue give the output. `linear` is none if it lies in the output already.
pub fn finish_image(
    isa: Isa,
    stage: &Stage,
    linear: Option<&[f32]>,
    bias: Option<&[f32]>,
    (output, choices): (&Disjoint<'_, f32>, &Disjoint<'_, u8>),
    mask: Option<Mask>,
    image: usize,
) {
    let len = stage.output.image_len();
    // SAFETY: each image is finished by one task.
    let (output, choices) =
        unsafe { (output.part(image * len..(image + 1) * len), choices.part(image_bytes(stage, image))) };
    let output = output.as_mut_ptr();
    let linear = linear.map_or(output.cast_const(), <[f32]>::as_ptr);
    // SAFETY: images of the stage's layouts.
    unsafe { isa.run(Forward { stage, linear, bias, output, choices: choices.as_mut_ptr(), mask, image }) };
}

/// Begins the backward pass of one image: from the gradient towards the output to that towards the linear output, written to
/// `d_linear`, or in place of the former if none.
pub fn begin_image(
    isa: Isa,
    stage: &Stage,
    (output, choices): (&[f32], &[u8]),
    d_output: &Disjoint<'_, f32>,
    mask: Option<Mask>,
    image: usize,
    d_linear: Option<&mut [f32]>,
    d_bias: Option<&mut [f32]>,
) {
    let len = stage.output.image_len();
    // SAFETY: each image is begun by one task.
    let d_output = unsafe { d_output.part(image * len..(image + 1) * len) }.as_mut_ptr();
    let d_linear = d_linear.map_or(d_output, <[f32]>::as_mut_ptr);
    let output = output[image * len..(image + 1) * len].as_ptr();
    let choices = choices[image_bytes(stage, image)].as_ptr();
    // SAFETY: images of the stage's layouts.
    unsafe { isa.run(Backward { stage, output, d_output, choices, mask, image, d_linear, d_bias }) };
}

/// Sums `[LANES][..]` over the lanes, in order, for the values from `start` on.
pub fn sum_lanes(lanes: &[f32], start: usize, sums: &mut [f32]) {
    let len = lanes.len() / LANES;
    sums.fill(0.0);
    for lane in lanes.chunks_exact(len) {
        for (sum, &value) in sums.iter_mut().zip(&lane[start..]) {
            *sum += value;
        }
    }
}
