//! The executor for processors: a compiled network, the memory that its stages share, and the passes through them.

use std::ops::Range;

use modiste_network::executor::loss;
use modiste_network::{Batch, DeviceInfo, Executor, Limits, Network, Profile, State, StepOptions, StepResult, Targets};

use super::compile::Compiled;
use super::context::Context;
use super::input_resolver::InputResolver;
use super::optimiser::Parameters;
use super::options::{ConvolutionAlgorithm, CpuOptions};
use super::plan::{Edge, Source};
use super::roofline;
use super::runtime::memory::{Buffer, Disjoint};
use super::runtime::thread_pool::ThreadPool;
use super::simd::Isa;
use super::stages::input::GradientTarget;
use super::stages::normalisation::Normalisation;
use super::stages::output::{GradientSource, ReaderSlots};
use super::stages::{BackwardPass, ForwardPass};

/// A network compiled for this machine's processor.
pub struct CpuExecutor {
    network: Network,
    batch_size: usize,
    seed: u64,
    options: CpuOptions,
    threads: ThreadPool,
    compiled: Compiled,
    parameters: Parameters,
    buffers: Buffers,
    /// Whether the stages' own forms of the parameters are current: for inference, for training.
    prepared: Prepared,
}

/// Memory that stages share.
struct Buffers {
    /// Outputs of all stages, one after the other, each `[batch, output layout]`; after a backward pass, where gradients
    /// take their place, those towards what their activations took.
    activations: Buffer,
    /// Gradients that wait.
    waiting: Buffer,
    /// Sums of all normalisations.
    sums: Buffer,
    /// Max-pooling indices of all stages that take the largest of windows, one after the other.
    pool_argmax: Vec<u8>,
    /// Partial gradients of one stage at a time.
    parts: Buffer,
    /// Partial gradients of a stage that is computed again.
    recomputed_parts: Buffer,
    /// `[batch, classes]`
    logits: Vec<f32>,
}

impl Buffers {
    /// All zero.
    fn zeroed(compiled: &Compiled, logits: usize) -> Self {
        let Compiled { slots, sizes, .. } = compiled;
        Self {
            activations: Buffer::zeroed(sizes.activations),
            waiting: Buffer::zeroed(slots.len()),
            sums: Buffer::zeroed(sizes.sums),
            pool_argmax: vec![0; sizes.pool_argmax],
            parts: Buffer::zeroed(sizes.parts),
            recomputed_parts: Buffer::zeroed(sizes.recomputed_parts),
            logits: vec![0.0; logits],
        }
    }
}

/// Which form of the parameters the stages have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prepared {
    /// None that is current.
    Nothing,
    /// That for inference, where normalisations are part of the weights before them.
    Inference,
    /// That for training, which serves inference as well if there is no such normalisation.
    Training,
}

impl CpuExecutor {
    /// Compiles a network for batches of up to `batch_size` images; dropout follows from `seed`.
    ///
    /// All parameters are zero until [`Executor::set_state`].
    ///
    /// # Panics
    /// If this machine lacks the instruction set.
    pub fn new(network: &Network, batch_size: usize, options: CpuOptions, seed: u64) -> Self {
        let isa = options.isa;
        assert!(Isa::available().contains(&isa), "{isa} is not among the instruction sets of this machine");
        let mut compiled = Compiled::new(network, batch_size, options);
        compiled.allocate();
        Self {
            network: network.clone(),
            batch_size,
            seed,
            options,
            threads: ThreadPool::new(options.threads, compiled.sizes.scratch),
            buffers: Buffers::zeroed(&compiled, batch_size * network.classes),
            parameters: Parameters::zeroed(network),
            prepared: Prepared::Nothing,
            compiled,
        }
    }

    /// Bytes of memory that training `network` in batches of `batch_size` images will take at most.
    pub fn planned_bytes(network: &Network, batch_size: usize, options: CpuOptions) -> u64 {
        let Compiled { sizes, slots, .. } = Compiled::new(network, batch_size, options);
        let of_batch =
            batch_size * (network.input.len() + network.classes) + sizes.activations + slots.len() + sizes.sums;
        let of_parameters = Parameters::planned_len(network) + sizes.packed + sizes.parts + sizes.recomputed_parts;
        let values = of_batch + of_parameters + options.threads * sizes.scratch;
        (values * size_of::<f32>() + sizes.pool_argmax) as u64
    }

    /// Measures what this machine can do at most; takes about a second.
    pub fn limits(options: CpuOptions) -> Limits {
        roofline::measure(options.isa, options.threads)
    }

    /// Brings the parameters into the stages' own forms, unless they are there.
    fn prepare(&mut self, wanted: Prepared) {
        let folds = self.compiled.norms.iter().any(Normalisation::folds);
        if self.prepared == wanted || self.prepared == Prepared::Training && !folds {
            return;
        }
        let context = Context { isa: self.options.isa, threads: &self.threads };
        let training = wanted == Prepared::Training;
        for stage in &mut self.compiled.stages {
            if stage.weight.is_empty() {
                continue;
            }
            self.threads.section(|| format!("{} prepare", stage.name));
            let parameters = &self.parameters.values;
            let (mut weight, mut bias) = (&parameters[stage.weight.clone()], &parameters[stage.bias.clone()]);
            let norm = stage.norm.map(|norm| &self.compiled.norms[norm]).filter(|norm| norm.folds() && !training);
            let folded = norm.map(|norm| norm.fold(parameters, weight, bias));
            if let Some((folded_weight, folded_bias)) = &folded {
                (weight, bias) = (folded_weight, folded_bias);
            }
            stage.operation.prepare(context, weight, bias, training);
        }
        self.prepared = wanted;
    }

    /// The forward pass of up to a batch of images; `training` is the step whose dropout masks to use.
    fn forward(&mut self, images: &[f32], count: usize, training: Option<u64>) {
        assert!(count <= self.batch_size, "at most as many images as compiled for");
        for index in 0..self.compiled.stages.len() {
            if self.compiled.stages[index].operation.as_recomputed().is_some() {
                continue;
            }
            let norm = self.compiled.stages[index].norm;
            if let (Some(norm), Some(_)) = (norm, training) {
                let norm = &mut self.compiled.norms[norm];
                norm.begin_batch(&self.parameters.values);
                self.buffers.sums[norm.sums()].fill(0.0);
            }
            self.stage_forward(index, images, count, training);
            if let Some(norm) = norm {
                let norm = &mut self.compiled.norms[norm];
                match training {
                    Some(_) if norm.is_frozen() => norm.use_running_statistics(&self.parameters.values),
                    Some(step) => norm.update_from_batch(&mut self.parameters.values, &self.buffers.sums, count, step),
                    None if norm.folds() => {}
                    None => norm.use_running_statistics(&self.parameters.values),
                }
            }
        }
    }

    /// The forward pass of a stage.
    fn stage_forward(&mut self, index: usize, images: &[f32], count: usize, training: Option<u64>) {
        let Self { compiled, buffers, .. } = self;
        let stage = &compiled.stages[index];
        self.threads.section(|| format!("{} forward", stage.name));
        let (before, rest) = buffers.activations.split_at_mut(stage.activations.start);
        let folded = training.is_none();
        let resolver =
            InputResolver::new(compiled, self.options.isa, (images, before), folded, &mut buffers.recomputed_parts);
        let pass = ForwardPass {
            context: Context { isa: self.options.isa, threads: &self.threads },
            count,
            input: resolver.input(stage.node.from, GradientTarget::None),
            skip: stage.node.skip.map(|edge| resolver.input(edge, GradientTarget::None)),
            moments: match (stage.norm, training) {
                (Some(norm), Some(_)) => Some(compiled.norms[norm].moments(Disjoint::new(&mut buffers.sums))),
                _ => None,
            },
            output: &mut rest[..count * stage.node.stage.output.image_len()],
            pool_argmax: &mut buffers.pool_argmax[stage.pool_argmax.clone()],
            mask: stage.mask(self.seed, training),
        };
        stage.operation.forward(pass);
    }

    /// The backward pass of a stage.
    fn stage_backward(&mut self, index: usize, images: &[f32], count: usize, step: u64) {
        let Self { compiled, buffers, .. } = self;
        let stage = &compiled.stages[index];
        self.threads.section(|| format!("{} backward", stage.name));
        // What is computed again has left its gradients in parts of their own.
        let (parts, recomputed_parts) = match stage.operation.as_recomputed() {
            Some(_) => (&mut buffers.recomputed_parts[..], &mut [][..]),
            None => (&mut buffers.parts[..], &mut buffers.recomputed_parts[..]),
        };
        let outputs = stage.outputs(count);
        let (before, rest) = buffers.activations.split_at_mut(outputs.start);
        let resolver = InputResolver::new(compiled, self.options.isa, (images, before), false, recomputed_parts);
        let (waiting, sums) = (Disjoint::new(&mut buffers.waiting), Disjoint::new(&mut buffers.sums));
        let target = |edge: Edge, skip: bool| {
            let Source::Stage(before) = edge.source else { return GradientTarget::None };
            let before_stage = &compiled.stages[before];
            if !before_stage.needs_gradient {
                return GradientTarget::None;
            }
            match compiled.slots.of_reader(before, index, skip) {
                None => GradientTarget::InPlace(before_stage.mask(self.seed, Some(step))),
                Some(slot) => GradientTarget::Slot {
                    values: waiting.slice(slot.place.clone()),
                    sums: sums.slice(slot.norm.map_or(0..0, |norm| compiled.norms[norm].sums())),
                },
            }
        };
        let values = &rest[..outputs.len()];
        let gradient = if compiled.slots.has(index) {
            GradientSource::Slots(ReaderSlots {
                readers: compiled.slots.of_stage(index),
                arena: waiting,
                norms: &compiled.norms,
                values,
                mask: stage.mask(self.seed, Some(step)),
            })
        } else {
            GradientSource::InPlace(values)
        };
        // A bias follows its weight, so the two lie side by side in the gradient.
        let (d_weight, d_bias) =
            self.parameters.gradient[stage.weight.start..stage.bias.end].split_at_mut(stage.weight.len());
        let pass = BackwardPass {
            context: Context { isa: self.options.isa, threads: &self.threads },
            count,
            input: resolver.input(stage.node.from, target(stage.node.from, false)),
            skip: stage.node.skip.map(|edge| resolver.input(edge, target(edge, true))),
            gradient,
            pool_argmax: &buffers.pool_argmax[stage.pool_argmax.clone()],
            d_weight,
            d_bias,
            parts,
        };
        stage.operation.backward(pass);
        for edge in stage.node.edges() {
            if let Some(norm) = edge.prologue.norm {
                compiled.norms[norm].finish_backward(&mut self.parameters.gradient, &buffers.sums, count);
            }
        }
    }

    /// Loss and hits; the gradient takes the place of the last stage's output, which nothing follows but softmax.
    fn loss(&mut self, targets: &Targets<'_>) -> StepResult {
        let labels = targets.labels;
        let (classes, last) = (self.network.classes, self.compiled.stages.len() - 1);
        let mut logits = std::mem::take(&mut self.buffers.logits);
        self.copy_output(last, labels.len(), &mut logits);
        let result = loss::cross_entropy_backward(&mut logits[..labels.len() * classes], targets, classes);
        let stage = &self.compiled.stages[last];
        let rows = self.buffers.activations[stage.activations.clone()].chunks_exact_mut(stage.node.stage.output.pitch);
        for (row, gradient) in rows.zip(logits.chunks_exact(classes)).take(labels.len()) {
            row[..classes].copy_from_slice(gradient);
            row[classes..].fill(0.0);
        }
        self.buffers.logits = logits;
        result
    }

    /// Copies the values of a stage's output, without padding, to `values`.
    fn copy_output(&self, stage: usize, count: usize, values: &mut [f32]) {
        let stage = &self.compiled.stages[stage];
        let layout = stage.node.stage.output;
        let pixels = self.buffers.activations[stage.activations.clone()].chunks_exact(layout.pitch);
        for (pixel, copy) in pixels.zip(values.chunks_exact_mut(layout.channels)).take(count * layout.pixels()) {
            copy.copy_from_slice(&pixel[..layout.channels]);
        }
    }

    /// Calls `read(self, places, images)` after a forward pass over each batch of `images`, which are those at `places`.
    fn infer_in_batches(&mut self, images: &[f32], mut read: impl FnMut(&Self, Range<usize>, &[f32])) {
        let len = self.network.input.len();
        assert_eq!(images.len() % len, 0, "whole images");
        self.prepare(Prepared::Inference);
        let mut begin = 0;
        for images in images.chunks(self.batch_size * len) {
            let count = images.len() / len;
            self.forward(images, count, None);
            read(self, begin..begin + count, images);
            begin += count;
        }
    }

    /// Copies the logits of a forward pass to where those of the images at `places` belong in `logits`, `[n, classes]`.
    fn copy_logits(&self, places: Range<usize>, logits: &mut [f32]) {
        let (classes, last) = (self.network.classes, self.compiled.stages.len() - 1);
        self.copy_output(last, places.len(), &mut logits[places.start * classes..places.end * classes]);
    }

    /// Copies what the last layer took in a forward pass of `images` to where that of the images at `places` belongs in
    /// `features`, `[n, feature_count]`.
    fn copy_features(&self, places: Range<usize>, images: &[f32], features: &mut [f32]) {
        let columns = self.network.feature_count();
        let features = &mut features[places.start * columns..places.end * columns];
        match self.compiled.stages[self.compiled.stages.len() - 1].node.from.source {
            Source::Stage(stage) => self.copy_output(stage, places.len(), features),
            Source::Images => features.copy_from_slice(images),
        }
    }

    /// # Panics
    /// If `values` are not `per_image` for each of `images`.
    fn check_room(&self, images: &[f32], values: &[f32], per_image: usize) {
        let count = images.len() / self.network.input.len();
        assert_eq!(values.len(), count * per_image, "space for what comes of each image");
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
        let isa = match self.options.convolution {
            ConvolutionAlgorithm::Winograd => self.options.isa.to_string(),
            ConvolutionAlgorithm::Direct => format!("{}, direct convolutions", self.options.isa),
        };
        DeviceInfo { device: "cpu", isa, threads: self.threads.count() }
    }

    fn backward(&mut self, batch: Batch<'_>, options: &StepOptions) -> StepResult {
        let step = options.step;
        let count = batch.labels.len();
        assert!(count > 0, "a batch has images");
        assert_eq!(batch.images.len(), count * self.network.input.len(), "one label for each image");
        self.prepare(Prepared::Training);
        self.forward(batch.images, count, Some(step));
        self.threads.section(|| "loss".to_owned());
        let result = self.loss(&Targets::new(&batch, options));

        self.buffers.sums.fill(0.0);
        for index in (0..self.compiled.stages.len()).rev() {
            if self.compiled.stages[index].needs_gradient {
                self.stage_backward(index, batch.images, count, step);
            }
        }
        result
    }

    fn gradient(&mut self) -> &mut [f32] {
        let count = self.network.parameter_count();
        &mut self.parameters.gradient[..count]
    }

    fn update(&mut self, options: &StepOptions) {
        self.threads.section(|| "update".to_owned());
        self.parameters.update(Context { isa: self.options.isa, threads: &self.threads }, options);
        self.prepared = Prepared::Nothing;
    }

    fn swap_average(&mut self) {
        self.parameters.swap_average();
        self.prepared = Prepared::Nothing;
    }

    fn profile_step(&mut self, batch: Batch<'_>, options: &StepOptions) -> Profile {
        self.threads.start_recording();
        self.train_step(batch, options);
        self.threads.stop_recording()
    }

    fn infer(&mut self, images: &[f32], logits: &mut [f32]) {
        self.check_room(images, logits, self.network.classes);
        self.infer_in_batches(images, |executor, places, _| executor.copy_logits(places, logits));
    }

    fn features(&mut self, images: &[f32], features: &mut [f32]) {
        self.check_room(images, features, self.network.feature_count());
        self.infer_in_batches(images, |executor, places, images| executor.copy_features(places, images, features));
    }

    fn infer_and_features(&mut self, images: &[f32], logits: &mut [f32], features: &mut [f32]) {
        self.check_room(images, logits, self.network.classes);
        self.check_room(images, features, self.network.feature_count());
        self.infer_in_batches(images, |executor, places, images| {
            executor.copy_logits(places.clone(), logits);
            executor.copy_features(places, images, features);
        });
    }

    fn state(&self) -> State<'_> {
        self.parameters.state()
    }

    fn set_state(&mut self, state: &State<'_>) {
        self.parameters.set_state(state);
        self.prepared = Prepared::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use modiste_network::Recipe;
    use modiste_network::executor::initialisation::glorot_uniform;

    use super::*;

    #[test]
    fn recording_changes_no_bit() {
        for name in ["seed-mlp", "seed-vgg"] {
            let recipe = Recipe::find(name).unwrap();
            let shape = modiste_data::ImageShape { height: 28, width: 28, channels: 1 };
            let network = Network::new(&recipe.layers, shape, 10).unwrap();
            let images: Vec<f32> = (0..3 * shape.len()).map(|place| (place % 255) as f32 / 255.0 - 0.5).collect();
            let batch = Batch::new(&images, &[1, 4, 9]);
            let step_twice = |record: bool| {
                let mut executor = CpuExecutor::new(&network, 3, CpuOptions::available(2)[0], 7);
                executor.set_state(&State::fresh(glorot_uniform(&network, 7)));
                for step in 0..2 {
                    let options = StepOptions::new(step, recipe.optimiser);
                    if record {
                        let profile = executor.profile_step(batch, &options);
                        let names: Vec<_> = profile.sections.iter().map(|section| section.name.as_str()).collect();
                        let prepared = if name == "seed-mlp" { "dense1 prepare" } else { "conv1 prepare" };
                        assert_eq!((names[0], names[names.len() - 1]), (prepared, "update"));
                    } else {
                        executor.train_step(batch, &options);
                    }
                }
                executor.state().into_owned()
            };
            assert!(step_twice(true) == step_twice(false), "{name}");
        }
    }
}
