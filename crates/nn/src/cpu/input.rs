//! Where the images come from that a stage takes, and where the gradient towards them goes.

use std::ops::Range;

use super::epilogue::Derivative;
use super::memory::{Disjoint, LINE};
use super::plan::Stage;
use super::stem::Stem;
use super::vector::Isa;
use crate::dropout::Mask;

/// What a stage takes.
///
/// Most of it is unsafe to call, since a gradient overwrites what it belongs to: an image, or a piece of one, may be read by
/// several tasks or have its gradient taken by one of them, and nothing that was read of it may be in use by then.
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
    ///
    /// # Safety
    /// Nobody takes a gradient towards the image while the result is in use.
    pub unsafe fn image<'r>(&'r self, image: usize, len: usize, room: &'r mut [f32], scratch: &mut [f32]) -> &'r [f32] {
        if let Input::Stem(stem) = self {
            stem.image(image, room, scratch);
            return room;
        }
        // SAFETY: passed on to the caller.
        unsafe { self.ahead(image..image + 1, len) }
    }

    /// What [`Self::image`] will read in memory of images of `len` values.
    ///
    /// # Safety
    /// Nobody takes a gradient towards them while the result is in use.
    pub unsafe fn ahead(&self, images: Range<usize>, len: usize) -> &[f32] {
        let range = images.start * len..images.end * len;
        match self {
            Input::Given(values) => &values[range],
            // SAFETY: passed on to the caller.
            Input::Before(before) => unsafe { before.values.shared(range) },
            Input::Stem(_) => &[],
        }
    }

    /// All images, one after the other. A stem, which has none, stands before no stage that wants them.
    ///
    /// # Safety
    /// Nobody takes a gradient while the result is in use.
    pub unsafe fn values(&self) -> &[f32] {
        match self {
            Input::Given(values) => values,
            // SAFETY: passed on to the caller.
            Input::Before(before) => unsafe { before.values.shared(0..before.values.len()) },
            Input::Stem(_) => &[],
        }
    }

    /// Whether somebody wants the gradient.
    pub fn wants_gradient(&self) -> bool {
        !matches!(self, Input::Given(_))
    }

    /// Takes the gradient towards an image, of which `room` still holds what [`Self::image`] put there; `part` is the one
    /// of the batch's parts that the image is in.
    ///
    /// # Safety
    /// Image and part are the calling task's, and nothing that was read of the image in memory is in use.
    pub unsafe fn take_gradient(
        &self,
        image: usize,
        part: usize,
        gradient: &[f32],
        room: &mut [f32],
        scratch: &mut [f32],
    ) {
        match self {
            Input::Given(_) => {}
            // SAFETY: passed on to the caller.
            Input::Before(before) => unsafe {
                before.take_gradient(image..image + 1, 0..gradient.len(), gradient, gradient.len());
            },
            // SAFETY: passed on to the caller.
            Input::Stem(stem) => unsafe { stem.take_gradient(image, part, gradient, room, scratch) },
        }
    }
}

impl Before<'_> {
    /// Takes the gradient towards some values, whole lines, of some images; there are `step` values from one image's gradient
    /// to the next one's.
    ///
    /// # Safety
    /// These values are the calling task's, and nothing that was read of them is in use.
    pub unsafe fn take_gradient(&self, images: Range<usize>, places: Range<usize>, gradient: &[f32], step: usize) {
        let Self { isa, stage, mask, .. } = *self;
        let len = stage.output.image_len();
        assert!(images.len() * step <= gradient.len() && places.len() <= step, "a gradient for each image");
        assert!(places.start.is_multiple_of(LINE) && places.len().is_multiple_of(LINE) && places.end <= len, "lines");
        if images.is_empty() {
            return;
        }
        let values = self.values.pointer(images.start * len + places.start..(images.end - 1) * len + places.end);
        let (gradient, gradient_step) = (gradient.as_ptr(), step);
        // SAFETY: values of the stage's layout; the rest is passed on to the caller.
        unsafe { isa.run(Derivative { stage, gradient, gradient_step, values, mask, images, places }) };
    }
}
