//! Convolution of size 1 and stride 1, which mixes channels and no pixels: an image is the left operand of a product, as it
//! lies, and so is the gradient towards its output.
//!
//! Layouts: images `[pixel][pitch]`, filters in panels `[panel][in][column]`, for the backward pass `[panel][out][column]`.
//!
//! For example 32 channels in and 64 out, images of 14 × 14: an image `[196, 32]` times filters `[32, 64]` gives `[196,
//! 64]`; in the backward pass its transpose `[32, 196]` times d_y `[196, 64]` is added to d_W `[32][64]`, and d_y `[196,
//! 64]` times `[64, 32]` is the gradient towards the image.

use super::algorithm::{Algorithm, BackwardTask, ForwardTask};
use crate::cpu::kernels::matmul::{Product, pack_panel, panel_width};
use crate::cpu::plan::layout::Layout;
use crate::cpu::runtime::memory::{Disjoint, LINE, carve};
use crate::cpu::simd::Isa;

/// A pointwise convolution from any layout to a padded one, of as many pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointwise {
    isa: Isa,
    input: Layout,
    output: Layout,
}

impl Pointwise {
    /// The algorithm for a convolution.
    pub(super) fn new(isa: Isa, input: Layout, output: Layout) -> Self {
        Self { isa, input, output }
    }

    /// Pixels of one image, each of as many channels as `from` has, times packed filters; gives some of the channels of
    /// `to`, from the first one on that `c` points to.
    fn pixels_times_packed<'a>(
        &self,
        (a, from): (&[f32], Layout),
        packed: &[f32],
        (c, to, columns): (&mut [f32], Layout, usize),
        ahead: &'a [f32],
    ) -> Product<'a> {
        let panel = panel_width(self.isa);
        Product {
            a: a.as_ptr(),
            a_row: from.pitch,
            b: packed.as_ptr(),
            b_row: panel,
            b_panel: from.channels * panel,
            c: c.as_mut_ptr(),
            c_row: to.pitch,
            rows: from.pixels(),
            inner: from.channels,
            columns,
            ahead,
            ..Product::PLAIN
        }
    }

    /// What is added to the gradient towards the filters, `[in][out pitch]`: products of a channel in and one out, over all
    /// pixels of an image.
    fn filter_gradient<'a>(
        &self,
        image: &[f32],
        d_linear: &[f32],
        d_weight: &mut [f32],
        ahead: &'a [f32],
    ) -> Product<'a> {
        Product {
            a: image.as_ptr(),
            a_row: 1,
            a_column: self.input.pitch,
            b: d_linear.as_ptr(),
            b_row: self.output.pitch,
            b_panel: panel_width(self.isa),
            c: d_weight.as_mut_ptr(),
            c_row: self.output.pitch,
            rows: self.input.channels,
            inner: self.input.pixels(),
            columns: self.output.pitch,
            accumulate: true,
            ahead,
            ..Product::PLAIN
        }
    }

    /// Length and number of panels of filters with so many rows and columns.
    fn panels(&self, rows: usize, columns: usize) -> (usize, usize) {
        let panel = panel_width(self.isa);
        let panels = columns.div_ceil(panel);
        (panels * panel * rows, panels)
    }
}

impl Algorithm for Pointwise {
    fn images_per_block(&self) -> usize {
        1
    }

    fn scratch_len(&self) -> usize {
        self.output.image_len() + self.input.image_len() + 4 * LINE
    }

    fn packed_forward(&self) -> (usize, usize) {
        self.panels(self.input.channels, self.output.pitch)
    }

    fn packed_backward(&self) -> (usize, usize) {
        self.panels(self.output.channels, self.input.pitch)
    }

    unsafe fn pack_forward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        let (inputs, outputs) = (self.input.channels, self.output.channels);
        let value = |input: usize, output: usize| weight[output * inputs + input];
        pack_panel(panel_width(self.isa), task, inputs, outputs, value, packed);
    }

    unsafe fn pack_backward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        let (inputs, outputs) = (self.input.channels, self.output.channels);
        let value = |output: usize, input: usize| weight[output * inputs + input];
        pack_panel(panel_width(self.isa), task, outputs, inputs, value, packed);
    }

    fn forward(&self, task: ForwardTask<'_>, mut scratch: &mut [f32]) {
        let ForwardTask { images, channels, input, packed, sink, sink_scratch, partial_sum } = task;
        let linear = carve(&mut scratch, self.output.image_len());
        let image_scratch = carve(&mut scratch, input.image_scratch_len());
        let filters = &packed[channels.start * self.input.channels..];
        let len = self.input.image_len();
        for image in images.clone() {
            // SAFETY: only read in this pass.
            let (values, ahead) = unsafe {
                let next = image + 1..(image + 2).min(images.end);
                (input.image(image, len, image_scratch, scratch), input.ahead(next, len))
            };
            let to = (&mut linear[channels.start..], self.output, channels.len());
            let product = self.pixels_times_packed((values, self.input), filters, to, ahead);
            // SAFETY: the steps stay inside the image, the packed filters and an image of the output; the task has these
            // channels of its images to itself.
            unsafe {
                self.isa.run(product);
                sink.image(image, linear, channels.clone(), partial_sum, sink_scratch);
            }
        }
    }

    fn backward(&self, task: BackwardTask<'_>, mut scratch: &mut [f32]) {
        let BackwardTask { images, part, input, packed, output_gradient, gradient_scratch, d_bias, d_weight } = task;
        let d_linear = carve(&mut scratch, self.output.image_len());
        let d_image = carve(&mut scratch, self.input.image_len());
        let image_scratch = carve(&mut scratch, input.image_scratch_len());
        let len = self.input.image_len();
        for image in images.clone() {
            let next = image + 1..(image + 2).min(images.end);
            // SAFETY: this task's image and part; its gradient comes later. The steps stay inside the image, the gradient's
            // and the filters'.
            let d_linear = unsafe {
                let d_linear = output_gradient.image(image, part, d_linear, gradient_scratch, Some(&mut *d_bias));
                let values = input.image(image, len, image_scratch, scratch);
                self.isa.run(self.filter_gradient(values, d_linear, d_weight, input.ahead(next.clone(), len)));
                d_linear
            };
            if input.needs_gradient() {
                let to = (&mut *d_image, self.input, self.input.pitch);
                let product =
                    self.pixels_times_packed((d_linear, self.output), packed, to, output_gradient.ahead(next));
                // SAFETY: the steps stay inside the gradient's image, the packed filters and an image of the input; this
                // task's image and part, which nothing reads any more.
                unsafe {
                    self.isa.run(product);
                    input.write_gradient(image, part, d_image, image_scratch, scratch);
                }
            }
        }
    }
}
