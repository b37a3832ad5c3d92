//! What becomes of a stage's output, and where the gradient towards it comes from.
//!
//! For example a convolution gives an image of `[28, 28, 32]` to the sink of a stage with ReLU and max-pooling of 2 × 2: it
//! writes `[14, 14, 32]`, the largest value of each window plus the bias, 0 if that is negative, and 6,272 bytes, the place
//! of each within its window. In the backward pass the gradient of those `[14, 14, 32]` becomes one of `[28, 28, 32]` with
//! zeros where nothing was the largest, and its sum over pixels is added to the gradient towards the bias, `[32]`.

use std::ops::Range;

use modiste_network::Mask;

use super::input::Input;
use super::normalisation::{Moments, Normalisation};
use crate::cpu::kernels::Extent;
use crate::cpu::kernels::combine::{Add, Combine};
use crate::cpu::kernels::epilogue::{Derivative, EpilogueForward, Unpool};
use crate::cpu::plan::Stage;
use crate::cpu::plan::gradient_slots::Slot;
use crate::cpu::runtime::memory::{Disjoint, carve};
use crate::cpu::simd::Isa;

/// Takes each image of a stage's linear output, applies the epilogue and writes the output.
pub(crate) struct OutputSink<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// The stage.
    pub stage: &'a Stage,
    /// What is added to the linear output.
    pub skip: Option<&'a Input<'a>>,
    /// Where the output's values are summed, if somebody normalises it.
    pub moments: Option<Moments<'a>>,
    /// What the linear output still lacks, `[pitch]`.
    pub bias: Option<&'a [f32]>,
    /// Dropout of this step; none when not training.
    pub mask: Option<Mask>,
    /// `[images, output layout]`
    pub output: Disjoint<'a, f32>,
    /// A byte for each value of the output if the stage takes the largest of windows.
    pub pool_argmax: Disjoint<'a, u8>,
    /// Which image of the batch is the first of `output`.
    pub first: usize,
}

impl OutputSink<'_> {
    /// Values of scratch that [`Self::image`] needs.
    pub(crate) fn scratch_len(&self) -> usize {
        self.skip.map_or(0, Input::image_scratch_len)
    }

    /// Some channels, whole lines, of one image of the batch: `linear`, `[height, width, pitch]`, and the stage's epilogue
    /// give the output. Sums go to partial sum number `partial_sum`.
    ///
    /// # Safety
    /// The calling task has these channels of the image, and of the partial sum, to itself.
    pub(crate) unsafe fn image(
        &self,
        image: usize,
        linear: &mut [f32],
        channels: Range<usize>,
        partial_sum: usize,
        scratch: &mut [f32],
    ) {
        let layout = self.stage.linear_output;
        let linear = &mut linear[..layout.image_len()];
        if let Some(skip) = self.skip {
            let extent = Extent { pixels: layout.pixels(), pitch: layout.pitch };
            let (to, channels) = (linear.as_mut_ptr(), channels.clone());
            // SAFETY: two images of one layout; no gradient is written in this pass.
            unsafe {
                let from = skip.image(image, layout.image_len(), scratch, &mut [])[..layout.image_len()].as_ptr();
                self.isa.run(Add { extent, channels, from, to });
            }
        }
        let linear = &linear[channels.start..];
        // SAFETY: passed on to the caller; `linear` is an image.
        unsafe { self.epilogue(image..image + 1, channels, linear, 0, partial_sum) };
    }

    /// Some units, whole lines, of images that are rows of units, to which nothing is added; `linear` has these units of
    /// each image, and `step` values from one image to the next.
    ///
    /// # Safety
    /// The calling task has these units of the images, and of the partial sum, to itself.
    pub(crate) unsafe fn rows(
        &self,
        images: Range<usize>,
        units: Range<usize>,
        linear: &[f32],
        step: usize,
        partial_sum: usize,
    ) {
        assert!(self.stage.linear_output.pixels() == 1 && self.skip.is_none(), "an image is a row of units");
        assert!(images.len() * step <= linear.len() && units.len() <= step, "these units of each image");
        // SAFETY: passed on to the caller; `linear` has just been found long enough.
        unsafe { self.epilogue(images, units, linear, step, partial_sum) };
    }

    /// # Safety
    /// The calling task has these channels of the images and of the partial sum to itself, and `linear` holds them.
    unsafe fn epilogue(
        &self,
        images: Range<usize>,
        channels: Range<usize>,
        linear: &[f32],
        linear_step: usize,
        partial_sum: usize,
    ) {
        let Self { isa, stage, bias, mask, .. } = *self;
        let values = range_of(stage, images.start - self.first..images.end - self.first);
        let pool_argmax = self.pool_argmax.pointer(if stage.max_pools() { values.clone() } else { 0..0 });
        let (linear, output) = (linear.as_ptr(), self.output.pointer(values));
        let pixels = images.len() * stage.output.pixels();
        let of_output = channels.clone();
        let kernel = EpilogueForward { stage, linear, linear_step, bias, output, pool_argmax, mask, images, channels };
        // SAFETY: images of the stage's layouts, of which only these channels are touched; the rest is the caller's.
        unsafe {
            isa.run(kernel);
            if let Some(moments) = &self.moments {
                moments.add(isa, partial_sum, output, pixels, of_output);
            }
        }
    }
}

/// Gradient of a stage's output.
#[derive(Clone, Copy)]
pub(crate) enum GradientSource<'a> {
    /// Towards what the stage's activation took, `[images, output layout]`, where its output was.
    InPlace(&'a [f32]),
    /// Towards the output, what each of its readers has left.
    Slots(ReaderSlots<'a>),
}

/// What each reader of a stage's output has left of the gradient towards it.
#[derive(Clone, Copy)]
pub(crate) struct ReaderSlots<'a> {
    /// Where, for each reader, and behind which normalisation.
    pub readers: &'a [Slot],
    /// Where all slots lie.
    pub arena: Disjoint<'a, f32>,
    /// All normalisations.
    pub norms: &'a [Normalisation],
    /// The output itself, `[images, output layout]`.
    pub values: &'a [f32],
    /// Dropout of this step; none when not training.
    pub mask: Option<Mask>,
}

impl ReaderSlots<'_> {
    /// Makes the gradient towards what the stage's activation took of one image, in `to`, `[output layout]`.
    ///
    /// # Safety
    /// The calling task has the image to itself; `to` is space for an image, or the image of the first reader's slot.
    pub(crate) unsafe fn combine(&self, isa: Isa, stage: &Stage, image: usize, to: *mut f32) {
        let (layout, slope, mask) = (stage.output, stage.slope, self.mask);
        let len = layout.image_len();
        let extent = Extent { pixels: layout.pixels(), pitch: layout.pitch };
        let values = self.values[image * len..(image + 1) * len].as_ptr();
        for (index, reader) in self.readers.iter().enumerate() {
            let start = reader.place.start + image * len;
            let gradient = self.arena.pointer(start..start + len).cast_const();
            let mut affine = reader.norm.map(|norm| self.norms[norm].back());
            if let Some(back) = &mut affine
                && self.readers[..index].iter().any(|earlier| earlier.norm == reader.norm)
            {
                // What does not depend on g belongs to all readers behind one normalisation together.
                back.rest = None;
            }
            // SAFETY: images of the stage's output.
            unsafe { isa.run(Combine { extent, gradient, values, affine, to, accumulate: index > 0 }) };
        }
        if slope.is_some() || mask.is_some() {
            let (gradient, gradient_step) = (to.cast_const(), len);
            let (images, places) = (image..image + 1, 0..len);
            let kernel = Derivative { layout, slope, gradient, gradient_step, values, to, mask, images, places };
            // SAFETY: as above.
            unsafe { isa.run(kernel) };
        }
    }
}

/// Makes the gradient towards each image of a stage's linear output from the one towards its output.
pub(crate) struct OutputGradient<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// The stage.
    pub stage: &'a Stage,
    /// What was added to the linear output, and what becomes of the gradient towards it.
    pub skip: Option<&'a Input<'a>>,
    /// Gradient of the stage's output.
    pub gradient: GradientSource<'a>,
    /// For each value of the output which tap of its window was the largest.
    pub pool_argmax: &'a [u8],
    /// Which image of the batch is the first of the gradient.
    pub first: usize,
}

impl<'a> OutputGradient<'a> {
    /// Values of scratch that [`Self::image`] needs beside that for an image of the linear output.
    pub(crate) fn scratch_len(&self) -> usize {
        let combined = if let GradientSource::Slots(_) = self.gradient { self.image_len() } else { 0 };
        combined + self.skip.map_or(0, Input::image_scratch_len)
    }

    /// The gradient towards the linear output of one image of the batch, `[height, width, pitch]`: in `unpooled` if the
    /// stage pools, else in `scratch` or where it lies. The gradient towards the bias is added to `d_bias`, `[pitch]`,
    /// and what was added to the linear output gets its gradient.
    ///
    /// # Safety
    /// Image and part of the batch are the calling task's, and it calls this once for each image.
    pub(crate) unsafe fn image<'r>(
        &self,
        image: usize,
        part: usize,
        unpooled: &'r mut [f32],
        mut scratch: &'r mut [f32],
        d_bias: Option<&mut [f32]>,
    ) -> &'r [f32]
    where
        'a: 'r,
    {
        let Self { isa, stage, .. } = *self;
        let values = range_of(stage, image - self.first..image - self.first + 1);
        let gradient: &'r [f32] = match self.gradient {
            GradientSource::InPlace(gradient) => &gradient[values.clone()],
            GradientSource::Slots(slots) => {
                let combined = carve(&mut scratch, self.image_len());
                // SAFETY: passed on to the caller.
                unsafe { slots.combine(isa, stage, image, combined.as_mut_ptr()) };
                combined
            }
        };
        let pool_argmax = if stage.max_pools() { self.pool_argmax[values].as_ptr() } else { self.pool_argmax.as_ptr() };
        if stage.pool.is_some() || d_bias.is_some() {
            assert!(stage.pool.is_none() || unpooled.len() >= stage.linear_output.image_len(), "space for an image");
            let (gradient, d_linear) = (gradient.as_ptr(), unpooled.as_mut_ptr());
            // SAFETY: images of the stage's layouts.
            unsafe { isa.run(Unpool { stage, gradient, pool_argmax, d_linear, d_bias }) };
        }
        let d_linear = if stage.pool.is_some() { &*unpooled } else { gradient };
        if let Some(skip) = self.skip {
            // SAFETY: passed on to the caller.
            unsafe { skip.write_gradient(image, part, d_linear, scratch, &mut []) };
        }
        d_linear
    }

    /// What [`Self::image`] will read in memory, [`Self::image_len`] values of each image.
    pub(crate) fn ahead(&self, images: Range<usize>) -> &[f32] {
        let images = range_of(self.stage, images.start - self.first..images.end - self.first);
        match &self.gradient {
            GradientSource::InPlace(gradient) => &gradient[images],
            GradientSource::Slots(slots) => {
                let start = slots.readers[0].place.start;
                // SAFETY: nobody writes to the slot until the pass is over.
                unsafe { slots.arena.shared(start + images.start..start + images.end) }
            }
        }
    }

    /// Values of an image of the gradient.
    pub(crate) fn image_len(&self) -> usize {
        self.stage.output.image_len()
    }
}

/// Where some images of a stage's output lie.
fn range_of(stage: &Stage, images: Range<usize>) -> Range<usize> {
    let len = stage.output.image_len();
    images.start * len..images.end * len
}
