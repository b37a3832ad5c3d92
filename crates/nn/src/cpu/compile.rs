//! From a network to its stages' operations and the memory that they need.

use std::ops::Range;

use super::convolution::Convolution;
use super::dense::Dense;
use super::identity::Identity;
use super::memory::Disjoint;
use super::plan::{self, Linear, Stage};
use super::processor::Processor;
use super::stage::PARTS;
use super::stem::{Stem, stem};
use crate::dropout::Mask;
use crate::network::{Network, Window};

/// A network as stages.
pub struct Compiled {
    /// What comes before the stages, if it is cheaper to compute again than to keep.
    pub stem: Option<CompiledStem>,
    /// The stages.
    pub stages: Vec<CompiledStage>,
    /// The first stage with weights, where the backward pass ends.
    pub first: usize,
    /// The memory that they share.
    pub lens: Lens,
}

/// Lengths of the memory that stages share, in values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lens {
    /// Outputs of all stages.
    pub activations: usize,
    /// Choices of all stages that pool.
    pub choices: usize,
    /// Partial gradients of one stage.
    pub parts: usize,
    /// Partial gradients of the stem.
    pub stem_parts: usize,
    /// Scratch of a thread.
    pub scratch: usize,
    /// What stages have for themselves.
    pub packed: usize,
}

/// A first convolution without output.
pub struct CompiledStem {
    /// Of its layer.
    pub name: String,
    /// What it computes.
    pub convolution: Convolution,
    /// Place of the weight in the parameters.
    pub weight: Range<usize>,
    /// Place of the bias, which follows it.
    pub bias: Range<usize>,
}

/// A stage and where its values are.
pub struct CompiledStage {
    /// Of its first layer, behind that of the stem whose passes it does.
    pub name: String,
    /// What it does.
    pub plan: Stage,
    /// How.
    pub kernel: StageKernel,
    /// Place in the activations.
    pub activations: Range<usize>,
    /// Place in the choices.
    pub choices: Range<usize>,
    /// Place of the weight in the parameters.
    pub weight: Range<usize>,
    /// Place of the bias, which follows it.
    pub bias: Range<usize>,
}

/// What a stage computes first.
pub enum StageKernel {
    /// A convolution.
    Convolution(Convolution),
    /// A product.
    Dense(Dense),
    /// Nothing.
    Identity(Identity),
}

impl Compiled {
    /// Plans a network for batches of up to `batch` images. Nothing is allocated.
    pub fn new(network: &Network, batch: usize, processor: Processor) -> Self {
        let plans = plan::stages(network);
        let stem =
            stem(&plans).map(|(plan, window, weight)| CompiledStem::new(network, plan, window, weight, processor));
        let plans = &plans[usize::from(stem.is_some())..];
        let mut lens = Lens::default();
        if let Some(stem) = &stem {
            lens.packed += stem.convolution.packed_len();
            lens.stem_parts = PARTS * stem.convolution.part_len();
        }
        let mut stages = Vec::new();
        for (index, &plan) in plans.iter().enumerate() {
            let stem = stem.as_ref().filter(|_| index == 0);
            let mut stage = CompiledStage::new(network, plan, batch, processor, &lens);
            if let Some(stem) = stem {
                stage.name = format!("{}+{}", stem.name, stage.name);
            }
            lens.activations = stage.activations.end;
            lens.choices = stage.choices.end;
            lens.parts = lens.parts.max(PARTS * stage.kernel.part_len());
            lens.scratch = lens.scratch.max(stage.kernel.scratch_len(batch, stem.map(|stem| &stem.convolution)));
            lens.packed += stage.kernel.packed_len();
            stages.push(stage);
        }
        // What lies before the first weights needs no gradient.
        let first = plans.iter().position(|plan| plan.linear != Linear::Identity).unwrap_or(0);
        Self { stem, stages, first, lens }
    }

    /// Has the stages' own memory ready.
    pub fn allocate(&mut self) {
        let nobody_before = self.stem.is_none();
        if let Some(stem) = &mut self.stem {
            stem.convolution.allocate(true);
        }
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let first = index == self.first && nobody_before;
            match &mut stage.kernel {
                StageKernel::Convolution(operation) => operation.allocate(first),
                StageKernel::Dense(operation) => operation.allocate(first),
                StageKernel::Identity(_) => {}
            }
        }
    }
}

/// Places of a weight and of the bias that follows it in the parameters.
fn places(network: &Network, weight: usize) -> (Range<usize>, Range<usize>) {
    (network.parameters[weight].range.clone(), network.parameters[weight + 1].range.clone())
}

impl CompiledStem {
    fn new(network: &Network, plan: Stage, window: Window, weight: usize, processor: Processor) -> Self {
        let name = network.layers[plan.layer].name.clone();
        let convolution = Convolution::new(processor.isa, processor.convolutions, plan, window);
        let (weight, bias) = places(network, weight);
        Self { name, convolution, weight, bias }
    }

    /// A pass over `images` on behalf of the first stage.
    pub fn pass<'a>(&'a self, images: &'a [f32], parts: &'a mut [f32]) -> Stem<'a> {
        Stem { convolution: &self.convolution, images, parts: Disjoint::new(parts) }
    }
}

impl CompiledStage {
    /// A stage behind those that have taken what `lens` says.
    fn new(network: &Network, plan: Stage, batch: usize, processor: Processor, lens: &Lens) -> Self {
        let outputs = batch * plan.output.image_len();
        let chosen = if plan.pool.is_some() { outputs } else { 0 };
        let Processor { isa, convolutions, .. } = processor;
        let (kernel, (weight, bias)) = match plan.linear {
            Linear::Conv(window, weight) => {
                let operation = Convolution::new(isa, convolutions, plan, window);
                (StageKernel::Convolution(operation), places(network, weight))
            }
            Linear::Dense(units, weight) => (StageKernel::Dense(Dense::new(isa, plan, units)), places(network, weight)),
            Linear::Identity => (StageKernel::Identity(Identity::new(plan)), (0..0, 0..0)),
        };
        let activations = lens.activations..lens.activations + outputs;
        let choices = lens.choices..lens.choices + chosen;
        let name = network.layers[plan.layer].name.clone();
        Self { name, plan, kernel, activations, choices, weight, bias }
    }

    /// Its dropout in a step of training.
    pub fn mask(&self, seed: u64, training: Option<u64>) -> Option<Mask> {
        let dropout = self.plan.dropout?;
        Some(Mask::new(seed, training?, dropout.layer, dropout.rate))
    }
}

impl StageKernel {
    fn scratch_len(&self, batch: usize, stem: Option<&Convolution>) -> usize {
        match self {
            StageKernel::Convolution(operation) => operation.scratch_len(stem),
            StageKernel::Dense(operation) => operation.scratch_len(batch),
            StageKernel::Identity(operation) => operation.scratch_len(),
        }
    }

    fn part_len(&self) -> usize {
        match self {
            StageKernel::Convolution(operation) => operation.part_len(),
            StageKernel::Dense(_) | StageKernel::Identity(_) => 0,
        }
    }

    fn packed_len(&self) -> usize {
        match self {
            StageKernel::Convolution(operation) => operation.packed_len(),
            StageKernel::Dense(operation) => operation.packed_len(),
            StageKernel::Identity(_) => 0,
        }
    }
}
