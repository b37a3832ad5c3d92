//! Where the images come from that a stage takes, and where the gradient towards them goes.

use std::ops::Range;

use super::epilogue::Derivative;
use super::memory::Disjoint;
use super::plan::Stage;
use super::stem::Stem;
use super::vector::Isa;
use crate::dropout::Mask;

/// What a stage takes.
pub enum Input<'a> {
    /// Images that nobody wants a gradient towards, one after the other.
    Given(&'a [f32]),
    /// What the stage before gave, to be overwritten by a gradient.
    Before(Before<'a>),
    /// What the stem gives, image by image.
    Stem(Stem<'a>),
}

/// The output of the stage before.
pub struct Before<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// The stage before.
    pub stage: &'a Stage,
    /// Its dropout in this step.
    pub mask: Option<Mask>,
    /// Its output, one image after the other; the gradient towards what its activation took overwrites it.
    pub values: Disjoint<'a, f32>,
}

impl Input<'_> {
    /// Values of room that [`Self::image`] needs.
    pub fn room_len(&self) -> usize {
        match self {
            Input::Given(_) | Input::Before(_) => 0,
            Input::Stem(stem) => stem.image_len(),
        }
    }

    /// Values of scratch that the stem needs.
    pub fn scratch_len(&self) -> usize {
        match self {
            Input::Given(_) | Input::Before(_) => 0,
            Input::Stem(stem) => stem.scratch_len(),
        }
    }

    /// An image of the batch, `len` values: where it lies, or computed in `room`.
    pub fn image<'r>(&'r self, image: usize, len: usize, room: &'r mut [f32], scratch: &mut [f32]) -> &'r [f32] {
        let range = image * len..(image + 1) * len;
        match self {
            Input::Given(values) => &values[range],
            // SAFETY: each image belongs to one task, which writes it no sooner than it has done with this.
            Input::Before(before) => unsafe { before.values.part(range) },
            Input::Stem(stem) => {
                stem.image(image, room, scratch);
                room
            }
        }
    }

    /// What [`Self::image`] will read in memory of an image of `len` values.
    pub fn ahead(&self, image: usize, len: usize) -> &[f32] {
        let range = image * len..(image + 1) * len;
        match self {
            Input::Given(values) => &values[range],
            // SAFETY: each image belongs to one task, which does not write it while this is in use.
            Input::Before(before) => unsafe { before.values.part(range) },
            Input::Stem(_) => &[],
        }
    }

    /// All images, one after the other. A stem, which has none, stands before no stage that wants them.
    pub fn values(&self) -> &[f32] {
        match self {
            Input::Given(values) => values,
            // SAFETY: whoever reads this has done so before the first gradient is taken.
            Input::Before(before) => unsafe { before.values.part(0..before.values.len()) },
            Input::Stem(_) => &[],
        }
    }

    /// Whether somebody wants the gradient.
    pub fn wants_gradient(&self) -> bool {
        !matches!(self, Input::Given(_))
    }

    /// Takes the gradient towards an image, of which `room` still holds what [`Self::image`] put there; `part` is the one
    /// of the batch's parts that the image is in.
    pub fn take_gradient(&self, image: usize, part: usize, gradient: &[f32], room: &mut [f32], scratch: &mut [f32]) {
        match self {
            Input::Given(_) => {}
            Input::Before(before) => before.take_piece(image, 0..gradient.len(), gradient),
            Input::Stem(stem) => stem.take_gradient(image, part, gradient, room, scratch),
        }
    }
}

impl Before<'_> {
    /// Takes the gradient towards some values of an image, whole lines.
    pub fn take_piece(&self, image: usize, places: Range<usize>, gradient: &[f32]) {
        let Self { isa, stage, mask, .. } = *self;
        let start = image * stage.output.image_len();
        let values = self.values.pointer(start + places.start..start + places.end);
        let gradient = gradient[..places.len()].as_ptr();
        // SAFETY: values of the stage's layout, of which each belongs to one task.
        unsafe { isa.run(Derivative { stage, gradient, values, mask, image, places }) };
    }
}
