//! What a network becomes: stages, each an operation and all that follows it value by value, and the edges between
//! them.
//!
//! A stage reads its input once and writes its output once; what lies between (addition, activation, pooling, dropout)
//! happens while an image is in cache. What needs more than a value at a time, or more than the sign of what it gave, to
//! find its way back (batch normalisation, smooth activations) belongs to the edge behind: whoever reads the stage's
//! output does it on the way, image by image, and nothing but the output itself is ever kept.
//!
//! For example a convolution of 3 × 3 with 32 filters, batch normalisation, ReLU, and a second such convolution, of images
//! `[28, 28, 1]`, are two stages. The first reads the images `[28, 28, 1]` and writes `[28, 28, 32]`, not normalised; the
//! edge from it to the second has the prologue of that normalisation and a leaky ReLU of slope 0. Max-pooling and dropout
//! behind the second would be part of it: `linear_output` `[28, 28, 32]`, `output` `[14, 14, 32]`.

pub(super) mod gradient_slots;
pub(super) mod layout;
pub(super) mod planner;

use modiste_network::{Pooling, Window};

use self::layout::Layout;

/// What a stage computes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum StageKind {
    /// Convolution.
    Conv(Window),
    /// Convolution of each channel by itself.
    Depthwise(Window),
    /// Fully connected; units.
    Dense(usize),
    /// Each channel's negative values times a slope of its own.
    Prelu,
    /// Nothing.
    Identity,
}

impl StageKind {
    /// Whether the operation multiplies by filters or weights, of which a scale of each output can become part.
    pub(super) fn has_filters(self) -> bool {
        matches!(self, StageKind::Conv(_) | StageKind::Depthwise(_) | StageKind::Dense(_))
    }
}

/// Pooling by windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pool {
    /// The largest value of each.
    Max(Pooling),
    /// The mean of each.
    Average(Pooling),
}

impl Pool {
    /// Its windows.
    pub(super) fn windows(&self) -> &Pooling {
        match self {
            Pool::Max(pooling) | Pool::Average(pooling) => pooling,
        }
    }
}

/// A dropout layer: its index in the network, from which its masks follow, and its rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dropout {
    /// Index in [`Network::layers`](modiste_network::Network::layers).
    pub layer: usize,
    /// Share of values dropped.
    pub rate: f32,
}

/// An operation and what follows it, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stage {
    /// Index in [`Network::layers`](modiste_network::Network::layers) of its first layer, which has its weights.
    pub layer: usize,
    /// What it reads.
    pub input: Layout,
    /// What it computes first.
    pub kind: StageKind,
    /// What that gives.
    pub linear_output: Layout,
    /// Slope of negative values: 0 is ReLU.
    pub slope: Option<f32>,
    /// Pooling.
    pub pool: Option<Pool>,
    /// Dropout.
    pub dropout: Option<Dropout>,
    /// What it writes.
    pub output: Layout,
}

impl Stage {
    /// An operation that nothing follows.
    pub(super) fn new(layer: usize, input: Layout, kind: StageKind, linear_output: Layout) -> Self {
        Self { layer, input, kind, linear_output, slope: None, pool: None, dropout: None, output: linear_output }
    }

    /// Whether it pools by the largest value of each window, whose tap it has to remember.
    pub(super) fn max_pools(&self) -> bool {
        matches!(self.pool, Some(Pool::Max(_)))
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The images.
    Images,
    /// The output of the stage of this index.
    Stage(usize),
}

/// An activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ActivationKind {
    /// x
    None,
    /// x where positive, else slope · x.
    LeakyRelu(f32),
    /// x · Φ(x)
    Gelu,
    /// x / (1 + e⁻ˣ)
    Silu,
}

/// What is done to a stage's output on the way to who reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prologue {
    /// Index of a normalisation of that output.
    pub norm: Option<usize>,
    /// Activation, behind it.
    pub activation: ActivationKind,
}

impl Prologue {
    /// Nothing.
    pub(super) const PLAIN: Self = Self { norm: None, activation: ActivationKind::None };

    /// Whether nothing is done.
    pub(super) fn is_plain(&self) -> bool {
        *self == Self::PLAIN
    }
}

/// A value, as who reads it sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    /// Where it lies.
    pub source: Source,
    /// What is done to it on the way.
    pub prologue: Prologue,
}

impl Edge {
    /// The value as it lies there.
    pub(super) fn plain(source: Source) -> Self {
        Self { source, prologue: Prologue::PLAIN }
    }
}

/// A stage in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    /// What it does.
    pub stage: Stage,
    /// What it reads.
    pub from: Edge,
    /// What it adds to its linear output, of the same layout.
    pub skip: Option<Edge>,
}

impl Node {
    /// All that it takes.
    pub(super) fn edges(&self) -> impl Iterator<Item = Edge> {
        [Some(self.from), self.skip].into_iter().flatten()
    }
}

/// Batch normalisation of a stage's output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Norm {
    /// Index in [`Network::layers`](modiste_network::Network::layers).
    pub layer: usize,
    /// Whose output.
    pub node: usize,
    /// How much of a running mean stays with each step.
    pub momentum: f32,
    /// Added to the variance.
    pub epsilon: f32,
}

/// A network as stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// In an order in which each comes behind all that it takes. The last one's output is the logits.
    pub nodes: Vec<Node>,
    /// Their normalisations, at most one of each stage's output.
    pub norms: Vec<Norm>,
}
