//! What a stage's input is made of: the images, the stem, or the output of a stage before it.

use super::compile::Compiled;
use super::plan::{Edge, Source};
use super::runtime::memory::Disjoint;
use super::simd::Isa;
use super::stages::input::{GradientTarget, Input, Recomputed, StageOutput};
use super::stages::normalisation::Normalisation;

/// Turns the edges of a stage into what it reads.
pub(crate) struct InputResolver<'a> {
    isa: Isa,
    compiled: &'a Compiled,
    /// The images of the batch.
    images: &'a [f32],
    /// Outputs of the stages before.
    before: Disjoint<'a, f32>,
    /// Whether normalisations that can be are part of the weights before them.
    folded: bool,
    /// Memory for the partial gradients of a stage that is computed again.
    recomputed_parts: Disjoint<'a, f32>,
}

impl<'a> InputResolver<'a> {
    /// Of the images of the batch and of the outputs of the stages before.
    pub(crate) fn new(
        compiled: &'a Compiled,
        isa: Isa,
        (images, before): (&'a [f32], &'a mut [f32]),
        folded: bool,
        recomputed_parts: &'a mut [f32],
    ) -> Self {
        let (before, recomputed_parts) = (Disjoint::new(before), Disjoint::new(recomputed_parts));
        Self { isa, compiled, images, before, folded, recomputed_parts }
    }

    /// What comes along an edge.
    pub(crate) fn input(&self, edge: Edge, gradient: GradientTarget<'a>) -> Input<'a> {
        let Source::Stage(before) = edge.source else { return Input::Images(self.images) };
        let stage = &self.compiled.stages[before];
        if let Some(stage) = stage.operation.as_recomputed() {
            return Input::Recomputed(Recomputed { stage, images: self.images, parts: self.recomputed_parts });
        }
        Input::Stage(StageOutput {
            isa: self.isa,
            stage: &stage.node.stage,
            values: self.before.slice(stage.activations.clone()),
            affine: edge
                .prologue
                .norm
                .map(|norm| &self.compiled.norms[norm])
                .filter(|norm| !(self.folded && norm.folds()))
                .map(Normalisation::affine),
            activation: edge.prologue.activation,
            gradient,
        })
    }
}
