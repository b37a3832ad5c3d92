//! A stage with no linear operation: an activation, pooling or dropout that follows nothing it could be joined with.

use super::memory::{Disjoint, carve};
use super::plan::Stage;
use super::stage::{BackwardPass, Begin, Finish, ForwardPass, PARTS};
use super::threads::share;

/// What follows nothing.
#[derive(Debug)]
pub struct Identity {
    stage: Stage,
}

impl Identity {
    /// Plans such a stage.
    pub fn new(stage: Stage) -> Self {
        Self { stage }
    }

    /// Values of scratch that each thread needs.
    pub fn scratch_len(&self) -> usize {
        self.stage.linear_output.image_len()
    }

    /// The forward pass: each pixel padded, then what follows.
    pub fn forward(&self, pass: ForwardPass<'_>) {
        let ForwardPass { machine, count, input, output, choices, mask } = pass;
        let (output, choices) = (Disjoint::new(output), Disjoint::new(choices));
        let finish = Finish { isa: machine.isa, stage: &self.stage, bias: None, mask, output, choices, first: 0 };
        let (from, to) = (self.stage.input, self.stage.linear_output);
        machine.threads.run(PARTS, |part, mut scratch| {
            let linear = carve(&mut scratch, to.image_len());
            for image in share(count, PARTS, part) {
                // SAFETY: only read in this pass.
                let pixels = unsafe { input.image(image, from.image_len(), &mut [], scratch) }.chunks_exact(from.pitch);
                for (pixel, padded) in pixels.zip(linear.chunks_exact_mut(to.pitch)) {
                    padded[..from.channels].copy_from_slice(&pixel[..from.channels]);
                    padded[from.channels..].fill(0.0);
                }
                // SAFETY: the task has its images to itself.
                unsafe { finish.image(image, linear, 0..to.pitch) };
            }
        });
    }

    /// The backward pass. The input, if anybody wants a gradient towards it, is laid out as the linear output.
    pub fn backward(&self, pass: BackwardPass<'_>) {
        let BackwardPass { machine, count, input, gradient, choices, .. } = pass;
        let begin = Begin { isa: machine.isa, stage: &self.stage, gradient, choices, first: 0 };
        machine.threads.run(PARTS, |part, mut scratch| {
            let room = carve(&mut scratch, self.stage.linear_output.image_len());
            for image in share(count, PARTS, part) {
                let d_linear = begin.image(image, room, None);
                // SAFETY: image and part are this task's, and nothing of the image has been read.
                unsafe { input.take_gradient(image, part, d_linear, &mut [], scratch) };
            }
        });
    }
}
