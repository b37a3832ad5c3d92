//! A convolution stage: its kernels in the form the passes want, and its gradient summed over lanes.

use std::fmt::Debug;
use std::ops::Range;

use super::im2col::Im2col;
use super::memory::{Buffer, Disjoint, LINE};
use super::plan::Stage;
use super::product::panel_width;
use super::stage::{BackwardPass, Begin, Finish, ForwardPass, LANES, Machine, sum_lanes};
use super::threads::share;
use super::winograd::Winograd;
use crate::network::Window;

/// Input channels whose gradient one task brings into the documented layout.
const CHANNELS_PER_TASK: usize = 8;

/// Tasks that a forward pass should have at least.
const TASKS: usize = 8;

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

/// A convolution and what follows it.
#[derive(Debug)]
pub struct Convolution {
    stage: Stage,
    algorithm: Box<dyn Algorithm>,
    taps: usize,
    packed_forward: Buffer,
    packed_backward: Buffer,
    /// `[out pitch]`
    bias: Buffer,
}

impl Convolution {
    /// Compiles a convolution stage; `first` says that nobody wants the gradient towards its input.
    pub fn new(machine: Machine<'_>, stage: Stage, window: Window, first: bool) -> Self {
        let (input, output) = (stage.input, stage.linear_output);
        let algorithm: Box<dyn Algorithm> = match Winograd::new(machine.isa, window, input, output) {
            Some(winograd) => Box::new(winograd),
            None => Box::new(Im2col::new(machine.isa, window, input, output)),
        };
        Self {
            stage,
            taps: window.size * window.size,
            packed_forward: Buffer::zeroed(algorithm.packed_forward().0),
            packed_backward: Buffer::zeroed(if first { 0 } else { algorithm.packed_backward().0 }),
            bias: Buffer::zeroed(output.pitch),
            algorithm,
        }
    }

    /// Values of scratch that each thread needs.
    pub fn scratch_len(&self) -> usize {
        self.algorithm.scratch_len()
    }

    /// Values of a partial gradient: kernels `[tap][in][out pitch]`, then bias `[out pitch]`.
    pub fn lane_len(&self) -> usize {
        (self.taps * self.stage.input.channels + 1) * self.stage.linear_output.pitch
    }

    /// Brings weight `[out, in, kernel, kernel]` and bias `[out]` into the form of the passes.
    pub fn prepare(&mut self, machine: Machine<'_>, weight: &[f32], bias: &[f32], training: bool) {
        self.bias[..bias.len()].copy_from_slice(bias);
        let packed = Disjoint::new(&mut self.packed_forward);
        machine.threads.run(self.algorithm.packed_forward().1, |task, _| {
            self.algorithm.pack_forward(weight, task, &packed);
        });
        if training && !self.packed_backward.is_empty() {
            let packed = Disjoint::new(&mut self.packed_backward);
            machine.threads.run(self.algorithm.packed_backward().1, |task, _| {
                self.algorithm.pack_backward(weight, task, &packed);
            });
        }
    }

    /// The forward pass, a block of images a task. Few blocks are cut along the channels too, so that no thread is idle.
    pub fn forward(&self, pass: ForwardPass<'_>) {
        let ForwardPass { machine, count, input, output, choices, mask } = pass;
        let finish = Finish::new(&self.stage, machine, Some(&self.bias), mask, output, choices);
        let pitch = self.stage.linear_output.pitch;
        // The narrowest cut: whole panels for the product, whole lines for what follows.
        let width = panel_width(machine.isa).max(LINE);
        let step = self.algorithm.images_per_block();
        let (blocks, cuts) = (count.div_ceil(step), pitch.div_ceil(width));
        let groups = (TASKS / blocks).clamp(1, cuts);
        machine.threads.run(blocks * groups, |task, scratch| {
            let (block, cuts) = (task / groups, share(cuts, groups, task % groups));
            let channels = cuts.start * width..pitch.min(cuts.end * width);
            let task = ForwardTask {
                images: block * step..((block + 1) * step).min(count),
                channels: channels.clone(),
                input,
                packed: &self.packed_forward,
                finish: &mut |image, linear| finish.image(image, Some(linear), channels.clone()),
            };
            self.algorithm.forward(task, scratch);
        });
    }

    /// The backward pass, a lane of images a task.
    pub fn backward(&self, pass: BackwardPass<'_>) {
        let BackwardPass { machine, count, input, output, choices, mask, d_output, d_input, d_weight, d_bias, lanes } =
            pass;
        let pitch = self.stage.linear_output.pitch;
        let lanes = &mut lanes[..LANES * self.lane_len()];
        {
            let begin = Begin::new(&self.stage, machine, mask, (output, choices), d_output);
            let d_input = d_input.map(Disjoint::new);
            let lanes = Disjoint::new(lanes);
            machine.threads.run(LANES, |lane, scratch| {
                // SAFETY: each lane belongs to one task.
                let partial = unsafe { lanes.part(lane * self.lane_len()..(lane + 1) * self.lane_len()) };
                let (d_weight, d_bias) = partial.split_at_mut(self.lane_len() - pitch);
                d_bias.fill(0.0);
                let mut begin_image = |image: usize, d_linear: &mut [f32]| {
                    begin.image(image, Some(d_linear), Some(&mut *d_bias));
                };
                let task = BackwardTask {
                    images: share(count, LANES, lane),
                    input,
                    packed: &self.packed_backward,
                    begin: &mut begin_image,
                    d_input: d_input.as_ref(),
                    d_weight,
                };
                self.algorithm.backward(task, scratch);
            });
        }
        self.reduce(machine, lanes, d_weight);
        let mut sums = vec![0.0; pitch];
        sum_lanes(lanes, self.lane_len() - pitch, &mut sums);
        d_bias.copy_from_slice(&sums[..d_bias.len()]);
    }

    /// Sums the lanes into the documented layout, `[out, in, kernel, kernel]`.
    fn reduce(&self, machine: Machine<'_>, lanes: &[f32], d_weight: &mut [f32]) {
        let (channels, outputs) = (self.stage.input.channels, self.stage.linear_output.channels);
        let pitch = self.stage.linear_output.pitch;
        let d_weight = Disjoint::new(d_weight);
        machine.threads.run(channels.div_ceil(CHANNELS_PER_TASK), |task, scratch| {
            let sums = &mut scratch[..pitch];
            for channel in task * CHANNELS_PER_TASK..((task + 1) * CHANNELS_PER_TASK).min(channels) {
                for tap in 0..self.taps {
                    sum_lanes(lanes, (tap * channels + channel) * pitch, sums);
                    for (out, &sum) in sums[..outputs].iter().enumerate() {
                        let place = (out * channels + channel) * self.taps + tap;
                        // SAFETY: each input channel belongs to one task.
                        unsafe { d_weight.part(place..place + 1)[0] = sum };
                    }
                }
            }
        });
    }
}
