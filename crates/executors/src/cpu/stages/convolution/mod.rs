//! A convolution stage: its filters in the form the passes want, and its gradient summed over parts.
//!
//! A depthwise convolution is one whose filters see a single channel each.
//!
//! For example 3 × 3 filters, 32 channels in and 64 out, images of 14 × 14, a batch of 250. The forward pass by Winograd's
//! tiles has 16 tiles an image, so 3 images a block and 84 blocks, which are 64 tasks. The backward pass is 16 tasks, one
//! for each part of 15 or 16 images; each adds up a gradient `[9][32][64]` and `[64]` of its own, and at last 4 tasks sum
//! these 16 into `[64, 32, 3, 3]`.

mod algorithm;
mod depthwise;
mod direct;
mod padding;
mod pointwise;
mod winograd;

use modiste_network::Window;

use self::algorithm::{Algorithm, BackwardTask, ForwardTask};
use self::depthwise::Depthwise;
use self::direct::Direct;
use self::pointwise::Pointwise;
use self::winograd::Winograd;
use crate::cpu::context::Context;
use crate::cpu::kernels::matmul::panel_width;
use crate::cpu::options::ConvolutionAlgorithm;
use crate::cpu::plan::{Stage, StageKind};
use crate::cpu::runtime::memory::{Disjoint, LINE, carve};
use crate::cpu::runtime::thread_pool::split_range;
use crate::cpu::simd::Isa;
use crate::cpu::stages::input::Input;
use crate::cpu::stages::output::{GradientSource, OutputGradient, OutputSink};
use crate::cpu::stages::packed_weights::PackedWeights;
use crate::cpu::stages::{BackwardPass, ForwardPass, PARTS, ScratchSizes, StageOperation, sum_parts};

/// Input channels whose gradient one task brings into the documented layout. Fewer make more tasks to hand out, more make
/// fewer tasks than threads; not measured, since the sums are a small part of a step.
const CHANNELS_PER_TASK: usize = 8;

/// Tasks that a forward pass should have at least; where there are too few blocks of images, channels are cut too
/// (bench/NOTES.md, "one image cut along its channels"). Each cut transforms or pads the whole input again.
const FEWEST_TASKS: usize = 8;

/// Tasks that are enough: what is left to the last thread is little, and each has several blocks, so that the next one can
/// be brought into cache meanwhile. Each task also leaves a partial sum for a normalisation, so more would cost memory. Not
/// measured against other numbers.
const ENOUGH_TASKS: usize = 64;

/// A convolution and what follows it.
#[derive(Debug)]
pub(crate) struct Convolution {
    isa: Isa,
    stage: Stage,
    algorithm: Box<dyn Algorithm>,
    taps: usize,
    /// As the algorithm takes them.
    packed: PackedWeights,
}

/// The way to compute a convolution.
fn algorithm(isa: Isa, wanted: ConvolutionAlgorithm, stage: &Stage, window: Window) -> Box<dyn Algorithm> {
    if let StageKind::Depthwise(_) = stage.kind {
        return Box::new(Depthwise::new(isa, window, stage.input, stage.linear_output));
    }
    if (window.size, window.stride) == (1, 1) {
        return Box::new(Pointwise::new(isa, stage.input, stage.linear_output));
    }
    match Winograd::new(isa, window, stage.input, stage.linear_output) {
        Some(winograd) if wanted == ConvolutionAlgorithm::Winograd => Box::new(winograd),
        _ => Box::new(Direct::new(isa, window, stage.input, stage.linear_output)),
    }
}

impl Convolution {
    /// Plans a convolution stage.
    pub(crate) fn new(isa: Isa, wanted: ConvolutionAlgorithm, stage: Stage, window: Window) -> Self {
        let algorithm = algorithm(isa, wanted, &stage, window);
        let (forward, backward) = (algorithm.packed_forward().0, algorithm.packed_backward().0);
        let packed = PackedWeights::new(forward, backward, stage.linear_output.pitch);
        Self { isa, stage, taps: window.size * window.size, algorithm, packed }
    }

    /// The stage.
    pub(crate) fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The instruction set of its kernels.
    pub(crate) fn isa(&self) -> Isa {
        self.isa
    }

    /// Values of scratch that [`Self::forward_image`] and [`Self::backward_image`] need.
    pub(crate) fn scratch_len_of_image(&self) -> usize {
        self.scratch_len(1, ScratchSizes::default())
    }

    /// Channels that a filter sees.
    fn fan_in(&self) -> usize {
        if let StageKind::Depthwise(_) = self.stage.kind { 1 } else { self.stage.input.channels }
    }

    /// One image of the stage's output, which neither pools nor drops out, on the calling thread.
    pub(crate) fn forward_image(&self, image: usize, input: &Input<'_>, output: &mut [f32], scratch: &mut [f32]) {
        let (output, pool_argmax) = (Disjoint::new(output), Disjoint::new(&mut []));
        let sink = OutputSink {
            isa: self.isa,
            stage: &self.stage,
            skip: None,
            moments: None,
            bias: Some(&self.packed.bias),
            mask: None,
            output,
            pool_argmax,
            first: image,
        };
        let task = ForwardTask {
            images: image..image + 1,
            channels: 0..self.stage.linear_output.pitch,
            input,
            packed: &self.packed.forward,
            sink: &sink,
            sink_scratch: &mut [],
            partial_sum: 0,
        };
        self.algorithm.forward(task, scratch);
    }

    /// Adds to a partial gradient what follows from the gradient towards what one image's activation took, on the calling
    /// thread.
    ///
    /// # Safety
    /// The part is the calling task's.
    pub(crate) unsafe fn backward_image(
        &self,
        image: usize,
        part: usize,
        input: &Input<'_>,
        gradient: &[f32],
        parts: &Disjoint<'_, f32>,
        scratch: &mut [f32],
    ) {
        let (stage, gradient) = (&self.stage, GradientSource::InPlace(gradient));
        let output_gradient =
            OutputGradient { isa: self.isa, stage, skip: None, gradient, pool_argmax: &[], first: image };
        // SAFETY: passed on to the caller.
        let (d_weight, d_bias) = unsafe { self.partial_gradient(parts, part) };
        let (images, packed) = (image..image + 1, &*self.packed.backward);
        let (output_gradient, gradient_scratch) = (&output_gradient, &mut [][..]);
        let task = BackwardTask { images, part, input, packed, output_gradient, gradient_scratch, d_bias, d_weight };
        self.algorithm.backward(task, scratch);
    }

    /// Makes a partial gradient zero.
    ///
    /// # Safety
    /// The part is the calling task's.
    pub(crate) unsafe fn clear_part(&self, part: usize, parts: &Disjoint<'_, f32>) {
        // SAFETY: passed on to the caller.
        let (d_weight, d_bias) = unsafe { self.partial_gradient(parts, part) };
        d_weight.fill(0.0);
        d_bias.fill(0.0);
    }

    /// One of the parts' gradients towards filters and bias, in its layout of [`Self::part_len`].
    ///
    /// # Safety
    /// The part is the calling task's.
    #[expect(clippy::mut_from_ref, reason = "the parts are disjoint by contract")]
    unsafe fn partial_gradient<'a>(&self, parts: &'a Disjoint<'_, f32>, part: usize) -> (&'a mut [f32], &'a mut [f32]) {
        // SAFETY: passed on to the caller.
        let partial = unsafe { parts.exclusive(part * self.part_len()..(part + 1) * self.part_len()) };
        partial.split_at_mut(self.part_len() - self.stage.linear_output.pitch)
    }

    /// Sums the parts into the documented layouts, `[out, in, size, size]` and `[out]`.
    pub(crate) fn reduce(&self, context: Context<'_>, parts: &[f32], d_weight: &mut [f32], d_bias: &mut [f32]) {
        let (channels, outputs) = (self.fan_in(), self.stage.linear_output.channels);
        let pitch = self.stage.linear_output.pitch;
        sum_parts(parts, self.part_len() - pitch, d_bias);
        let d_weight = Disjoint::new(d_weight);
        context.threads.run(channels.div_ceil(CHANNELS_PER_TASK), |task, scratch| {
            let sums = &mut scratch[..pitch];
            for channel in task * CHANNELS_PER_TASK..((task + 1) * CHANNELS_PER_TASK).min(channels) {
                for tap in 0..self.taps {
                    sum_parts(parts, (tap * channels + channel) * pitch, sums);
                    for (out, &sum) in sums[..outputs].iter().enumerate() {
                        let place = (out * channels + channel) * self.taps + tap;
                        // SAFETY: each input channel belongs to one task.
                        unsafe { d_weight.exclusive(place..place + 1)[0] = sum };
                    }
                }
            }
        });
    }
}

impl StageOperation for Convolution {
    fn scratch_len(&self, _: usize, sizes: ScratchSizes) -> usize {
        let ScratchSizes { image, recompute, output } = sizes;
        self.algorithm.scratch_len() + self.algorithm.images_per_block() * image + recompute + output + 4 * LINE
    }

    /// Values of a partial gradient: filters `[tap][in][out pitch]`, then bias `[out pitch]`.
    fn part_len(&self) -> usize {
        (self.taps * self.fan_in() + 1) * self.stage.linear_output.pitch
    }

    fn packed_len(&self) -> usize {
        self.packed.len()
    }

    fn partial_sums(&self, _: usize) -> usize {
        ENOUGH_TASKS
    }

    fn allocate(&mut self, first: bool) {
        self.packed.allocate(first);
    }

    /// Brings weight `[out, in, size, size]` and bias `[out]` into the form of the passes.
    fn prepare(&mut self, context: Context<'_>, weight: &[f32], bias: &[f32], training: bool) {
        self.packed.set_bias(bias);
        let packed = Disjoint::new(&mut self.packed.forward);
        context.threads.run(self.algorithm.packed_forward().1, |task, _| {
            // SAFETY: each task runs once.
            unsafe { self.algorithm.pack_forward(weight, task, &packed) };
        });
        if training && !self.packed.backward.is_empty() {
            let packed = Disjoint::new(&mut self.packed.backward);
            context.threads.run(self.algorithm.packed_backward().1, |task, _| {
                // SAFETY: as above.
                unsafe { self.algorithm.pack_backward(weight, task, &packed) };
            });
        }
    }

    /// The forward pass, some blocks of images a task. Few blocks are cut along the channels too, so that no thread is
    /// idle.
    fn forward(&self, mut pass: ForwardPass<'_>) {
        let (context, count) = (pass.context, pass.count);
        let (input, sink) = pass.input_and_sink(&self.stage, Some(&self.packed.bias));
        let pitch = self.stage.linear_output.pitch;
        // The narrowest cut: whole panels for the product, whole lines for what follows.
        let width = panel_width(self.isa).max(LINE);
        let step = self.algorithm.images_per_block();
        let (blocks, cuts) = (count.div_ceil(step), pitch.div_ceil(width));
        let groups = (FEWEST_TASKS / blocks).clamp(1, cuts);
        let tasks = blocks.min(ENOUGH_TASKS);
        context.threads.run(tasks * groups, |task, mut scratch| {
            let partial_sum = task / groups;
            let (blocks, cuts) = (split_range(blocks, tasks, partial_sum), split_range(cuts, groups, task % groups));
            let sink_scratch = carve(&mut scratch, sink.scratch_len());
            let task = ForwardTask {
                images: blocks.start * step..count.min(blocks.end * step),
                channels: cuts.start * width..pitch.min(cuts.end * width),
                input,
                packed: &self.packed.forward,
                sink: &sink,
                sink_scratch,
                partial_sum,
            };
            self.algorithm.forward(task, scratch);
        });
    }

    /// The backward pass, a part of images a task.
    fn backward(&self, mut pass: BackwardPass<'_>) {
        let parts = &mut std::mem::take(&mut pass.parts)[..PARTS * self.part_len()];
        let (d_weight, d_bias) = (std::mem::take(&mut pass.d_weight), std::mem::take(&mut pass.d_bias));
        let (context, count, input) = (pass.context, pass.count, &pass.input);
        let output_gradient = pass.output_gradient(&self.stage);
        {
            let parts = Disjoint::new(parts);
            context.threads.run(PARTS, |part, mut scratch| {
                // SAFETY: each part of the batch, and so each of the gradients, is one task's.
                let (d_weight, d_bias) = unsafe {
                    input.begin_part(part);
                    self.clear_part(part, &parts);
                    self.partial_gradient(&parts, part)
                };
                let gradient_scratch = carve(&mut scratch, output_gradient.scratch_len());
                let task = BackwardTask {
                    images: split_range(count, PARTS, part),
                    part,
                    input,
                    packed: &self.packed.backward,
                    output_gradient: &output_gradient,
                    gradient_scratch,
                    d_bias,
                    d_weight,
                };
                self.algorithm.backward(task, scratch);
            });
        }
        self.reduce(context, parts, d_weight, d_bias);
    }
}
