//! What a stage's input is made of: the images, the stem, or the output of a stage before it.

use super::compile::CompiledStage;
use super::plan::{Edge, Source};
use super::runtime::memory::Disjoint;
use super::simd::Isa;
use super::stages::input::{Before, Input, Recomputed, Towards};
use super::stages::normalisation::Normalisation;

/// What a stage can read.
pub(super) struct Reading<'a> {
    pub(super) isa: Isa,
    /// The images of the batch.
    pub(super) images: &'a [f32],
    pub(super) stages: &'a [CompiledStage],
    pub(super) norms: &'a [Normalisation],
    /// Whether normalisations that can be are part of the weights before them.
    pub(super) folded: bool,
    /// Room for the partial gradients of a stage that is computed again, if there is one.
    pub(super) recomputed_parts: Disjoint<'a, f32>,
    /// Outputs of the stages before.
    pub(super) before: Disjoint<'a, f32>,
}

impl<'a> Reading<'a> {
    /// What comes along an edge.
    pub(super) fn input(&self, edge: Edge, gradient: Towards<'a>) -> Input<'a> {
        let Source::Stage(before) = edge.source else { return Input::Images(self.images) };
        let stage = &self.stages[before];
        if let Some(stage) = stage.operation.as_recomputed() {
            return Input::Recomputed(Recomputed { stage, images: self.images, parts: self.recomputed_parts });
        }
        Input::Before(Before {
            isa: self.isa,
            stage: &stage.node.stage,
            values: self.before.piece(stage.activations.clone()),
            affine: edge
                .view
                .norm
                .map(|norm| &self.norms[norm])
                .filter(|norm| !(self.folded && norm.folds()))
                .map(Normalisation::affine),
            curve: edge.view.curve,
            gradient,
        })
    }
}
