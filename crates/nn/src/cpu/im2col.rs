//! Convolution of any kernel and stride as a product: each output pixel's window is laid out as a row.
//!
//! The rows are made for a few rows of output pixels at a time, so that they stay in cache. Layouts: windows
//! `[pixel][tap][in]` padded to whole registers, kernels in panels `[panel][tap][in][column]`.

use std::ops::Range;

use super::algorithm::{Algorithm, BackwardTask, ForwardTask};
use super::memory::{Disjoint, LINE, carve, padded};
use super::plan::Layout;
use super::product::{Product, pack_panel, panel_width};
use super::vector::Isa;
use crate::network::Window;

/// Values of windows that are laid out at once, if one row of output pixels does not need more.
const WINDOW_VALUES: usize = 1 << 15;

/// A convolution from any layout to a padded one.
#[derive(Clone, Copy, Debug)]
pub struct Im2col {
    isa: Isa,
    input: Layout,
    output: Layout,
    window: Window,
}

impl Im2col {
    /// The algorithm for a convolution.
    pub fn new(isa: Isa, window: Window, input: Layout, output: Layout) -> Self {
        Self { isa, input, output, window }
    }

    /// Values of a window.
    fn window_len(&self) -> usize {
        self.window.size * self.window.size * self.input.channels
    }

    /// Values from one window to the next.
    fn window_pitch(&self) -> usize {
        padded(self.window_len())
    }

    /// Rows of output pixels whose windows are laid out at once.
    fn rows_per_block(&self) -> usize {
        (WINDOW_VALUES / (self.output.width * self.window_pitch())).clamp(1, self.output.height)
    }

    fn windows_len(&self) -> usize {
        self.rows_per_block() * self.output.width * self.window_pitch()
    }

    /// Place in `weight`, `[out, in, kernel, kernel]`, of element `window` of a window for output channel `out`.
    fn weight_index(&self, out: usize, window: usize) -> usize {
        let (taps, channels) = (self.window.size * self.window.size, self.input.channels);
        (out * channels + window % channels) * taps + window / channels
    }

    /// Visits the part of each window that lies inside the image: for output pixels from row `first` on, calls
    /// `visit(pixel of the input, offset in the block's windows)` with a pixel's channels to follow at both.
    fn each_tap(&self, rows: Range<usize>, mut visit: impl FnMut(usize, usize)) {
        let Window { size, stride, pad_top, pad_left, .. } = self.window;
        for row in rows.clone() {
            for column in 0..self.output.width {
                let window = ((row - rows.start) * self.output.width + column) * self.window_pitch();
                for y in 0..size {
                    let input_row = (row * stride + y).wrapping_sub(pad_top);
                    if input_row >= self.input.height {
                        continue;
                    }
                    for x in 0..size {
                        let input_column = (column * stride + x).wrapping_sub(pad_left);
                        if input_column < self.input.width {
                            let tap = (y * size + x) * self.input.channels;
                            visit((input_row * self.input.width + input_column) * self.input.pitch, window + tap);
                        }
                    }
                }
            }
        }
    }

    /// Lays out the windows of some rows of output pixels.
    fn lay_out(&self, image: &[f32], rows: Range<usize>, windows: &mut [f32]) {
        let channels = self.input.channels;
        windows[..rows.len() * self.output.width * self.window_pitch()].fill(0.0);
        self.each_tap(rows, |pixel, window| {
            if channels == 1 {
                windows[window] = image[pixel];
            } else {
                windows[window..][..channels].copy_from_slice(&image[pixel..][..channels]);
            }
        });
    }

    /// The blocks of rows of output pixels.
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (height, step) = (self.output.height, self.rows_per_block());
        (0..height).step_by(step).map(move |start| start..(start + step).min(height))
    }
}

impl Algorithm for Im2col {
    fn images_per_block(&self) -> usize {
        1
    }

    fn scratch_len(&self) -> usize {
        2 * self.windows_len() + self.output.image_len() + 8 * LINE
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

    fn pack_forward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        let rows = self.window_len();
        let value = |row: usize, out: usize| weight[self.weight_index(out, row)];
        pack_panel(panel_width(self.isa), task, rows, self.output.channels, value, packed);
    }

    fn pack_backward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        let value = |out: usize, window: usize| weight[self.weight_index(out, window)];
        pack_panel(panel_width(self.isa), task, self.output.channels, self.window_len(), value, packed);
    }

    fn forward(&self, task: ForwardTask<'_>, mut scratch: &mut [f32]) {
        let ForwardTask { images, channels, input, packed, finish } = task;
        let linear = carve(&mut scratch, self.output.image_len());
        let windows = carve(&mut scratch, self.windows_len());
        let panel = panel_width(self.isa);
        for image in images {
            let pixels = &input[image * self.input.image_len()..][..self.input.image_len()];
            for rows in self.blocks() {
                self.lay_out(pixels, rows.clone(), windows);
                let product = Product {
                    a: windows.as_ptr(),
                    a_row: self.window_pitch(),
                    a_column: 1,
                    b: packed[channels.start * self.window_len()..].as_ptr(),
                    b_row: panel,
                    b_panel: self.window_len() * panel,
                    c: linear[rows.start * self.output.width * self.output.pitch + channels.start..].as_mut_ptr(),
                    c_row: self.output.pitch,
                    rows: rows.len() * self.output.width,
                    inner: self.window_len(),
                    columns: channels.len(),
                    accumulate: false,
                };
                // SAFETY: the steps stay inside the windows, the packed kernels and the image.
                unsafe { self.isa.run(product) };
            }
            finish(image, linear);
        }
    }

    fn backward(&self, task: BackwardTask<'_>, mut scratch: &mut [f32]) {
        let BackwardTask { images, input, packed, begin, d_input, d_weight } = task;
        let d_linear = carve(&mut scratch, self.output.image_len());
        let windows = carve(&mut scratch, self.windows_len());
        let d_windows = carve(&mut scratch, self.windows_len());
        let panel = panel_width(self.isa);
        d_weight.fill(0.0);
        for image in images {
            begin(image, d_linear);
            let len = self.input.image_len();
            let pixels = &input[image * len..][..len];
            // SAFETY: each image belongs to one task.
            let mut d_image = d_input.map(|d_input| unsafe { d_input.part(image * len..(image + 1) * len) });
            if let Some(d_image) = &mut d_image {
                d_image.fill(0.0);
            }
            for rows in self.blocks() {
                self.lay_out(pixels, rows.clone(), windows);
                let d_rows = d_linear[rows.start * self.output.width * self.output.pitch..].as_ptr();
                let towards_kernel = Product {
                    a: windows.as_ptr(),
                    a_row: 1,
                    a_column: self.window_pitch(),
                    b: d_rows,
                    b_row: self.output.pitch,
                    b_panel: panel,
                    c: d_weight.as_mut_ptr(),
                    c_row: self.output.pitch,
                    rows: self.window_len(),
                    inner: rows.len() * self.output.width,
                    columns: self.output.pitch,
                    accumulate: true,
                };
                // SAFETY: the steps stay inside the windows, the image and the gradient.
                unsafe { self.isa.run(towards_kernel) };
                let Some(d_image) = &mut d_image else { continue };
                let towards_windows = Product {
                    a: d_rows,
                    a_row: self.output.pitch,
                    a_column: 1,
                    b: packed.as_ptr(),
                    b_row: panel,
                    b_panel: self.output.channels * panel,
                    c: d_windows.as_mut_ptr(),
                    c_row: self.window_pitch(),
                    rows: rows.len() * self.output.width,
                    inner: self.output.channels,
                    columns: self.window_pitch(),
                    accumulate: false,
                };
                // SAFETY: the steps stay inside the image, the packed kernels and the windows.
                unsafe { self.isa.run(towards_windows) };
                self.each_tap(rows, |pixel, window| {
                    let channels = self.input.channels;
                    for (sum, &d) in d_image[pixel..][..channels].iter_mut().zip(&d_windows[window..][..channels]) {
                        *sum += d;
                    }
                });
            }
        }
    }
}
