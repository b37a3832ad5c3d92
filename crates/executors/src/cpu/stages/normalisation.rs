//! Batch normalisation (Ioffe and Szegedy, 2015) of a stage's output: the moments of a batch, the running means that follow
//! them, and the gradients towards gamma and beta. What is done to each value is in `kernels/prologue`.
//!
//! For example an output `[250, 14, 14, 64]`: each of the up to 64 tasks that write it adds Σ (x - centre) and Σ (x -
//! centre)² of its pixels to a partial sum `[2][64]`; from all of them follow mean and variance of 49,000 values for each
//! channel, in f64. On the way back 16 parts leave Σ g and Σ g · (x - mean) in the same place.

use std::ops::Range;

use modiste_network::Network;
use modiste_network::executor::running_mean::running_momentum;

use crate::cpu::kernels::Extent;
use crate::cpu::kernels::channel_sums::Sums;
use crate::cpu::kernels::combine::{BackAffine, Rest};
use crate::cpu::kernels::prologue::Affine;
use crate::cpu::plan::layout::Layout;
use crate::cpu::plan::{Node, Norm, Plan, Source, Stage};
use crate::cpu::runtime::memory::{Buffer, Disjoint};
use crate::cpu::simd::Isa;

/// A normalisation and its memory.
pub(crate) struct Normalisation {
    norm: Norm,
    layout: Layout,
    /// Whether for inference it can be part of the weights before it.
    folds: bool,
    /// Whether training leaves it as it is.
    is_frozen: bool,
    gamma: Range<usize>,
    beta: Range<usize>,
    running_mean: Range<usize>,
    running_variance: Range<usize>,
    /// Place of the sums of the pass at hand, `[partial_sums][2][pitch]`, in what all normalisations share.
    sums: Range<usize>,
    /// What is taken off values before they are summed, `[pitch]`; then the mean.
    mean: Buffer,
    /// 1 / √(variance + ε), `[pitch]`
    inverse_deviation: Buffer,
    /// γ / √(variance + ε), `[pitch]`
    scale: Buffer,
    /// `[pitch]`
    shift: Buffer,
    /// Of x - mean on the way back, `[pitch]`.
    back_slope: Buffer,
    /// `[pitch]`
    back_shift: Buffer,
}

impl Normalisation {
    /// Plans one of an output of this layout, which is summed in so many partial sums at most, behind `sums` values of
    /// others.
    pub(crate) fn new(
        network: &Network,
        plan: &Plan,
        index: usize,
        layout: Layout,
        partial_sums: usize,
        sums: usize,
    ) -> Self {
        let norm = plan.norms[index];
        let first = network.layers[norm.layer].parameters.start;
        let [gamma, beta, running_mean, running_variance] =
            [0, 1, 2, 3].map(|offset| network.parameters[first + offset].range.clone());
        let (mean, inverse_deviation, scale, shift) = Default::default();
        let sums = sums..sums + 2 * partial_sums * layout.pitch;
        let (back_slope, back_shift) = Default::default();
        Self {
            folds: folds(plan, index),
            is_frozen: network.is_frozen(&network.parameters[first]),
            norm,
            layout,
            gamma,
            beta,
            running_mean,
            running_variance,
            sums,
            mean,
            inverse_deviation,
            scale,
            shift,
            back_slope,
            back_shift,
        }
    }

    /// Values of its own memory.
    pub(crate) fn constants_len(&self) -> usize {
        6 * self.layout.pitch
    }

    /// Where it sums.
    pub(crate) fn sums(&self) -> Range<usize> {
        self.sums.clone()
    }

    /// Has its memory ready.
    pub(crate) fn allocate(&mut self) {
        let pitch = self.layout.pitch;
        let constants = [
            &mut self.mean,
            &mut self.inverse_deviation,
            &mut self.scale,
            &mut self.shift,
            &mut self.back_slope,
            &mut self.back_shift,
        ];
        constants.into_iter().for_each(|buffer| *buffer = Buffer::zeroed(pitch));
    }

    /// Before the values of a batch are summed: the running mean is what they are taken from.
    pub(crate) fn begin_batch(&mut self, parameters: &[f32]) {
        self.mean[..self.layout.channels].copy_from_slice(&parameters[self.running_mean.clone()]);
    }

    /// Where the values of a batch are summed.
    pub(crate) fn moments<'a>(&'a self, sums: Disjoint<'a, f32>) -> Moments<'a> {
        Moments { sums, start: self.sums.start, centre: &self.mean, pitch: self.layout.pitch }
    }

    /// When the values of `images` images are summed in step `step`: normalises by their moments, and has the running means
    /// follow, but for those of a single value, which say nothing of the images.
    pub(crate) fn update_from_batch(&mut self, parameters: &mut [f32], sums: &[f32], images: usize, step: u64) {
        let count = (images * self.layout.pixels()) as f64;
        let momentum = running_momentum(self.norm.momentum, step);
        for channel in 0..self.layout.channels {
            let [sum, squares] = self.sum(sums, channel);
            let centred = sum / count;
            let mean = f64::from(self.mean[channel]) + centred;
            let variance = (squares / count - centred * centred).max(0.0);
            if count > 1.0 {
                for (running, now) in [(&self.running_mean, mean), (&self.running_variance, variance)] {
                    let running = &mut parameters[running.start + channel];
                    *running = (momentum * f64::from(*running) + (1.0 - momentum) * now) as f32;
                }
            }
            self.set(channel, mean, variance, parameters);
        }
    }

    /// Outside training: normalises by the running means.
    pub(crate) fn use_running_statistics(&mut self, parameters: &[f32]) {
        for channel in 0..self.layout.channels {
            let [mean, variance] = [&self.running_mean, &self.running_variance]
                .map(|running| f64::from(parameters[running.start + channel]));
            self.set(channel, mean, variance, parameters);
        }
    }

    /// Whether training leaves it as it is.
    pub(crate) fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    /// Whether for inference it can be part of the weights before it.
    pub(crate) fn folds(&self) -> bool {
        self.folds
    }

    /// Weight `[out, …]` and bias `[out]`, or none, of which these have become part, by the running means:
    /// w · γ / √(variance + ε), and (b - mean) · γ / √(variance + ε) + β.
    pub(crate) fn fold(&self, parameters: &[f32], weight: &[f32], bias: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let of = |range: &Range<usize>, channel: usize| f64::from(parameters[range.start + channel]);
        let channels = self.layout.channels;
        let (mut folded, mut biases) = (weight.to_vec(), Vec::with_capacity(channels));
        for (channel, filter) in folded.chunks_exact_mut(weight.len() / channels).enumerate() {
            let deviation = (of(&self.running_variance, channel) + f64::from(self.norm.epsilon)).sqrt();
            let scale = of(&self.gamma, channel) / deviation;
            filter.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
            let bias = bias.get(channel).map_or(0.0, |&bias| f64::from(bias));
            biases.push(((bias - of(&self.running_mean, channel)) * scale + of(&self.beta, channel)) as f32);
        }
        (folded, biases)
    }

    fn set(&mut self, channel: usize, mean: f64, variance: f64, parameters: &[f32]) {
        let inverse = 1.0 / (variance + f64::from(self.norm.epsilon)).sqrt();
        self.mean[channel] = mean as f32;
        self.inverse_deviation[channel] = inverse as f32;
        self.scale[channel] = (f64::from(parameters[self.gamma.start + channel]) * inverse) as f32;
        self.shift[channel] = parameters[self.beta.start + channel];
    }

    /// When all gradients of `images` images are summed: those towards gamma and beta, and what the rest of the way needs.
    pub(crate) fn finish_backward(&mut self, gradient: &mut [f32], sums: &[f32], images: usize) {
        let count = (images * self.layout.pixels()) as f64;
        for channel in 0..self.layout.channels {
            let [sum, products] = self.sum(sums, channel);
            let inverse = f64::from(self.inverse_deviation[channel]);
            let scale = f64::from(self.scale[channel]);
            gradient[self.gamma.start + channel] = (products * inverse) as f32;
            gradient[self.beta.start + channel] = sum as f32;
            self.back_slope[channel] = (-scale * inverse * inverse * products / count) as f32;
            self.back_shift[channel] = (-scale * sum / count) as f32;
        }
    }

    /// Both sums of a channel over all partial sums, in order.
    fn sum(&self, sums: &[f32], channel: usize) -> [f64; 2] {
        let pitch = self.layout.pitch;
        let mut totals = [0.0; 2];
        for partial_sum in sums[self.sums.clone()].chunks_exact(2 * pitch) {
            totals[0] += f64::from(partial_sum[channel]);
            totals[1] += f64::from(partial_sum[pitch + channel]);
        }
        totals
    }

    /// Constants of the way there.
    pub(crate) fn affine(&self) -> Affine<'_> {
        Affine { mean: &self.mean, scale: &self.scale, beta: &self.shift }
    }

    /// Constants of the way back.
    pub(crate) fn back(&self) -> BackAffine<'_> {
        let rest = Rest { mean: &self.mean, slope: &self.back_slope, shift: &self.back_shift };
        BackAffine { scale: &self.scale, rest: Some(rest) }
    }
}

/// Whether a normalisation follows the weights of its stage alone, and nobody reads what they give without it.
fn folds(plan: &Plan, index: usize) -> bool {
    let node = plan.norms[index].node;
    let Node { stage: Stage { kind, slope, pool, dropout, .. }, skip, .. } = plan.nodes[node];
    let bare = slope.is_none() && pool.is_none() && dropout.is_none() && skip.is_none();
    let mut readers = plan.nodes.iter().flat_map(Node::edges).filter(|edge| edge.source == Source::Stage(node));
    kind.has_filters() && bare && readers.all(|edge| edge.prologue.norm == Some(index))
}

/// Where the values of a batch are summed.
#[derive(Clone, Copy)]
pub(crate) struct Moments<'a> {
    /// What all normalisations share.
    sums: Disjoint<'a, f32>,
    /// Where this one's begin.
    start: usize,
    /// What is taken off each value, `[pitch]`.
    centre: &'a [f32],
    /// Values of a pixel.
    pitch: usize,
}

impl Moments<'_> {
    /// Adds some channels, whole lines, of `pixels` pixels of the output, which `values` points to.
    ///
    /// # Safety
    /// The pixels are there, and the calling task has these channels of the partial sum to itself.
    pub(crate) unsafe fn add(
        &self,
        isa: Isa,
        partial_sum: usize,
        values: *const f32,
        pixels: usize,
        channels: Range<usize>,
    ) {
        let start = self.start + 2 * partial_sum * self.pitch;
        let extent = Extent { pixels, pitch: self.pitch };
        let sums = self.sums.pointer(start..start + 2 * self.pitch);
        // SAFETY: passed on to the caller.
        unsafe { isa.run(Sums { extent, channels, values, centre: self.centre, sums }) };
    }
}
