//! From a network to its stages' operations and the memory that they need.

use std::ops::Range;

use modiste_network::{Mask, Network, Role};

use super::options::CpuOptions;
use super::plan::gradient_slots::GradientSlots;
use super::plan::planner::{has_stem, plan};
use super::plan::{Edge, Node, Plan, Source, Stage, StageKind};
use super::stages::convolution::Convolution;
use super::stages::dense::Dense;
use super::stages::identity::Identity;
use super::stages::normalisation::Normalisation;
use super::stages::prelu::Prelu;
use super::stages::stem::Stem;
use super::stages::{PARTS, ScratchSizes, StageOperation};

/// A network as stages.
pub(super) struct Compiled {
    /// The stages.
    pub stages: Vec<CompiledStage>,
    /// Their normalisations.
    pub norms: Vec<Normalisation>,
    /// Where gradients wait that are made of several, or behind a normalisation.
    pub slots: GradientSlots,
    /// The memory that they share.
    pub sizes: BufferSizes,
}

/// Lengths of the memory that stages share, in values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BufferSizes {
    /// Outputs of all stages.
    pub activations: usize,
    /// Max-pooling indices of all stages that take the largest of windows.
    pub pool_argmax: usize,
    /// Partial gradients of one stage.
    pub parts: usize,
    /// Partial gradients of a stage that is computed again.
    pub recomputed_parts: usize,
    /// Sums of all normalisations.
    pub sums: usize,
    /// Scratch of a thread.
    pub scratch: usize,
    /// What stages and normalisations have for themselves.
    pub packed: usize,
}

/// A stage and where its values are.
pub(super) struct CompiledStage {
    /// Of its first layer, behind that of the stem whose passes it does.
    pub name: String,
    /// What it does, and what it takes.
    pub node: Node,
    /// How.
    pub operation: Box<dyn StageOperation>,
    /// Place in the activations.
    pub activations: Range<usize>,
    /// Place among the max-pooling indices.
    pub pool_argmax: Range<usize>,
    /// Place of the weight in the parameters.
    pub weight: Range<usize>,
    /// Place of the bias, which follows it; empty if there is none.
    pub bias: Range<usize>,
    /// The normalisation of its output, if there is one.
    pub norm: Option<usize>,
    /// Whether parameters of its own, or of anything before it, learn from the gradient of its output.
    pub needs_gradient: bool,
}

impl Compiled {
    /// Plans a network for batches of up to `batch` images. Nothing is allocated.
    pub(super) fn new(network: &Network, batch: usize, options: CpuOptions) -> Self {
        let plan = plan(network);
        let has_stem = has_stem(&plan);
        let needs_gradient = needs_gradient(network, &plan);
        let slots = GradientSlots::new(&plan, &needs_gradient, has_stem, batch);
        let mut sizes = BufferSizes::default();
        let mut stages: Vec<CompiledStage> = Vec::new();
        for (index, &node) in plan.nodes.iter().enumerate() {
            let is_stem = has_stem && index == 0;
            let operation = operation(node.stage, options, is_stem);
            // A stem has no output.
            let mut stage = CompiledStage::new(network, node, operation, if is_stem { 0 } else { batch }, &sizes);
            stage.norm = plan.norms.iter().position(|norm| norm.node == index);
            stage.needs_gradient = needs_gradient[index];
            let mut scratch = scratch_sizes(&plan, index, slots.has(index));
            if let Source::Stage(before) = node.from.source
                && let Some(recomputed) = stages[before].operation.as_recomputed()
            {
                stage.name = format!("{}+{}", stages[before].name, stage.name);
                (scratch.image, scratch.recompute) = (recomputed.image_len(), recomputed.recompute_scratch_len());
            }
            sizes.activations = stage.activations.end;
            sizes.pool_argmax = stage.pool_argmax.end;
            let of_stage = if is_stem { &mut sizes.recomputed_parts } else { &mut sizes.parts };
            *of_stage = (PARTS * stage.operation.part_len()).max(*of_stage);
            sizes.scratch = sizes.scratch.max(stage.operation.scratch_len(batch, scratch));
            sizes.packed += stage.operation.packed_len();
            stages.push(stage);
        }
        let mut norms = Vec::new();
        for (index, norm) in plan.norms.iter().enumerate() {
            let stage = &stages[norm.node];
            let partial_sums = stage.operation.partial_sums(batch).max(PARTS);
            let norm = Normalisation::new(network, &plan, index, stage.node.stage.output, partial_sums, sizes.sums);
            sizes.sums = norm.sums().end;
            sizes.packed += norm.constants_len();
            norms.push(norm);
        }
        Self { stages, norms, slots, sizes }
    }

    /// Has the stages' own memory ready.
    pub(super) fn allocate(&mut self) {
        for index in 0..self.stages.len() {
            // Without it nobody wants the gradient towards the stage's input.
            let before = match self.stages[index].node.from.source {
                Source::Images => false,
                Source::Stage(before) => self.stages[before].needs_gradient,
            };
            self.stages[index].operation.allocate(!before);
        }
        self.norms.iter_mut().for_each(Normalisation::allocate);
    }
}

/// For each stage whether its own weights, those of a normalisation of its output, or those of what it takes learn from a
/// gradient of its output.
fn needs_gradient(network: &Network, plan: &Plan) -> Vec<bool> {
    let mut needs_gradient: Vec<bool> = Vec::new();
    for (index, node) in plan.nodes.iter().enumerate() {
        let learns = |layer: usize| {
            network.parameters[network.layers[layer].parameters.clone()].iter().any(|tensor| network.is_trained(tensor))
        };
        let weights = node.stage.kind != StageKind::Identity && learns(node.stage.layer);
        let norm = plan.norms.iter().any(|norm| norm.node == index && learns(norm.layer));
        let before = node.edges().any(|edge| matches!(edge.source, Source::Stage(before) if needs_gradient[before]));
        needs_gradient.push(weights || norm || before);
    }
    needs_gradient
}

/// Scratch that a stage needs for what comes before it and what follows it.
fn scratch_sizes(plan: &Plan, index: usize, has_slots: bool) -> ScratchSizes {
    let of_edge = |edge: Edge| match edge.source {
        Source::Stage(stage) if !edge.prologue.is_plain() => plan.nodes[stage].stage.output.image_len(),
        _ => 0,
    };
    let Node { stage, from, skip } = &plan.nodes[index];
    let gradient = if has_slots { stage.output.image_len() } else { 0 };
    ScratchSizes { image: of_edge(*from), recompute: 0, output: gradient + skip.map_or(0, of_edge) }
}

/// How a stage computes: for each kind of operation, its line.
fn operation(stage: Stage, options: CpuOptions, is_stem: bool) -> Box<dyn StageOperation> {
    let CpuOptions { isa, convolution, .. } = options;
    match stage.kind {
        StageKind::Conv(window) if is_stem => Box::new(Stem::new(Convolution::new(isa, convolution, stage, window))),
        StageKind::Conv(window) | StageKind::Depthwise(window) => {
            Box::new(Convolution::new(isa, convolution, stage, window))
        }
        StageKind::Dense(units) => Box::new(Dense::new(isa, stage, units)),
        StageKind::Prelu => Box::new(Prelu::new(stage)),
        StageKind::Identity => Box::new(Identity::new(stage)),
    }
}

impl CompiledStage {
    /// A stage behind those that have taken what `sizes` says.
    fn new(
        network: &Network,
        node: Node,
        operation: Box<dyn StageOperation>,
        batch: usize,
        sizes: &BufferSizes,
    ) -> Self {
        let stage = node.stage;
        let outputs = batch * stage.output.image_len();
        let argmax = if stage.max_pools() { outputs } else { 0 };
        let (weight, bias) = weights(network, &stage);
        Self {
            name: network.layers[stage.layer].name.clone(),
            node,
            operation,
            activations: sizes.activations..sizes.activations + outputs,
            pool_argmax: sizes.pool_argmax..sizes.pool_argmax + argmax,
            weight,
            bias,
            norm: None,
            needs_gradient: false,
        }
    }

    /// Where the outputs of `count` images are: nowhere, if they are computed again.
    pub(super) fn outputs(&self, count: usize) -> Range<usize> {
        let len = count * self.node.stage.output.image_len();
        self.activations.start..self.activations.end.min(self.activations.start + len)
    }

    /// Its dropout in a step of training.
    pub(super) fn mask(&self, seed: u64, training: Option<u64>) -> Option<Mask> {
        let dropout = self.node.stage.dropout?;
        Some(Mask::new(seed, training?, dropout.layer, dropout.rate))
    }
}

/// Places of a stage's weight and of the bias that follows it in the parameters.
fn weights(network: &Network, stage: &Stage) -> (Range<usize>, Range<usize>) {
    let layer = network.layers[stage.layer].parameters.clone();
    match (&stage.kind, &network.parameters[layer]) {
        (StageKind::Identity, _) | (_, []) => (0..0, 0..0),
        (_, [weight, bias, ..]) if bias.role == Role::Bias => (weight.range.clone(), bias.range.clone()),
        (_, [weight, ..]) => (weight.range.clone(), weight.range.end..weight.range.end),
    }
}
