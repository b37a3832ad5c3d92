//! A stage with no linear operation: an addition, an activation, pooling or dropout that follows nothing it could be joined
//! with, or values laid out anew.
//!
//! For example the sum of two values `[250, 14, 14, 64]` that no convolution ends with: each of 16 tasks copies an image of
//! the first, has the sink add the same image of the second and apply the epilogue, and on the way back hands one gradient
//! to both.

use super::{BackwardPass, ForwardPass, PARTS, ScratchSizes, StageOperation};
use crate::cpu::plan::Stage;
use crate::cpu::plan::layout::Layout;
use crate::cpu::runtime::memory::{LINE, carve};
use crate::cpu::runtime::thread_pool::split_range;

/// What follows nothing.
#[derive(Debug)]
pub(crate) struct Identity {
    stage: Stage,
}

impl Identity {
    /// Plans such a stage.
    pub(crate) fn new(stage: Stage) -> Self {
        Self { stage }
    }
}

impl StageOperation for Identity {
    fn scratch_len(&self, _: usize, sizes: ScratchSizes) -> usize {
        let Stage { input, linear_output, .. } = self.stage;
        linear_output.image_len() + input.image_len() + sizes.image + sizes.recompute + sizes.output + 5 * LINE
    }

    fn partial_sums(&self, _: usize) -> usize {
        PARTS
    }

    /// The forward pass: each image laid out as the stage's, then what follows.
    fn forward(&self, mut pass: ForwardPass<'_>) {
        let (context, count) = (pass.context, pass.count);
        let (input, sink) = pass.input_and_sink(&self.stage, None);
        let (from, to) = (self.stage.input, self.stage.linear_output);
        context.threads.run(PARTS, |part, mut scratch| {
            let linear = carve(&mut scratch, to.image_len());
            let image_scratch = carve(&mut scratch, input.image_scratch_len());
            let sink_scratch = carve(&mut scratch, sink.scratch_len());
            for image in split_range(count, PARTS, part) {
                // SAFETY: only read in this pass.
                lay_out(unsafe { input.image(image, from.image_len(), image_scratch, scratch) }, from, linear, to);
                // SAFETY: the task has its images and its partial sum to itself.
                unsafe { sink.image(image, linear, 0..to.pitch, part, sink_scratch) };
            }
        });
    }

    fn backward(&self, pass: BackwardPass<'_>) {
        let (context, count, input) = (pass.context, pass.count, &pass.input);
        let output_gradient = pass.output_gradient(&self.stage);
        let (to, from) = (self.stage.input, self.stage.linear_output);
        context.threads.run(PARTS, |part, mut scratch| {
            let unpooled = carve(&mut scratch, from.image_len());
            let d_image = carve(&mut scratch, to.image_len());
            let image_scratch = carve(&mut scratch, input.image_scratch_len());
            let gradient_scratch = carve(&mut scratch, output_gradient.scratch_len());
            for image in split_range(count, PARTS, part) {
                // SAFETY: image and part are this task's, and nothing of the image has been read.
                unsafe {
                    let d_linear = output_gradient.image(image, part, unpooled, gradient_scratch, None);
                    if from.lies_like(to) {
                        input.write_gradient(image, part, d_linear, image_scratch, scratch);
                    } else if input.needs_gradient() {
                        lay_out(d_linear, from, d_image, to);
                        input.write_gradient(image, part, d_image, image_scratch, scratch);
                    }
                }
            }
        });
    }
}

/// Copies the values that count, in order, from one layout to another of as many; what lies between them becomes zero.
fn lay_out(values: &[f32], from: Layout, copy: &mut [f32], to: Layout) {
    if from.lies_like(to) {
        copy[..to.image_len()].copy_from_slice(&values[..from.image_len()]);
        return;
    }
    copy.fill(0.0);
    // The narrower pixels lie whole in the wider ones.
    let length = from.channels.min(to.channels);
    for start in (0..from.logical_len()).step_by(length) {
        let place = |layout: Layout| start / layout.channels * layout.pitch + start % layout.channels;
        copy[place(to)..][..length].copy_from_slice(&values[place(from)..][..length]);
    }
}
