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
    /// Compiles such a stage.
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
        let finish = Finish::new(&self.stage, machine, None, mask, output, choices);
        let (from, to) = (self.stage.input, self.stage.linear_output);
        machine.threads.run(PARTS, |part, mut scratch| {
            let linear = carve(&mut scratch, to.image_len());
            for image in share(count, PARTS, part) {
                let pixels = input[image * from.image_len()..][..from.image_len()].chunks_exact(from.pitch);
                for (pixel, padded) in pixels.zip(linear.chunks_exact_mut(to.pitch)) {
                    padded[..from.channels].copy_from_slice(&pixel[..from.channels]);
                    padded[from.channels..].fill(0.0);
                }
                finish.image(image, Some(linear), 0..to.pitch);
            }
        });
    }

    /// The backward pass straight into the gradient towards the input, whose layout is that of the linear output.
    pub fn backward(&self, pass: BackwardPass<'_>) {
        let BackwardPass { machine, count, output, choices, mask, d_output, d_input: Some(d_input), .. } = pass else {
            return;
        };
        let begin = Begin::new(&self.stage, machine, mask, (output, choices), d_output);
        let d_input = Disjoint::new(d_input);
        let len = self.stage.linear_output.image_len();
        machine.threads.run(PARTS, |part, _| {
            for image in share(count, PARTS, part) {
                // SAFETY: each image belongs to one task.
                let d_linear = unsafe { d_input.part(image * len..(image + 1) * len) };
                begin.image(image, Some(d_linear), None);
            }
        });
    }
}
