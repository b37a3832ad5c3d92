//! Where gradients wait until they are all there.
//!
//! What a stage gives often has one reader, which puts the gradient in its place. Where it has several, or is normalised,
//! so that both it and the gradient are needed, each reader leaves what it has in a slot. A slot is taken from when its
//! reader goes back until the stage itself has; then the next one may have its place.
//!
//! For example stage 1 gives `[250, 14, 14, 64]`, which stage 2 convolves and stage 3 adds to what it makes of that. On the
//! way back stage 3 comes first and leaves its gradient in the first slot of stage 1, then stage 2 leaves its own in the
//! second one; each has 250 · 12,544 values. Stage 1 adds both up image by image, and both places are free again.

use std::ops::Range;

use super::{Edge, Plan, Source};

/// The slots of all stages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GradientSlots {
    /// Of each stage, in the order in which its readers come; none if its only reader puts the gradient in its place.
    of_stage: Vec<Vec<Slot>>,
    /// Of each stage, which readers these are.
    readers: Vec<Vec<Reader>>,
    /// Values of all.
    len: usize,
}

/// Where a reader leaves the gradient towards what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Place in the arena, `[batch, output layout]`.
    pub place: Range<usize>,
    /// Index of the normalisation that lies between.
    pub norm: Option<usize>,
}

/// Who reads a stage's output, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reader {
    /// Index of the stage that reads.
    stage: usize,
    /// Whether it adds it to its linear output.
    skip: bool,
}

impl GradientSlots {
    /// Plans slots for gradients of up to `batch` images.
    pub(crate) fn new(plan: &Plan, needs_gradient: &[bool], has_stem: bool, batch: usize) -> Self {
        let count = plan.nodes.len();
        let mut edges: Vec<Vec<(Reader, Edge)>> = vec![Vec::new(); count];
        for (stage, node) in plan.nodes.iter().enumerate() {
            for (edge, skip) in [(Some(node.from), false), (node.skip, true)] {
                if let Some(Edge { source: Source::Stage(before), .. }) = edge
                    && needs_gradient[before]
                    && !(has_stem && before == 0)
                {
                    edges[before].extend(edge.map(|edge| (Reader { stage, skip }, edge)));
                }
            }
        }
        let waits =
            |edges: &[(Reader, Edge)]| edges.len() > 1 || edges.iter().any(|(_, edge)| edge.prologue.norm.is_some());
        let mut slots = Self { of_stage: vec![Vec::new(); count], readers: vec![Vec::new(); count], len: 0 };
        let mut taken: Vec<Range<usize>> = Vec::new();
        for back in (0..count).rev() {
            // Stage `back` takes what it reads from, then its own gradient is done with.
            for (before, edges) in edges.iter().enumerate().filter(|(_, edges)| waits(edges)) {
                for &(reader, edge) in edges.iter().filter(|(reader, _)| reader.stage == back) {
                    let len = batch * plan.nodes[before].stage.output.image_len();
                    let place = free_place(&taken, len);
                    slots.len = slots.len.max(place.end);
                    taken.push(place.clone());
                    slots.of_stage[before].push(Slot { place, norm: edge.prologue.norm });
                    slots.readers[before].push(reader);
                }
            }
            taken.retain(|place| slots.of_stage[back].iter().all(|slot| slot.place != *place));
        }
        slots
    }

    /// Values of all slots.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether a stage's gradient waits in slots.
    pub(crate) fn has(&self, stage: usize) -> bool {
        !self.of_stage[stage].is_empty()
    }

    /// The slots of a stage's gradient.
    pub(crate) fn of_stage(&self, stage: usize) -> &[Slot] {
        &self.of_stage[stage]
    }

    /// Where a reader of a stage's output leaves the gradient.
    pub(crate) fn of_reader(&self, stage: usize, reader: usize, skip: bool) -> Option<&Slot> {
        let wanted = Reader { stage: reader, skip };
        let position = self.readers[stage].iter().position(|&found| found == wanted)?;
        self.of_stage[stage].get(position)
    }
}

/// The first place of a length that overlaps none of those taken.
fn free_place(taken: &[Range<usize>], len: usize) -> Range<usize> {
    let overlaps = |start: usize| taken.iter().any(|place| place.start < start + len && start < place.end);
    let ends = taken.iter().map(|place| place.end);
    let start = std::iter::once(0).chain(ends).filter(|&start| !overlaps(start)).min().unwrap_or(0);
    start..start + len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_do_not_overlap() {
        assert_eq!(free_place(&[], 5), 0..5);
        assert_eq!(free_place(&[0..4, 9..12], 5), 4..9);
        assert_eq!(free_place(&[0..4, 8..12], 5), 12..17);
        assert_eq!(free_place(&[3..4, 6..7], 3), 0..3);
    }
}
