//! Convolution of any size and stride, one multiplication for each weight and pixel, as products.
//!
//! The windows of a row of output pixels are rows of a matrix that is never written: in an image with its padding around
//! it, pixel after pixel, they lie `stride` pixels apart, and each consists of `size` contiguous runs of values, one in
//! each row of the image. Only the gradient towards the input is laid out window by window, since windows overlap.
//!
//! Layouts: the padded image `[row][column][in]`, windows and filters `[tap][in]`, filters in panels
//! `[panel][tap][in][column]`.
//!
//! For example 3 × 3 filters with stride 2, 32 channels in and 64 out, images of 28 × 28: the padded image is
//! `[29][29][32]`, the output `[14, 14, 64]`. Each of its 14 rows is a product `[14, 288]` · `[288, 64]`, whose left rows
//! begin 64 values apart and consist of 3 groups of 96 values, 928 apart.

use std::ops::Range;

use modiste_network::Window;

use super::algorithm::{Algorithm, BackwardTask, ForwardTask};
use super::padding::Padded;
use crate::cpu::kernels::matmul::{Product, pack_panel, panel_width};
use crate::cpu::plan::layout::Layout;
use crate::cpu::runtime::memory::{Disjoint, LINE, carve, padded};
use crate::cpu::simd::Isa;

/// A convolution from any layout to a padded one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Direct {
    isa: Isa,
    input: Layout,
    output: Layout,
    window: Window,
}

impl Direct {
    /// The algorithm for a convolution.
    pub(super) fn new(isa: Isa, window: Window, input: Layout, output: Layout) -> Self {
        Self { isa, input, output, window }
    }

    /// Values of a window.
    fn window_len(&self) -> usize {
        self.window.size * self.window.size * self.input.channels
    }

    /// Values of a window in one row of the image.
    fn window_row_len(&self) -> usize {
        self.window.size * self.input.channels
    }

    /// Values from one window to the next where they are laid out.
    fn window_pitch(&self) -> usize {
        padded(self.window_len())
    }

    /// Values from one window to the next in the padded image.
    fn window_step(&self) -> usize {
        self.window.stride * self.input.channels
    }

    /// The padded image, nothing between its pixels.
    fn padded(&self) -> Padded {
        Padded::new(self.window, self.input, self.output, self.input.channels)
    }

    /// Values from one row of the padded image to the next.
    fn padded_row(&self) -> usize {
        self.padded().row_len()
    }

    /// Where the windows of a row of output pixels begin in the padded image.
    fn windows_of_row(&self, row: usize) -> usize {
        row * self.window.stride * self.padded_row()
    }

    /// Place in `weight`, `[out, in, size, size]`, of element `window` of a window for output channel `out`.
    fn weight_index(&self, out: usize, window: usize) -> usize {
        let (taps, channels) = (self.window.size * self.window.size, self.input.channels);
        (out * channels + window % channels) * taps + window / channels
    }

    /// Adds the gradient towards the windows of a row of output pixels to the padded image's.
    fn add_windows(&self, row: usize, d_windows: &[f32], d_padded: &mut [f32]) {
        for (column, window) in d_windows.chunks_exact(self.window_pitch()).take(self.output.width).enumerate() {
            let corner = self.windows_of_row(row) + column * self.window_step();
            for (y, window_row) in window[..self.window_len()].chunks_exact(self.window_row_len()).enumerate() {
                let sums = &mut d_padded[corner + y * self.padded_row()..][..self.window_row_len()];
                sums.iter_mut().zip(window_row).for_each(|(sum, d)| *sum += d);
            }
        }
    }

    /// The convolution of a padded image.
    fn convolve(&self, padded: &[f32], packed: &[f32], channels: &Range<usize>, linear: &mut [f32]) {
        let panel = panel_width(self.isa);
        for (row, pixels) in linear.chunks_exact_mut(self.output.width * self.output.pitch).enumerate() {
            let product = Product {
                a: padded[self.windows_of_row(row)..].as_ptr(),
                a_row: self.window_step(),
                a_group: self.padded_row(),
                b: packed[channels.start * self.window_len()..].as_ptr(),
                b_row: panel,
                b_panel: self.window_len() * panel,
                c: pixels[channels.start..].as_mut_ptr(),
                c_row: self.output.pitch,
                rows: self.output.width,
                groups: self.window.size,
                inner: self.window_row_len(),
                columns: channels.len(),
                ..Product::PLAIN
            };
            // SAFETY: the steps stay inside the padded image, the packed filters and the row.
            unsafe { self.isa.run(product) };
        }
    }

    /// Adds the gradient towards the filters, `[tap][in][out pitch]`.
    fn filter_gradient(&self, padded: &[f32], d_linear: &[f32], d_weight: &mut [f32]) {
        for (y, d_weight) in d_weight.chunks_exact_mut(self.window_row_len() * self.output.pitch).enumerate() {
            let product = Product {
                a: padded[y * self.padded_row()..].as_ptr(),
                a_row: 1,
                a_column: self.window_step(),
                a_group: self.windows_of_row(1),
                b: d_linear.as_ptr(),
                b_row: self.output.pitch,
                b_panel: panel_width(self.isa),
                c: d_weight.as_mut_ptr(),
                c_row: self.output.pitch,
                rows: self.window_row_len(),
                groups: self.output.height,
                inner: self.output.width,
                columns: self.output.pitch,
                accumulate: true,
                ..Product::PLAIN
            };
            // SAFETY: the steps stay inside the padded image, the gradient's image and the filters' row.
            unsafe { self.isa.run(product) };
        }
    }

    /// The gradient towards the padded image.
    fn padded_gradient(&self, d_linear: &[f32], packed: &[f32], d_windows: &mut [f32], d_padded: &mut [f32]) {
        let panel = panel_width(self.isa);
        d_padded.fill(0.0);
        for (row, d_pixels) in d_linear.chunks_exact(self.output.width * self.output.pitch).enumerate() {
            let product = Product {
                a: d_pixels.as_ptr(),
                a_row: self.output.pitch,
                b: packed.as_ptr(),
                b_row: panel,
                b_panel: self.output.channels * panel,
                c: d_windows.as_mut_ptr(),
                c_row: self.window_pitch(),
                rows: self.output.width,
                inner: self.output.channels,
                columns: self.window_pitch(),
                ..Product::PLAIN
            };
            // SAFETY: the steps stay inside the row, the packed filters and the windows.
            unsafe { self.isa.run(product) };
            self.add_windows(row, d_windows, d_padded);
        }
    }
}

impl Algorithm for Direct {
    fn images_per_block(&self) -> usize {
        1
    }

    fn scratch_len(&self) -> usize {
        let windows = self.output.width * self.window_pitch();
        2 * self.padded().len() + windows + self.output.image_len() + self.input.image_len() + 8 * LINE
    }

    fn packed_forward(&self) -> (usize, usize) {
        let panel = panel_width(self.isa);
        let panels = self.output.pitch.div_ceil(panel);
        (panels * panel * self.window_len(), panels)
    }

    fn packed_backward(&self) -> (usize, usize) {
        let panel = panel_width(self.isa);
        let panels = self.window_pitch().div_ceil(panel);
        (panels * panel * self.output.channels, panels)
    }

    unsafe fn pack_forward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        let rows = self.window_len();
        let value = |row: usize, out: usize| weight[self.weight_index(out, row)];
        pack_panel(panel_width(self.isa), task, rows, self.output.channels, value, packed);
    }

    unsafe fn pack_backward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        let value = |out: usize, window: usize| weight[self.weight_index(out, window)];
        pack_panel(panel_width(self.isa), task, self.output.channels, self.window_len(), value, packed);
    }

    fn forward(&self, task: ForwardTask<'_>, mut scratch: &mut [f32]) {
        let ForwardTask { images, channels, input, packed, sink, sink_scratch, partial_sum } = task;
        let linear = carve(&mut scratch, self.output.image_len());
        let padded = carve(&mut scratch, self.padded().len());
        padded.fill(0.0);
        let image_scratch = carve(&mut scratch, input.image_scratch_len());
        for image in images {
            // SAFETY: only read in this pass.
            self.padded().pad(unsafe { input.image(image, self.input.image_len(), image_scratch, scratch) }, padded);
            self.convolve(padded, packed, &channels, linear);
            // SAFETY: the task has these channels of its images to itself.
            unsafe { sink.image(image, linear, channels.clone(), partial_sum, sink_scratch) };
        }
    }

    fn backward(&self, task: BackwardTask<'_>, mut scratch: &mut [f32]) {
        let BackwardTask { images, part, input, packed, output_gradient, gradient_scratch, d_bias, d_weight } = task;
        let d_linear = carve(&mut scratch, self.output.image_len());
        let d_image = carve(&mut scratch, self.input.image_len());
        let padded = carve(&mut scratch, self.padded().len());
        padded.fill(0.0);
        let d_padded = carve(&mut scratch, self.padded().len());
        let d_windows = carve(&mut scratch, self.output.width * self.window_pitch());
        let image_scratch = carve(&mut scratch, input.image_scratch_len());
        for image in images {
            // SAFETY: this task's image and part.
            let d_linear =
                unsafe { output_gradient.image(image, part, d_linear, gradient_scratch, Some(&mut *d_bias)) };
            // SAFETY: this task's image, whose gradient comes later.
            self.padded().pad(unsafe { input.image(image, self.input.image_len(), image_scratch, scratch) }, padded);
            self.filter_gradient(padded, d_linear, d_weight);
            if input.needs_gradient() {
                self.padded_gradient(d_linear, packed, d_windows, d_padded);
                self.padded().unpad(d_padded, d_image);
                // SAFETY: this task's image and part; what was read of it has been copied.
                unsafe { input.write_gradient(image, part, d_image, image_scratch, scratch) };
            }
        }
    }
}
