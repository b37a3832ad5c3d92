//! The executor for processors.
//!
//! A network becomes a list of stages (`plan`); each stage is a `convolution`, a `dense` product or nothing, and an
//! `epilogue` that runs while an image is in cache. All memory is planned in `compile`: parameters, their moments and
//! gradient; the outputs of all stages; two buffers between which the gradient goes back; and scratch for each thread.
//!
//! Every task's extent follows from the shapes alone and every sum has one order, so results are the same bits for any
//! number of threads.

mod adam;
mod algorithm;
mod convolution;
#[cfg(test)]
mod counting;
mod dense;
mod epilogue;
mod identity;
mod im2col;
mod limits;
mod memory;
mod plan;
mod product;
mod record;
mod stage;
mod threads;
mod vector;
mod winograd;

use std::ops::Range;

use self::adam::Parameters;
use self::convolution::Convolution;
use self::dense::Dense;
use self::identity::Identity;
use self::memory::Buffer;
use self::plan::{Linear, Stage};
use self::stage::{BackwardPass, ForwardPass, Machine, PARTS};
use self::threads::Threads;
pub use self::vector::{Isa, UnknownIsa};
use crate::dropout::Mask;
use crate::executor::{Batch, DeviceInfo, Executor, Hyper, State, StepResult};
use crate::loss;
use crate::network::Network;
use crate::profile::{Limits, Profile};

/// A network compiled for this machine's processor.
pub struct CpuExecutor {
    network: Network,
    batch_size: usize,
    seed: u64,
    isa: Isa,
    threads: Threads,
    stages: Vec<CompiledStage>,
    /// The first stage with weights, where the backward pass ends.
    first: usize,
    parameters: Parameters,
    /// Outputs of all stages, one after the other, each `[batch, output layout]`.
    activations: Buffer,
    /// Choices of all pooling stages, one after the other.
    choices: Vec<u8>,
    /// Gradients towards the outputs of the stages with even and odd index.
    gradients: [Buffer; 2],
    /// Partial gradients of one stage at a time.
    parts: Buffer,
    /// `[batch, classes]`
    logits: Vec<f32>,
    /// Whether the stages' own forms of the parameters are current: for inference, for training.
    prepared: Prepared,
}

/// How current the stages' own forms of the parameters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Prepared {
    /// Not at all.
    Nothing,
    /// Those of the forward pass.
    Forward,
    /// All.
    All,
}

struct CompiledStage {
    /// Of its first layer.
    name: String,
    plan: Stage,
    kernel: StageKernel,
    /// Place in the activations, in the choices.
    activations: Range<usize>,
    choices: Range<usize>,
    /// Places of weight and bias in the parameters.
    weight: Range<usize>,
    bias: Range<usize>,
}

enum StageKernel {
    Convolution(Convolution),
    Dense(Dense),
    Identity(Identity),
}

impl CpuExecutor {
    /// Compiles a network for batches of up to `batch_size` images on `threads` threads; dropout follows from `seed`.
    ///
    /// All parameters are zero until [`Executor::set_state`].
    ///
    /// # Panics
    /// If this machine lacks the instruction set.
    pub fn new(network: &Network, batch_size: usize, threads: usize, isa: Isa, seed: u64) -> Self {
        assert!(Isa::available().contains(&isa), "{isa} is not among the instruction sets of this machine");
        // Sizes do not depend on the threads, which need theirs: one without scratch stands in.
        let planning = Threads::new(1, 0);
        let machine = Machine { isa, threads: &planning };
        let (mut activations, mut choices) = (0, 0);
        let plans = plan::stages(network);
        // What lies before the first weights needs no gradient.
        let first = plans.iter().position(|plan| plan.linear != Linear::Identity).unwrap_or(0);
        let stages: Vec<CompiledStage> = plans
            .into_iter()
            .enumerate()
            .map(|(index, plan)| {
                let outputs = batch_size * plan.output.image_len();
                let chosen = if plan.pool.is_some() { outputs } else { 0 };
                activations += outputs;
                choices += chosen;
                let (weight, bias) = match plan.linear {
                    Linear::Conv(_, weight) | Linear::Dense(_, weight) => {
                        (network.parameters[weight].range.clone(), network.parameters[weight + 1].range.clone())
                    }
                    Linear::Identity => (0..0, 0..0),
                };
                let kernel = match plan.linear {
                    Linear::Conv(window, _) => {
                        StageKernel::Convolution(Convolution::new(machine, plan, window, index == first))
                    }
                    Linear::Dense(units, _) => StageKernel::Dense(Dense::new(machine, plan, units, index == first)),
                    Linear::Identity => StageKernel::Identity(Identity::new(plan)),
                };
                CompiledStage {
                    name: network.layers[plan.layer].name.clone(),
                    plan,
                    kernel,
                    activations: activations - outputs..activations,
                    choices: choices - chosen..choices,
                    weight,
                    bias,
                }
            })
            .collect();
        let scratch = stages.iter().map(|stage| stage.kernel.scratch_len(batch_size)).max().unwrap_or(0);
        let part = stages.iter().map(|stage| stage.kernel.part_len()).max().unwrap_or(0);
        let largest = |parity: usize| {
            let of_parity = stages.iter().skip(parity).step_by(2);
            of_parity.map(|stage| stage.activations.len()).max().unwrap_or(0)
        };
        Self {
            network: network.clone(),
            batch_size,
            seed,
            isa,
            threads: Threads::new(threads, scratch),
            parameters: Parameters::zeroed(network.parameter_count()),
            activations: Buffer::zeroed(activations),
            choices: vec![0; choices],
            gradients: [Buffer::zeroed(largest(0)), Buffer::zeroed(largest(1))],
            parts: Buffer::zeroed(PARTS * part),
            logits: vec![0.0; batch_size * network.classes],
            prepared: Prepared::Nothing,
            first,
            stages,
        }
    }

    /// Bytes of memory that training `network` in batches of `batch_size` images will take on `threads` threads.
    pub fn planned_bytes(network: &Network, batch_size: usize, threads: usize, isa: Isa) -> u64 {
        let (mut packed, mut part, mut scratch, mut outputs, mut largest) = (0, 0, 0, 0, [0, 0]);
        for (index, stage) in plan::stages(network).iter().enumerate() {
            let of_stage = match stage.linear {
                Linear::Conv(window, _) => Convolution::planned(isa, stage, window),
                Linear::Dense(units, _) => Dense::planned(isa, stage, units, batch_size),
                Linear::Identity => (0, 0, stage.linear_output.image_len()),
            };
            packed += of_stage.0;
            part = part.max(of_stage.1);
            scratch = scratch.max(of_stage.2);
            outputs += stage.output.image_len();
            largest[index % 2] = largest[index % 2].max(stage.output.image_len());
        }
        let of_batch = batch_size * (network.input.len() + outputs + largest[0] + largest[1]);
        let values = of_batch + 4 * network.parameter_count() + packed + PARTS * part + threads * scratch;
        (values * size_of::<f32>()) as u64
    }

    /// Measures what this machine can do at most with so many threads; takes about a second.
    pub fn limits(threads: usize, isa: Isa) -> Limits {
        limits::measure(isa, threads)
    }

    /// Brings the parameters into the stages' own forms, unless they are there.
    fn prepare(&mut self, wanted: Prepared) {
        if self.prepared >= wanted {
            return;
        }
        let machine = Machine { isa: self.isa, threads: &self.threads };
        for stage in &mut self.stages {
            if !matches!(stage.kernel, StageKernel::Identity(_)) {
                self.threads.section(|| format!("{} prepare", stage.name));
            }
            let weight = &self.parameters.values[stage.weight.clone()];
            let bias = &self.parameters.values[stage.bias.clone()];
            match &mut stage.kernel {
                StageKernel::Convolution(operation) => {
                    operation.prepare(machine, weight, bias, wanted == Prepared::All);
                }
                StageKernel::Dense(operation) => operation.prepare(machine, weight, bias, wanted == Prepared::All),
                StageKernel::Identity(_) => {}
            }
        }
        self.prepared = wanted;
    }

    /// The forward pass of up to a batch of images; `training` is the step whose dropout masks to use.
    fn forward(&mut self, images: &[f32], count: usize, training: Option<u64>) {
        assert!(count <= self.batch_size, "at most as many images as compiled for");
        for stage in &self.stages {
            self.threads.section(|| format!("{} forward", stage.name));
            let (before, rest) = self.activations.split_at_mut(stage.activations.start);
            let output = &mut rest[..count * stage.plan.output.image_len()];
            // A stage's input is the output of the one before, which ends where its own begins.
            let input = match stage.activations.start {
                0 => images,
                start => &before[start - self.batch_size * stage.plan.input.image_len()..],
            };
            let pass = ForwardPass {
                machine: Machine { isa: self.isa, threads: &self.threads },
                count,
                input: &input[..count * stage.plan.input.image_len()],
                output,
                choices: &mut self.choices[stage.choices.clone()],
                mask: stage.mask(self.seed, training),
            };
            match &stage.kernel {
                StageKernel::Convolution(operation) => operation.forward(pass),
                StageKernel::Dense(operation) => operation.forward(pass),
                StageKernel::Identity(operation) => operation.forward(pass),
            }
        }
    }

    /// Copies the values of a stage's output, without padding, to `values`.
    fn copy_output(&self, stage: usize, count: usize, values: &mut [f32]) {
        let stage = &self.stages[stage];
        let layout = stage.plan.output;
        let pixels = self.activations[stage.activations.clone()].chunks_exact(layout.pitch);
        for (pixel, copy) in pixels.zip(values.chunks_exact_mut(layout.channels)).take(count * layout.pixels()) {
            copy.copy_from_slice(&pixel[..layout.channels]);
        }
    }

    /// Calls `read(self, images, part of values)` after a forward pass over each batch of `images`.
    fn infer_in_batches(
        &mut self,
        images: &[f32],
        values: &mut [f32],
        per_image: usize,
        read: impl Fn(&Self, usize, &[f32], &mut [f32]),
    ) {
        let len = self.network.input.len();
        assert_eq!(images.len() % len, 0, "whole images");
        assert_eq!(values.len(), images.len() / len * per_image, "room for what comes of each image");
        self.prepare(Prepared::Forward);
        let batches = images.chunks(self.batch_size * len).zip(values.chunks_mut(self.batch_size * per_image));
        for (images, values) in batches {
            self.forward(images, images.len() / len, None);
            read(self, images.len() / len, images, values);
        }
    }
}

impl CompiledStage {
    fn mask(&self, seed: u64, training: Option<u64>) -> Option<Mask> {
        let dropout = self.plan.dropout?;
        Some(Mask::new(seed, training?, dropout.layer, dropout.rate))
    }
}

impl StageKernel {
    fn scratch_len(&self, batch: usize) -> usize {
        match self {
            StageKernel::Convolution(operation) => operation.scratch_len(),
            StageKernel::Dense(operation) => operation.scratch_len(batch),
            StageKernel::Identity(operation) => operation.scratch_len(),
        }
    }

    fn part_len(&self) -> usize {
        match self {
            StageKernel::Convolution(operation) => operation.part_len(),
            StageKernel::Dense(operation) => operation.part_len(),
            StageKernel::Identity(_) => 0,
        }
    }
}

impl Executor for CpuExecutor {
    fn network(&self) -> &Network {
        &self.network
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }

    fn device(&self) -> DeviceInfo {
        DeviceInfo { device: "cpu", isa: self.isa.to_string(), threads: self.threads.count() }
    }

    fn backward(&mut self, batch: Batch<'_>, step: u64) -> StepResult {
        let count = batch.labels.len();
        assert!(count > 0, "a batch has images");
        assert_eq!(batch.images.len(), count * self.network.input.len(), "one label for each image");
        self.prepare(Prepared::All);
        self.forward(batch.images, count, Some(step));

        self.threads.section(|| "loss".to_owned());
        let classes = self.network.classes;
        let last = self.stages.len() - 1;
        let mut logits = std::mem::take(&mut self.logits);
        self.copy_output(last, count, &mut logits);
        let result = loss::cross_entropy_backward(&mut logits[..count * classes], batch.labels, classes);
        let padded = self.gradients[last % 2].chunks_exact_mut(self.stages[last].plan.output.pitch);
        for (row, d_logits) in padded.zip(logits.chunks_exact(classes)).take(count) {
            row[..classes].copy_from_slice(d_logits);
            row[classes..].fill(0.0);
        }
        self.logits = logits;

        let [even, odd] = &mut self.gradients;
        for (index, stage) in self.stages.iter().enumerate().skip(self.first).rev() {
            self.threads.section(|| format!("{} backward", stage.name));
            let (d_output, d_input) = if index % 2 == 0 { (&mut *even, &mut *odd) } else { (&mut *odd, &mut *even) };
            let (input_len, output_len) = (stage.plan.input.image_len(), stage.plan.output.image_len());
            let input = match index {
                0 => batch.images,
                _ => &self.activations[stage.activations.start - self.batch_size * input_len..],
            };
            // A bias follows its weight, so the two are one piece of the gradient.
            let (d_weight, d_bias) =
                self.parameters.gradient[stage.weight.start..stage.bias.end].split_at_mut(stage.weight.len());
            let pass = BackwardPass {
                machine: Machine { isa: self.isa, threads: &self.threads },
                count,
                input: &input[..count * input_len],
                output: &self.activations[stage.activations.start..][..count * output_len],
                choices: &self.choices[stage.choices.clone()],
                mask: stage.mask(self.seed, Some(step)),
                d_output: &mut d_output[..count * output_len],
                d_input: (index > self.first).then(|| &mut d_input[..count * input_len]),
                d_weight,
                d_bias,
                parts: &mut self.parts,
            };
            match &stage.kernel {
                StageKernel::Convolution(operation) => operation.backward(pass),
                StageKernel::Dense(operation) => operation.backward(pass),
                StageKernel::Identity(operation) => operation.backward(pass),
            }
        }
        result
    }

    fn gradient(&mut self) -> &mut [f32] {
        let count = self.network.parameter_count();
        &mut self.parameters.gradient[..count]
    }

    fn update(&mut self, hyper: &Hyper) {
        self.threads.section(|| "update".to_owned());
        self.parameters.update(Machine { isa: self.isa, threads: &self.threads }, hyper);
        self.prepared = Prepared::Nothing;
    }

    fn profile_step(&mut self, batch: Batch<'_>, hyper: &Hyper) -> Profile {
        self.threads.start_recording();
        self.train_step(batch, hyper);
        self.threads.stop_recording()
    }

    fn infer(&mut self, images: &[f32], logits: &mut [f32]) {
        let last = self.stages.len() - 1;
        self.infer_in_batches(images, logits, self.network.classes, |executor, count, _, logits| {
            executor.copy_output(last, count, logits);
        });
    }

    fn features(&mut self, images: &[f32], features: &mut [f32]) {
        let last = self.stages.len() - 1;
        self.infer_in_batches(images, features, self.network.feature_count(), |executor, count, images, features| {
            match last.checked_sub(1) {
                Some(stage) => executor.copy_output(stage, count, features),
                None => features.copy_from_slice(images),
            }
        });
    }

    fn state(&self) -> State {
        let copy = |buffer: &Buffer| buffer[..self.network.parameter_count()].to_vec();
        State {
            parameters: copy(&self.parameters.values),
            first_moment: copy(&self.parameters.first_moment),
            second_moment: copy(&self.parameters.second_moment),
        }
    }

    fn set_state(&mut self, state: &State) {
        let count = self.network.parameter_count();
        self.parameters.values[..count].copy_from_slice(&state.parameters);
        self.parameters.first_moment[..count].copy_from_slice(&state.first_moment);
        self.parameters.second_moment[..count].copy_from_slice(&state.second_moment);
        self.prepared = Prepared::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::glorot_uniform;
    use crate::recipe::{Optimiser, Recipe};

    #[test]
    fn recording_changes_no_bit() {
        for name in ["seed-mlp", "seed-vgg"] {
            let recipe = Recipe::find(name).unwrap();
            let shape = modiste_data::ImageShape { height: 28, width: 28, channels: 1 };
            let network = Network::new(&recipe.layers, shape, 10).unwrap();
            let images: Vec<f32> = (0..3 * shape.len()).map(|place| (place % 255) as f32 / 255.0 - 0.5).collect();
            let batch = Batch { images: &images, labels: &[1, 4, 9] };
            let Optimiser::Adam(adam) = recipe.optimiser;
            let step_twice = |record: bool| {
                let mut executor = CpuExecutor::new(&network, 3, 2, Isa::available()[0], 7);
                executor.set_state(&State::fresh(glorot_uniform(&network, 7)));
                for step in 0..2 {
                    let hyper = Hyper { step, adam };
                    if record {
                        let profile = executor.profile_step(batch, &hyper);
                        let names: Vec<_> = profile.sections.iter().map(|section| section.name.as_str()).collect();
                        let prepared = if name == "seed-mlp" { "dense1 prepare" } else { "conv1 prepare" };
                        assert_eq!((names[0], names[names.len() - 1]), (prepared, "update"));
                    } else {
                        executor.train_step(batch, &hyper);
                    }
                }
                executor.state()
            };
            assert!(step_twice(true) == step_twice(false), "{name}");
        }
    }
}
