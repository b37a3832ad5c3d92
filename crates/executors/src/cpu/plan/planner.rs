//! From a network's layers to its plan.
//!
//! Any order of layers has a plan: what does not fit behind a linear operation or on an edge starts a stage of its own.
//!
//! For example the layers conv, ReLU, max-pool, dropout, flatten, dense become two stages: everything from conv to dropout
//! is done while an image is in cache, and flatten only changes how the second stage reads the first one's output. A
//! max-pool behind conv, batch norm and ReLU starts a stage of its own, which has no linear operation: what is normalised
//! is normalised by its reader.

use modiste_network::{Activation, Layer, Network, Operation, Shape, Value};

use super::layout::Layout;
use super::{ActivationKind, Dropout, Edge, Node, Norm, Plan, Pool, Prologue, Source, Stage, StageKind};
use crate::cpu::runtime::memory::padded;

/// Values of a window up to which a convolution is a stem: 3 × 3 with up to three channels, 5 × 5 with one. It is
/// computed twice in a step instead of once, which costs less than its output's way through memory (bench/NOTES.md, "the
/// first convolution computed again instead of kept"); where that ends to hold has not been measured.
const WINDOW_VALUES: usize = 32;

/// The plan of a network.
pub(crate) fn plan(network: &Network) -> Plan {
    let mut planner = Planner { network, plan: Plan::default(), values: Vec::new(), readers: readers(network) };
    for (index, layer) in network.layers.iter().enumerate() {
        planner.layer(index, layer);
    }
    planner.plan
}

/// How many layers take what each layer gives.
fn readers(network: &Network) -> Vec<usize> {
    let mut readers = vec![0; network.layers.len()];
    let mut read = |value| {
        if let Value::Layer(layer) = value {
            readers[layer] += 1;
        }
    };
    for layer in &network.layers {
        read(layer.from);
        if let Operation::Add(other) = layer.operation {
            read(other);
        }
    }
    readers
}

struct Planner<'a> {
    network: &'a Network,
    plan: Plan,
    /// What each layer so far gives.
    values: Vec<Planned>,
    readers: Vec<usize>,
}

/// What becomes of a value.
#[derive(Clone, Copy)]
struct Planned {
    edge: Edge,
    /// Whether somebody else reads the stage's output as it is now, so that nothing may be done to it.
    shared: bool,
}

impl Planner<'_> {
    fn value(&self, value: Value) -> Planned {
        match value {
            Value::Images => Planned { edge: Edge::plain(Source::Images), shared: true },
            Value::Layer(layer) => self.values[layer],
        }
    }

    /// How an edge's values lie.
    fn layout(&self, source: Source) -> Layout {
        match source {
            Source::Images => Layout::packed(self.network.input),
            Source::Stage(stage) => self.plan.nodes[stage].stage.output,
        }
    }

    /// How whoever takes a value of this shape may read it.
    fn input_layout(&self, source: Source, shape: Shape) -> Layout {
        match (shape, self.layout(source)) {
            // Flattened, values without padding are one row: padding each for itself would be waste.
            (Shape::Flat(units), layout) if layout.pitch == layout.channels => {
                Layout { height: 1, width: 1, channels: units, pitch: units }
            }
            (_, layout) => layout,
        }
    }

    /// Adds a stage; gives its output.
    fn push(&mut self, stage: Stage, from: Edge, skip: Option<Edge>) -> Edge {
        self.plan.nodes.push(Node { stage, from, skip });
        Edge::plain(Source::Stage(self.plan.nodes.len() - 1))
    }

    /// A stage that only brings a value where others can do something to it, in whole registers.
    fn identity(&mut self, layer: usize, edge: Edge, shape: Shape) -> usize {
        let input = self.input_layout(edge.source, shape);
        let output = Layout { pitch: padded(input.channels), ..input };
        self.push(Stage::new(layer, input, StageKind::Identity, output), edge, None);
        self.plan.nodes.len() - 1
    }

    /// A stage's output, laid out as usual for its shape, with nothing left to do on the way.
    fn settled(&mut self, layer: usize, edge: Edge, shape: Shape) -> Edge {
        let (source, usual) = (edge.source, Layout::of(shape));
        if edge.prologue.is_plain() && source != Source::Images && self.layout(source) == usual {
            return edge;
        }
        let input = self.input_layout(source, shape);
        self.push(Stage::new(layer, input, StageKind::Identity, usual), edge, None)
    }

    /// A stage's output, laid out as usual for its shape; what is left to do on the way is.
    fn in_usual_layout(&mut self, layer: usize, edge: Edge, shape: Shape) -> Edge {
        let lies_well = edge.source != Source::Images && self.layout(edge.source) == Layout::of(shape);
        if lies_well { edge } else { self.settled(layer, edge, shape) }
    }

    /// The stage whose output a value is, if nobody else reads it, or else a new one; `fits` says what may still be done
    /// there.
    fn open(&mut self, layer: usize, value: Value, fits: fn(&Stage) -> bool) -> usize {
        let Planned { edge, shared } = self.value(value);
        if let Source::Stage(stage) = edge.source
            && edge.prologue.is_plain()
            && !shared
            && fits(&self.plan.nodes[stage].stage)
        {
            return stage;
        }
        self.identity(layer, edge, self.network.shape(value))
    }

    fn layer(&mut self, index: usize, layer: &Layer) {
        let Planned { edge, shared } = self.value(layer.from);
        let mut passes_on = false;
        let edge = match layer.operation {
            Operation::Conv(window) => self.operation(index, layer, edge, StageKind::Conv(window)),
            Operation::DepthwiseConv(window) => {
                let edge = if edge.source == Source::Images { self.settled(index, edge, layer.input) } else { edge };
                self.operation(index, layer, edge, StageKind::Depthwise(window))
            }
            Operation::Dense { outputs, .. } => {
                let plain = edge.prologue.is_plain();
                let edge = if plain { edge } else { self.settled(index, edge, layer.input) };
                self.operation(index, layer, edge, StageKind::Dense(outputs))
            }
            Operation::BatchNorm { momentum, epsilon } => self.normalised(index, layer, edge, (momentum, epsilon)),
            Operation::Relu => self.leaky_relu(index, layer.from, 0.0),
            Operation::LeakyRelu { slope } => self.leaky_relu(index, layer.from, slope),
            Operation::Prelu => {
                let edge = self.in_usual_layout(index, edge, layer.input);
                self.operation(index, layer, edge, StageKind::Prelu)
            }
            Operation::Gelu => self.smooth(index, layer, edge, ActivationKind::Gelu),
            Operation::Silu => self.smooth(index, layer, edge, ActivationKind::Silu),
            Operation::MaxPool(pooling) => {
                let stage = self.open(index, layer.from, |stage| stage.pool.is_none() && stage.dropout.is_none());
                self.pooled(stage, Pool::Max(pooling))
            }
            Operation::AveragePool(pooling) => {
                // Not behind an activation, which pooling comes before in a stage: only the largest value is the same.
                let stage = self.open(index, layer.from, |stage| {
                    stage.slope.is_none() && stage.pool.is_none() && stage.dropout.is_none()
                });
                self.pooled(stage, Pool::Average(pooling))
            }
            Operation::Dropout { rate } if rate > 0.0 => {
                let stage = self.open(index, layer.from, |stage| stage.dropout.is_none());
                self.plan.nodes[stage].stage.dropout = Some(Dropout { layer: index, rate });
                Edge::plain(Source::Stage(stage))
            }
            Operation::Dropout { .. } | Operation::Flatten => {
                passes_on = true;
                edge
            }
            Operation::Add(other) => self.sum(index, layer, other),
        };
        let shared = self.readers[index] > 1 || passes_on && shared;
        self.values.push(Planned { edge, shared });
        let edge = match layer.activation {
            Some(Activation::Relu) => {
                // Between operation and activation nobody can read.
                self.values[index].shared = false;
                self.leaky_relu(index, Value::Layer(index), 0.0)
            }
            Some(Activation::Gelu) => self.smooth(index, layer, edge, ActivationKind::Gelu),
            Some(Activation::Silu) => self.smooth(index, layer, edge, ActivationKind::Silu),
            Some(Activation::Softmax) | None => edge,
        };
        self.values[index] = Planned { edge, shared };
    }

    fn operation(&mut self, index: usize, layer: &Layer, edge: Edge, kind: StageKind) -> Edge {
        let input = self.input_layout(edge.source, layer.input);
        self.push(Stage::new(index, input, kind, Layout::of(layer.output)), edge, None)
    }

    fn pooled(&mut self, stage: usize, pool: Pool) -> Edge {
        let node = &mut self.plan.nodes[stage];
        node.stage.pool = Some(pool);
        node.stage.output = Layout::padded(pool.windows().output);
        Edge::plain(Source::Stage(stage))
    }

    fn leaky_relu(&mut self, index: usize, value: Value, slope: f32) -> Edge {
        let Planned { edge, shared } = self.value(value);
        // What is normalised, or what others read as it is, gets its activation on the way.
        if edge.source != Source::Images
            && edge.prologue.activation == ActivationKind::None
            && (edge.prologue.norm.is_some() || shared)
        {
            return Edge {
                prologue: Prologue { activation: ActivationKind::LeakyRelu(slope), ..edge.prologue },
                ..edge
            };
        }
        let stage =
            self.open(index, value, |stage| stage.slope.is_none() && stage.pool.is_none() && stage.dropout.is_none());
        self.plan.nodes[stage].stage.slope = Some(slope);
        Edge::plain(Source::Stage(stage))
    }

    fn smooth(&mut self, index: usize, layer: &Layer, edge: Edge, activation: ActivationKind) -> Edge {
        let free = edge.prologue.activation == ActivationKind::None && edge.source != Source::Images;
        let edge = if free { edge } else { self.settled(index, edge, layer.input) };
        Edge { prologue: Prologue { activation, ..edge.prologue }, ..edge }
    }

    fn normalised(&mut self, index: usize, layer: &Layer, edge: Edge, (momentum, epsilon): (f32, f32)) -> Edge {
        let mut edge = self.settled(index, edge, layer.input);
        let taken = |edge: Edge| self.plan.norms.iter().any(|norm| Source::Stage(norm.node) == edge.source);
        if taken(edge) {
            let usual = Layout::of(layer.input);
            edge = self.push(Stage::new(index, usual, StageKind::Identity, usual), edge, None);
        }
        if let Source::Stage(node) = edge.source {
            self.plan.norms.push(Norm { layer: index, node, momentum, epsilon });
        }
        Edge { prologue: Prologue { norm: Some(self.plan.norms.len() - 1), activation: ActivationKind::None }, ..edge }
    }

    /// The sum of what a layer takes and another value, in the convolution that comes last where that is possible.
    fn sum(&mut self, index: usize, layer: &Layer, other: Value) -> Edge {
        let usual = Layout::of(layer.input);
        let sides = [layer.from, other].map(|value| {
            let Planned { edge, shared } = self.value(value);
            Planned { edge: self.in_usual_layout(index, edge, layer.input), shared }
        });
        for (side, other) in [(sides[0], sides[1]), (sides[1], sides[0])] {
            let (Source::Stage(stage), Source::Stage(before)) = (side.edge.source, other.edge.source) else { continue };
            let Node { stage: Stage { kind, slope, pool, dropout, .. }, skip, .. } = self.plan.nodes[stage];
            let convolves = matches!(kind, StageKind::Conv(_) | StageKind::Depthwise(_));
            let bare = slope.is_none() && pool.is_none() && dropout.is_none() && skip.is_none();
            if convolves && bare && side.edge.prologue.is_plain() && !side.shared && before < stage {
                self.plan.nodes[stage].skip = Some(other.edge);
                return Edge::plain(Source::Stage(stage));
            }
        }
        self.push(Stage::new(index, usual, StageKind::Identity, usual), sides[0].edge, Some(sides[1].edge))
    }
}

/// Whether the first stage of a plan is a stem: a small convolution whose output the second one alone reads, as it is.
pub(crate) fn has_stem(plan: &Plan) -> bool {
    let [first, second, rest @ ..] = &plan.nodes[..] else { return false };
    let (StageKind::Conv(window), StageKind::Conv(_)) = (first.stage.kind, second.stage.kind) else { return false };
    let small = window.size * window.size * first.stage.input.channels <= WINDOW_VALUES;
    let bare = first.stage.pool.is_none() && first.stage.dropout.is_none();
    let output = Source::Stage(0);
    let alone = second.from == Edge::plain(output)
        && second.skip.is_none()
        && rest.iter().all(|node| node.edges().all(|edge| edge.source != output));
    small && bare && first.from.source == Source::Images && alone
}
