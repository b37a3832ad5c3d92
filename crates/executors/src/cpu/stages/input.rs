//! Where the images come from that a stage takes, and where the gradient towards them goes.
//!
//! For example a stage reads `[250, 14, 14, 64]` through an edge with batch normalisation and ReLU. For each image, 12,544
//! values are read in memory and what becomes of them is written to scratch, 49 KiB, where the stage takes it from. On the
//! way back the stage has the gradient towards those; it is multiplied by the slope of ReLU, which is computed again, its
//! sums are added to those of the part, and it is written to the edge's slot. Through a plain edge nothing is copied: the
//! image is read where it lies, and the gradient overwrites it.

use std::ops::Range;

use modiste_network::Mask;

use crate::cpu::kernels::Extent;
use crate::cpu::kernels::epilogue::Derivative;
use crate::cpu::kernels::prologue::{Affine, PrologueBackward, PrologueForward};
use crate::cpu::plan::{ActivationKind, Stage};
use crate::cpu::runtime::memory::{Disjoint, LINE};
use crate::cpu::simd::Isa;

/// What a stage takes.
///
/// Most of it is unsafe to call, since a gradient may overwrite what it belongs to: an image, or some values of one, may
/// be read by several tasks or have its gradient taken by one of them, and nothing that was read of it may be in use by
/// then.
pub(crate) enum Input<'a> {
    /// The images of the batch, one after the other.
    Images(&'a [f32]),
    /// What a stage before gave.
    Stage(StageOutput<'a>),
    /// What a stage before gives, of which nothing is kept.
    Recomputed(Recomputed<'a>),
}

/// The output of a stage before that is computed again, image by image, whenever it is read.
pub(crate) struct Recomputed<'a> {
    /// The stage.
    pub stage: &'a dyn RecomputedInput,
    /// What it takes: the images of the batch, one after the other.
    pub images: &'a [f32],
    /// Memory for its partial gradients.
    pub parts: Disjoint<'a, f32>,
}

/// A stage whose output is not kept: who reads it has it computed an image at a time, and hands back the gradient an
/// image at a time.
pub(crate) trait RecomputedInput: Sync {
    /// Values of an image of the output.
    fn image_len(&self) -> usize;

    /// Values of scratch that it needs.
    fn recompute_scratch_len(&self) -> usize;

    /// An image of the output, in `output`.
    fn forward_image(&self, pass: &Recomputed<'_>, image: usize, output: &mut [f32], scratch: &mut [f32]);

    /// Before the first gradient from a part of the batch.
    ///
    /// # Safety
    /// The part is the calling task's.
    unsafe fn begin_part(&self, pass: &Recomputed<'_>, part: usize);

    /// Adds to the part's gradient what follows from the gradient towards an image of the output, of which `output` still
    /// holds the values.
    ///
    /// # Safety
    /// The part is the calling task's.
    unsafe fn backward_image(
        &self,
        pass: &Recomputed<'_>,
        image: usize,
        part: usize,
        gradient: &[f32],
        output: &mut [f32],
        scratch: &mut [f32],
    );
}

/// The output of a stage before, seen through an edge.
pub(crate) struct StageOutput<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// The stage before.
    pub stage: &'a Stage,
    /// Its output, one image after the other.
    pub values: Disjoint<'a, f32>,
    /// Normalisation on the way.
    pub affine: Option<Affine<'a>>,
    /// Activation on the way.
    pub activation: ActivationKind,
    /// What becomes of the gradient.
    pub gradient: GradientTarget<'a>,
}

/// What becomes of a gradient.
pub(crate) enum GradientTarget<'a> {
    /// It is not wanted.
    None,
    /// What it belongs to has no other reader: the gradient towards what that stage's activation took overwrites it.
    /// Dropout of this step is the stage's.
    InPlace(Option<Mask>),
    /// The gradient towards the stage's output, or with a normalisation towards what that gave, goes to a place of its own.
    Slot {
        /// `[images, output layout]`
        values: Disjoint<'a, f32>,
        /// Sums for the normalisation, `[parts][2][pitch]`, which are added to; empty if there is none.
        sums: Disjoint<'a, f32>,
    },
}

impl Input<'_> {
    /// Values of scratch for an image that is not read where it lies.
    pub(crate) fn image_scratch_len(&self) -> usize {
        match self {
            Input::Images(_) => 0,
            Input::Stage(output) => output.image_scratch_len(),
            Input::Recomputed(recomputed) => recomputed.stage.image_len(),
        }
    }

    /// Values of scratch that a recomputed input needs.
    pub(crate) fn recompute_scratch_len(&self) -> usize {
        match self {
            Input::Images(_) | Input::Stage(_) => 0,
            Input::Recomputed(recomputed) => recomputed.stage.recompute_scratch_len(),
        }
    }

    /// An image of the batch, `len` values: where it lies, or computed in `image_scratch`.
    ///
    /// # Safety
    /// No gradient is written towards the image while the result is in use.
    pub(crate) unsafe fn image<'r>(
        &'r self,
        image: usize,
        len: usize,
        image_scratch: &'r mut [f32],
        scratch: &mut [f32],
    ) -> &'r [f32] {
        match self {
            Input::Images(values) => &values[image * len..(image + 1) * len],
            // SAFETY: passed on to the caller.
            Input::Stage(output) => unsafe { output.image(image, image_scratch) },
            Input::Recomputed(recomputed) => {
                recomputed.stage.forward_image(recomputed, image, image_scratch, scratch);
                image_scratch
            }
        }
    }

    /// What [`Self::image`] will read in memory of images of `len` values.
    ///
    /// # Safety
    /// No gradient is written towards them while the result is in use.
    pub(crate) unsafe fn ahead(&self, images: Range<usize>, len: usize) -> &[f32] {
        let range = images.start * len..images.end * len;
        match self {
            Input::Images(values) => &values[range],
            // SAFETY: passed on to the caller.
            Input::Stage(output) => unsafe { output.values.shared(range) },
            Input::Recomputed(_) => &[],
        }
    }

    /// All images, one after the other, as they lie. A recomputed input, which has none, stands before no stage that wants
    /// them, and has no prologue.
    ///
    /// # Safety
    /// No gradient is written while the result is in use.
    pub(crate) unsafe fn values(&self) -> &[f32] {
        match self {
            Input::Images(values) => values,
            // SAFETY: passed on to the caller.
            Input::Stage(output) => unsafe { output.values.shared(0..output.values.len()) },
            Input::Recomputed(_) => &[],
        }
    }

    /// Whether the gradient is wanted.
    pub(crate) fn needs_gradient(&self) -> bool {
        match self {
            Input::Images(_) => false,
            Input::Stage(output) => !matches!(output.gradient, GradientTarget::None),
            Input::Recomputed(_) => true,
        }
    }

    /// Before the first gradient from a part of the batch.
    ///
    /// # Safety
    /// The part is the calling task's.
    pub(crate) unsafe fn begin_part(&self, part: usize) {
        if let Input::Recomputed(recomputed) = self {
            // SAFETY: passed on to the caller.
            unsafe { recomputed.stage.begin_part(recomputed, part) };
        }
    }

    /// Writes the gradient towards an image to its target, or has a recomputed stage go on with it. `image_scratch` still
    /// holds what [`Self::image`] put there; `part` is the one of the batch's parts that the image is in.
    ///
    /// # Safety
    /// Image and part are the calling task's, and nothing that was read of the image in memory is in use.
    pub(crate) unsafe fn write_gradient(
        &self,
        image: usize,
        part: usize,
        gradient: &[f32],
        image_scratch: &mut [f32],
        scratch: &mut [f32],
    ) {
        match self {
            Input::Images(_) => {}
            // SAFETY: passed on to the caller.
            Input::Stage(output) => unsafe { output.write_image_gradient(image, part, gradient, image_scratch) },
            // SAFETY: passed on to the caller.
            Input::Recomputed(recomputed) => unsafe {
                recomputed.stage.backward_image(recomputed, image, part, gradient, image_scratch, scratch)
            },
        }
    }
}

impl StageOutput<'_> {
    /// Whether it is read as it lies.
    fn is_plain(&self) -> bool {
        self.affine.is_none() && self.activation == ActivationKind::None
    }

    /// Values of scratch for an image that is not read where it lies.
    pub(crate) fn image_scratch_len(&self) -> usize {
        if self.is_plain() { 0 } else { self.stage.output.image_len() }
    }

    fn extent(&self) -> Extent {
        Extent { pixels: self.stage.output.pixels(), pitch: self.stage.output.pitch }
    }

    /// See [`Input::image`].
    ///
    /// # Safety
    /// As there.
    unsafe fn image<'r>(&'r self, image: usize, image_scratch: &'r mut [f32]) -> &'r [f32] {
        let len = self.stage.output.image_len();
        // SAFETY: passed on to the caller.
        let values = unsafe { self.values.shared(image * len..(image + 1) * len) };
        if self.is_plain() {
            return values;
        }
        let image_scratch = &mut image_scratch[..len];
        let (extent, from, to) = (self.extent(), values.as_ptr(), image_scratch.as_mut_ptr());
        // SAFETY: an image of the stage's layout, and space for one.
        unsafe { self.isa.run(PrologueForward { extent, from, to, affine: self.affine, activation: self.activation }) };
        image_scratch
    }

    /// See [`Input::write_gradient`].
    ///
    /// # Safety
    /// As there.
    unsafe fn write_image_gradient(&self, image: usize, part: usize, gradient: &[f32], image_scratch: &mut [f32]) {
        let len = self.stage.output.image_len();
        if self.is_plain() {
            // SAFETY: passed on to the caller.
            unsafe { self.write_gradient(image..image + 1, 0..len, gradient, len) };
            return;
        }
        let values = self.values.pointer(image * len..(image + 1) * len);
        let gradient = gradient[..len].as_ptr();
        let (isa, extent, affine, activation) = (self.isa, self.extent(), self.affine, self.activation);
        match &self.gradient {
            GradientTarget::None => {}
            GradientTarget::InPlace(_) => {
                let image_scratch = &mut image_scratch[..len];
                let to = image_scratch.as_mut_ptr();
                // SAFETY: an image of the stage's output, the gradient towards it, and space for one.
                unsafe {
                    isa.run(PrologueBackward { extent, gradient, values, to, affine, activation, sums: None });
                    self.write_gradient(image..image + 1, 0..len, image_scratch, len);
                }
            }
            GradientTarget::Slot { values: slot, sums } => {
                let to = slot.pointer(image * len..(image + 1) * len);
                let sums_len = if affine.is_some() { 2 * self.stage.output.pitch } else { 0 };
                // SAFETY: as above; the part is the calling task's.
                unsafe {
                    let sums = affine.is_some().then(|| sums.exclusive(part * sums_len..(part + 1) * sums_len));
                    isa.run(PrologueBackward { extent, gradient, values, to, affine, activation, sums });
                }
            }
        }
    }

    /// Writes the gradient towards some values, whole lines, of some images, behind whatever is done on the way; there are
    /// `step` values from one image's gradient to the next one's.
    ///
    /// # Safety
    /// These values are the calling task's, and nothing that was read of them is in use.
    pub(crate) unsafe fn write_gradient(
        &self,
        images: Range<usize>,
        places: Range<usize>,
        gradient: &[f32],
        step: usize,
    ) {
        let Self { isa, stage, .. } = *self;
        let len = stage.output.image_len();
        assert!(images.len() * step <= gradient.len() && places.len() <= step, "a gradient for each image");
        assert!(places.start.is_multiple_of(LINE) && places.len().is_multiple_of(LINE) && places.end <= len, "lines");
        if images.is_empty() {
            return;
        }
        let range = images.start * len + places.start..(images.end - 1) * len + places.end;
        let values = self.values.pointer(range.clone());
        let (mask, slope, to) = match &self.gradient {
            GradientTarget::None => return,
            GradientTarget::InPlace(mask) => (*mask, stage.slope, values),
            GradientTarget::Slot { values: slot, .. } => (None, None, slot.pointer(range)),
        };
        let (gradient, gradient_step, layout) = (gradient.as_ptr(), step, stage.output);
        let values = values.cast_const();
        // SAFETY: values of the stage's layout; the rest is passed on to the caller.
        unsafe { isa.run(Derivative { layout, slope, gradient, gradient_step, values, to, mask, images, places }) };
    }
}
