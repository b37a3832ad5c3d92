//! A convolution stage: its kernels in the form the passes want, and its gradient summed over parts.

use super::algorithm::{Algorithm, BackwardTask, ForwardTask};
use super::im2col::Im2col;
use super::memory::{Buffer, Disjoint, LINE};
use super::plan::Stage;
use super::processor::Convolutions;
use super::product::panel_width;
use super::stage::{BackwardPass, Begin, Finish, ForwardPass, Machine, PARTS, sum_parts};
use super::threads::share;
use super::vector::Isa;
use super::winograd::Winograd;
use crate::network::Window;

/// Input channels whose gradient one task brings into the documented layout.
const CHANNELS_PER_TASK: usize = 8;

/// Tasks that a forward pass should have at least.
const TASKS: usize = 8;

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

/// The way to compute a convolution.
fn algorithm(isa: Isa, convolutions: Convolutions, stage: &Stage, window: Window) -> Box<dyn Algorithm> {
    match Winograd::new(isa, window, stage.input, stage.linear_output) {
        Some(winograd) if convolutions == Convolutions::Fewest => Box::new(winograd),
        _ => Box::new(Im2col::new(isa, window, stage.input, stage.linear_output)),
    }
}

impl Convolution {
    /// Compiles a convolution stage; `first` says that nobody wants the gradient towards its input.
    pub fn new(machine: Machine<'_>, convolutions: Convolutions, stage: Stage, window: Window, first: bool) -> Self {
        let output = stage.linear_output;
        let algorithm = algorithm(machine.isa, convolutions, &stage, window);
        Self {
            stage,
            taps: window.size * window.size,
            packed_forward: Buffer::zeroed(algorithm.packed_forward().0),
            packed_backward: Buffer::zeroed(if first { 0 } else { algorithm.packed_backward().0 }),
            bias: Buffer::zeroed(output.pitch),
            algorithm,
        }
    }

    /// Values that such a stage will need: packed kernels, a partial gradient, scratch of a thread.
    pub fn planned(isa: Isa, convolutions: Convolutions, stage: &Stage, window: Window) -> (usize, usize, usize) {
        let algorithm = algorithm(isa, convolutions, stage, window);
        let packed = algorithm.packed_forward().0 + algorithm.packed_backward().0;
        let part = (window.size * window.size * stage.input.channels + 1) * stage.linear_output.pitch;
        (packed, part, algorithm.scratch_len())
    }

    /// Values of scratch that each thread needs.
    pub fn scratch_len(&self) -> usize {
        self.algorithm.scratch_len()
    }

    /// Values of a partial gradient: kernels `[tap][in][out pitch]`, then bias `[out pitch]`.
    pub fn part_len(&self) -> usize {
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

    /// The backward pass, a part of images a task.
    pub fn backward(&self, pass: BackwardPass<'_>) {
        let BackwardPass { machine, count, input, output, choices, mask, d_output, d_input, d_weight, d_bias, parts } =
            pass;
        let pitch = self.stage.linear_output.pitch;
        let parts = &mut parts[..PARTS * self.part_len()];
        {
            let begin = Begin::new(&self.stage, machine, mask, (output, choices), d_output);
            let d_input = d_input.map(Disjoint::new);
            let parts = Disjoint::new(parts);
            machine.threads.run(PARTS, |part, scratch| {
                // SAFETY: each part belongs to one task.
                let partial = unsafe { parts.part(part * self.part_len()..(part + 1) * self.part_len()) };
                let (d_weight, d_bias) = partial.split_at_mut(self.part_len() - pitch);
                d_bias.fill(0.0);
                let mut begin_image = |image: usize, d_linear: &mut [f32]| {
                    begin.image(image, Some(d_linear), Some(&mut *d_bias));
                };
                let task = BackwardTask {
                    images: share(count, PARTS, part),
                    input,
                    packed: &self.packed_backward,
                    begin: &mut begin_image,
                    d_input: d_input.as_ref(),
                    d_weight,
                };
                self.algorithm.backward(task, scratch);
            });
        }
        self.reduce(machine, parts, d_weight);
        sum_parts(parts, self.part_len() - pitch, d_bias);
    }

    /// Sums the parts into the documented layout, `[out, in, kernel, kernel]`.
    fn reduce(&self, machine: Machine<'_>, parts: &[f32], d_weight: &mut [f32]) {
        let (channels, outputs) = (self.stage.input.channels, self.stage.linear_output.channels);
        let pitch = self.stage.linear_output.pitch;
        let d_weight = Disjoint::new(d_weight);
        machine.threads.run(channels.div_ceil(CHANNELS_PER_TASK), |task, scratch| {
            let sums = &mut scratch[..pitch];
            for channel in task * CHANNELS_PER_TASK..((task + 1) * CHANNELS_PER_TASK).min(channels) {
                for tap in 0..self.taps {
                    sum_parts(parts, (tap * channels + channel) * pitch, sums);
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
