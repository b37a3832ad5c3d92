//! The operations of stages, and what every one of them is given.
//!
//! For example a stage of a 3 × 3 convolution of 32 channels to 64 with max-pooling of 2 × 2, of images of 28 × 28 in a
//! batch of 250, takes `[250, 28, 28, 32]` in its forward pass, adds bias and applies the epilogue to each image of `[28,
//! 28, 64]`, and writes `[250, 14, 14, 64]` and as many bytes that say which value of each window was the largest. Its
//! backward pass starts from a gradient `[250, 14, 14, 64]`, gives one of `[250, 28, 28, 32]` to its input, and writes
//! those towards weight `[64, 32, 3, 3]` and bias `[64]`.

pub(super) mod convolution;
pub(super) mod dense;
pub(super) mod identity;
pub(super) mod input;
pub(super) mod normalisation;
pub(super) mod output;
mod packed_weights;
pub(super) mod prelu;
pub(super) mod stem;

use modiste_network::Mask;

use self::input::{Input, RecomputedInput};
use self::normalisation::Moments;
use self::output::{GradientSource, OutputGradient, OutputSink};
use super::context::Context;
use super::plan::Stage;
use super::runtime::memory::Disjoint;
use super::runtime::thread_pool::split_range;

/// Parts into which a batch is cut where gradients are summed over its images. Their number is fixed, and they are added
/// up in order, so that the sum does not depend on the number of threads. More parts occupy more threads, but each is a
/// whole gradient of the stage in memory, which has to be cleared and summed; not measured against other numbers, and no
/// longer to be changed without changing every trained bit.
pub(super) const PARTS: usize = 16;

/// Values of scratch, beside its own, that a stage needs for what comes before it and what follows it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScratchSizes {
    /// For an image of the input.
    pub image: usize,
    /// For computing that.
    pub recompute: usize,
    /// For the end of the forward pass or the beginning of the backward pass.
    pub output: usize,
}

/// The operation of a stage: what it computes before its epilogue, forward and backward, and the memory that it needs.
///
/// A new operation is a file beside this one, and a line in `compile`.
pub(super) trait StageOperation: Send {
    /// Values of scratch that each thread needs for batches of up to `batch` images, where what comes before and after
    /// needs as much as `sizes` says.
    fn scratch_len(&self, batch: usize, sizes: ScratchSizes) -> usize;

    /// Values of a partial gradient; 0 if the batch's is made at once, or if there is none.
    fn part_len(&self) -> usize {
        0
    }

    /// Values of its own memory at most.
    fn packed_len(&self) -> usize {
        0
    }

    /// Partial sums, at most, that the values of its output are added to in a batch of up to `batch` images: each is one
    /// task's at a time.
    fn partial_sums(&self, batch: usize) -> usize;

    /// Has its memory ready; `first` says that nobody wants the gradient towards its input.
    fn allocate(&mut self, _first: bool) {}

    /// Brings weight and bias, both in the documented layout, into the form of the passes: both if `training`, else the
    /// forward one.
    fn prepare(&mut self, _machine: Context<'_>, _weight: &[f32], _bias: &[f32], _training: bool) {}

    /// The forward pass, the epilogue included.
    fn forward(&self, pass: ForwardPass<'_>);

    /// The backward pass, that of the epilogue included.
    fn backward(&self, pass: BackwardPass<'_>);

    /// Itself, if its output is not kept but computed again by who reads it.
    fn as_recomputed(&self) -> Option<&dyn RecomputedInput> {
        None
    }
}

/// A forward pass through one stage.
pub(super) struct ForwardPass<'a> {
    /// Where it runs.
    pub context: Context<'a>,
    /// Images of the batch.
    pub count: usize,
    /// `[count, input layout]`
    pub input: Input<'a>,
    /// What is added to the linear output, `[count, linear output layout]`.
    pub skip: Option<Input<'a>>,
    /// Where the output's values are summed, if somebody normalises it.
    pub moments: Option<Moments<'a>>,
    /// `[count, output layout]`, overwritten.
    pub output: &'a mut [f32],
    /// A byte for each value of the output if the stage pools, overwritten.
    pub pool_argmax: &'a mut [u8],
    /// Dropout of this step; none when not training.
    pub mask: Option<Mask>,
}

/// A backward pass through one stage.
pub(super) struct BackwardPass<'a> {
    /// Where it runs.
    pub context: Context<'a>,
    /// Images of the batch.
    pub count: usize,
    /// What the forward pass took, `[count, input layout]`, and what becomes of the gradient towards it.
    pub input: Input<'a>,
    /// What was added to the linear output, and what becomes of the gradient towards it.
    pub skip: Option<Input<'a>>,
    /// Gradient of the stage's output.
    pub gradient: GradientSource<'a>,
    /// For each value of the output which tap of its window was the largest.
    pub pool_argmax: &'a [u8],
    /// Gradients towards weight and bias in the documented layout, overwritten; empty if there are none.
    pub d_weight: &'a mut [f32],
    /// See `d_weight`.
    pub d_bias: &'a mut [f32],
    /// Memory for [`PARTS`] partial gradients.
    pub parts: &'a mut [f32],
}

impl<'a> ForwardPass<'a> {
    /// What the linear operation reads, and what takes its output; `bias` is what that still lacks.
    pub(super) fn input_and_sink<'f>(
        &'f mut self,
        stage: &'f Stage,
        bias: Option<&'f [f32]>,
    ) -> (&'f Input<'a>, OutputSink<'f>) {
        let sink = OutputSink {
            isa: self.context.isa,
            stage,
            skip: self.skip.as_ref(),
            moments: self.moments,
            bias,
            mask: self.mask,
            output: Disjoint::new(self.output),
            pool_argmax: Disjoint::new(self.pool_argmax),
            first: 0,
        };
        (&self.input, sink)
    }
}

impl<'a> BackwardPass<'a> {
    /// What the linear operation's gradients start from.
    pub(super) fn output_gradient<'b>(&'b self, stage: &'b Stage) -> OutputGradient<'b> {
        OutputGradient {
            isa: self.context.isa,
            stage,
            skip: self.skip.as_ref(),
            gradient: self.gradient,
            pool_argmax: self.pool_argmax,
            first: 0,
        }
    }

    /// Has the gradient towards what the stage's activation took ready for all images at once, for a linear operation that
    /// wants them so.
    pub(super) fn settle(&mut self, stage: &Stage) -> &'a [f32] {
        match self.gradient {
            GradientSource::InPlace(gradient) => gradient,
            GradientSource::Slots(slots) => {
                let (context, count, len) = (self.context, self.count, stage.output.image_len());
                let place = slots.readers[0].place.start..slots.readers[0].place.start + count * len;
                context.threads.run(PARTS, |part, _| {
                    for image in split_range(count, PARTS, part) {
                        let start = place.start + image * len;
                        // SAFETY: each image is one task's.
                        unsafe { slots.combine(context.isa, stage, image, slots.arena.pointer(start..start + len)) };
                    }
                });
                // SAFETY: nobody writes to the slot until the pass is over.
                let gradient = unsafe { slots.arena.lasting(place) };
                self.gradient = GradientSource::InPlace(gradient);
                gradient
            }
        }
    }
}

/// Sums `[PARTS][..]` over the parts, in order, for the values from `start` on.
pub(super) fn sum_parts(parts: &[f32], start: usize, sums: &mut [f32]) {
    let len = parts.len() / PARTS;
    sums.fill(0.0);
    for part in parts.chunks_exact(len) {
        for (sum, &value) in sums.iter_mut().zip(&part[start..]) {
            *sum += value;
        }
    }
}
