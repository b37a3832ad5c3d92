//! Convolution of each channel by itself: a multiplication for each tap and value, a register of channels at a time.
//!
//! Layouts: the padded image `[row][column][pitch]`, filters `[tap][pitch]`.
//!
//! For example 3 × 3 filters with stride 1 over 64 channels of 14 × 14: the padded image is `[16][16][64]`, the filters are
//! `[9][64]`. With AVX-512 there are four registers of channels; for each, a row of 14 windows is computed seven at once,
//! with nine multiply-adds each.

use std::ops::Range;

use modiste_network::Window;

use super::algorithm::{Algorithm, BackwardTask, ForwardTask};
use super::padding::Padded;
use crate::cpu::plan::layout::Layout;
use crate::cpu::runtime::memory::{Disjoint, LINE, carve};
use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Isa, Kernel, Vector};

/// A depthwise convolution between padded layouts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depthwise {
    isa: Isa,
    input: Layout,
    output: Layout,
    window: Window,
}

impl Depthwise {
    /// The algorithm for a convolution.
    pub(super) fn new(isa: Isa, window: Window, input: Layout, output: Layout) -> Self {
        Self { isa, input, output, window }
    }

    fn taps(&self) -> usize {
        self.window.size * self.window.size
    }

    /// The padded image, whole lines of channels.
    fn padded(&self) -> Padded {
        Padded::new(self.window, self.input, self.output, self.input.pitch)
    }

    /// The padded gradient of the output.
    fn padded_gradient(&self) -> Padded {
        Padded::of_gradient(self.window, self.input, self.output)
    }

    /// Those that make the output.
    fn windows(&self) -> Windows {
        Windows::new(self.window.size, self.window.stride, self.output, self.padded())
    }

    /// Those over the output's padded gradient, that make the input's.
    fn windows_back(&self) -> Windows {
        Windows::new(self.window.size, 1, self.input, self.padded_gradient())
    }

    /// Filters `[tap][pitch]`, of channels that hold their taps in the order of `weight` or turned about.
    fn pack(&self, weight: &[f32], turned: bool, packed: &mut [f32]) {
        let taps = self.taps();
        for (tap, row) in packed.chunks_exact_mut(self.output.pitch).enumerate() {
            let tap = if turned { taps - 1 - tap } else { tap };
            for (channel, value) in row[..self.output.channels].iter_mut().enumerate() {
                *value = weight[channel * taps + tap];
            }
        }
    }
}

impl Algorithm for Depthwise {
    fn images_per_block(&self) -> usize {
        1
    }

    fn scratch_len(&self) -> usize {
        let padded = self.padded().len() + self.padded_gradient().len();
        padded + self.output.image_len() + self.input.image_len() + 6 * LINE
    }

    fn packed_forward(&self) -> (usize, usize) {
        (self.taps() * self.output.pitch, 1)
    }

    fn packed_backward(&self) -> (usize, usize) {
        self.packed_forward()
    }

    unsafe fn pack_forward(&self, weight: &[f32], _: usize, packed: &Disjoint<'_, f32>) {
        // SAFETY: there is one task.
        self.pack(weight, false, unsafe { packed.exclusive(0..self.taps() * self.output.pitch) });
    }

    unsafe fn pack_backward(&self, weight: &[f32], _: usize, packed: &Disjoint<'_, f32>) {
        // SAFETY: there is one task.
        self.pack(weight, true, unsafe { packed.exclusive(0..self.taps() * self.output.pitch) });
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
            let kernel = Convolve {
                windows: self.windows(),
                channels: channels.clone(),
                padded: padded.as_ptr(),
                filters: packed,
                output: linear.as_mut_ptr(),
            };
            // SAFETY: windows inside the padded image, an image of the output; the task has these channels of its images to
            // itself.
            unsafe {
                self.isa.run(kernel);
                sink.image(image, linear, channels.clone(), partial_sum, sink_scratch);
            }
        }
    }

    fn backward(&self, task: BackwardTask<'_>, mut scratch: &mut [f32]) {
        let BackwardTask { images, part, input, packed, output_gradient, gradient_scratch, d_bias, d_weight } = task;
        let d_linear = carve(&mut scratch, self.output.image_len());
        let d_image = carve(&mut scratch, self.input.image_len());
        let padded = carve(&mut scratch, self.padded().len());
        let padded_gradient = carve(&mut scratch, self.padded_gradient().len());
        padded.fill(0.0);
        padded_gradient.fill(0.0);
        let image_scratch = carve(&mut scratch, input.image_scratch_len());
        for image in images {
            // SAFETY: this task's image and part, whose gradient comes later.
            let gradient = unsafe {
                self.padded().pad(input.image(image, self.input.image_len(), image_scratch, scratch), padded);
                output_gradient.image(image, part, d_linear, gradient_scratch, Some(&mut *d_bias))
            };
            let filter_gradient = FilterGradient {
                windows: self.windows(),
                padded: padded.as_ptr(),
                gradient: gradient.as_ptr(),
                d_weight,
            };
            // SAFETY: windows inside the padded image, and an image of the output's gradient.
            unsafe { self.isa.run(filter_gradient) };
            if input.needs_gradient() {
                self.padded_gradient().pad(gradient, padded_gradient);
                let kernel = Convolve {
                    windows: self.windows_back(),
                    channels: 0..self.input.pitch,
                    padded: padded_gradient.as_ptr(),
                    filters: packed,
                    output: d_image.as_mut_ptr(),
                };
                // SAFETY: windows inside the padded gradient, and an image of the input; then this task's image and part,
                // what was read of which has been copied.
                unsafe {
                    self.isa.run(kernel);
                    input.write_gradient(image, part, d_image, image_scratch, scratch);
                }
            }
        }
    }
}

/// Windows over a padded image, one for each pixel of what they make.
#[derive(Clone, Copy)]
struct Windows {
    /// Of windows.
    rows: usize,
    /// Of windows.
    columns: usize,
    /// Rows and columns of a window.
    size: usize,
    /// Rows and columns from one window to the next.
    stride: usize,
    /// Values of a row of the padded image.
    padded_row: usize,
    /// Values of a pixel.
    pitch: usize,
}

impl Windows {
    fn new(size: usize, stride: usize, made: Layout, padded: Padded) -> Self {
        Self { rows: made.height, columns: made.width, size, stride, padded_row: padded.row_len(), pitch: made.pitch }
    }

    fn taps(&self) -> usize {
        self.size * self.size
    }

    /// Pixels of what the windows make.
    fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// First value of a window.
    #[inline(always)]
    fn corner(&self, row: usize, column: usize) -> usize {
        self.stride * (row * self.padded_row + column * self.pitch)
    }

    /// Pixels of the padded image inside at least one window.
    fn covered(&self) -> usize {
        let along = |windows: usize| (windows - 1) * self.stride.min(self.size) + self.size;
        along(self.rows) * along(self.columns)
    }
}

/// y[q, c] = Σ over taps of x[p, c] · w[tap, c]
///
/// Valid where the windows lie in `padded`, and `output` is followed by an image.
struct Convolve<'a> {
    windows: Windows,
    channels: Range<usize>,
    padded: *const f32,
    filters: &'a [f32],
    output: *mut f32,
}

impl Convolve<'_> {
    /// Some windows in a row, whose sums stay in registers.
    ///
    /// # Safety
    /// There are so many from `column` on.
    #[inline(always)]
    unsafe fn windows<V: Vector, const WINDOWS: usize>(&self, row: usize, column: usize, channel: usize) {
        let Windows { size, stride, padded_row, pitch, columns, .. } = self.windows;
        // SAFETY: windows that the caller vouches for.
        unsafe {
            let corner = self.padded.add(self.windows.corner(row, column) + channel);
            let mut filters = self.filters.as_ptr().add(channel);
            let mut sums = [V::splat(0.0); WINDOWS];
            for y in 0..size {
                for x in 0..size {
                    let at = corner.add(y * padded_row + x * pitch);
                    let filter = V::load(filters);
                    for (window, sum) in sums.iter_mut().enumerate() {
                        *sum = V::load(at.add(window * stride * pitch)).mul_add(filter, *sum);
                    }
                    filters = filters.add(pitch);
                }
            }
            for (window, sum) in sums.into_iter().enumerate() {
                sum.store(self.output.add((row * columns + column + window) * pitch + channel));
            }
        }
    }
}

impl Kernel for Convolve<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        /// As many sums as hide the time that one multiply-add takes, and a divisor of rows of 28, 14 and 7
        /// (bench/NOTES.md, "a depthwise convolution sums seven windows of a row at once").
        const AT_ONCE: usize = 7;
        for row in 0..self.windows.rows {
            for channel in self.channels.clone().step_by(V::LANES) {
                let mut column = 0;
                // SAFETY: as many windows as there are.
                unsafe {
                    while column + AT_ONCE <= self.windows.columns {
                        self.windows::<V, AT_ONCE>(row, column, channel);
                        column += AT_ONCE;
                    }
                    while column < self.windows.columns {
                        self.windows::<V, 1>(row, column, channel);
                        column += 1;
                    }
                }
            }
        }
    }

    fn work(&self) -> Work {
        let (windows, channels) = (self.windows, self.channels.len());
        let values = windows.covered() + windows.taps() + windows.count();
        Work::new("depthwise convolution", windows.taps() * windows.count() * channels, values * channels)
    }
}

/// Adds Σ over pixels of x[p, c] · d_y[q, c] to d_w[tap, c].
///
/// Valid where the windows lie in `padded`, and `gradient` is followed by an image of the output.
struct FilterGradient<'a> {
    windows: Windows,
    padded: *const f32,
    gradient: *const f32,
    d_weight: &'a mut [f32],
}

impl FilterGradient<'_> {
    /// Some taps in a row, over all windows of a row: two sums for each, added up in turn.
    ///
    /// # Safety
    /// There are so many taps from `x` on.
    #[inline(always)]
    unsafe fn taps<V: Vector, const TAPS: usize>(&mut self, row: usize, y: usize, x: usize, channel: usize) {
        let Windows { columns, size, stride, padded_row, pitch, .. } = self.windows;
        // SAFETY: windows that the caller vouches for.
        unsafe {
            let corner = self.padded.add(self.windows.corner(row, 0) + y * padded_row + x * pitch + channel);
            let gradient = self.gradient.add(row * columns * pitch + channel);
            let mut sums = [[V::splat(0.0); TAPS]; 2];
            for column in 0..columns {
                let d = V::load(gradient.add(column * pitch));
                let corner = corner.add(column * stride * pitch);
                for (tap, sum) in sums[0].iter_mut().enumerate() {
                    *sum = V::load(corner.add(tap * pitch)).mul_add(d, *sum);
                }
                sums.swap(0, 1);
            }
            let [even, odd] = sums;
            for (tap, (even, odd)) in even.into_iter().zip(odd).enumerate() {
                let at = self.d_weight.as_mut_ptr().add((y * size + x + tap) * pitch + channel);
                V::load(at).add(even.add(odd)).store(at);
            }
        }
    }
}

impl Kernel for FilterGradient<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        /// A row of the usual windows, with two sums each: six chains, which also hide a multiply-add's time.
        const AT_ONCE: usize = 3;
        let Windows { rows, size, pitch, .. } = self.windows;
        for row in 0..rows {
            for channel in (0..pitch).step_by(V::LANES) {
                for y in 0..size {
                    let mut x = 0;
                    // SAFETY: as many taps as there are.
                    unsafe {
                        while x + AT_ONCE <= size {
                            self.taps::<V, AT_ONCE>(row, y, x, channel);
                            x += AT_ONCE;
                        }
                        while x < size {
                            self.taps::<V, 1>(row, y, x, channel);
                            x += 1;
                        }
                    }
                }
            }
        }
    }

    fn work(&self) -> Work {
        let windows = self.windows;
        let taps = windows.taps() * windows.pitch;
        let values = (windows.covered() + windows.count()) * windows.pitch + 2 * taps;
        Work::new("depthwise filter gradient", (windows.count() + 2 * windows.rows) * taps, values)
    }
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;
    use modiste_network::Padding;

    use super::*;
    use crate::cpu::runtime::memory::Buffer;
    use crate::cpu::simd::counting::declared_and_done;

    #[test]
    fn depthwise_kernels_do_what_they_say() {
        let shape = ImageShape { height: 7, width: 6, channels: 20 };
        for stride in [1, 2] {
            let window = Window::new(shape, 3, stride, Padding::Same, 20).unwrap();
            let (input, output) = (Layout::padded(shape), Layout::padded(window.output));
            let depthwise = Depthwise::new(Isa::Portable, window, input, output);
            let (windows, channels) = (depthwise.windows(), 0..output.pitch);
            let mut padded = Buffer::zeroed(depthwise.padded().len());
            let mut filters = Buffer::zeroed(9 * output.pitch);
            let mut gradient = Buffer::zeroed(output.image_len());
            let (image, of_output) = (padded.as_mut_ptr(), gradient.as_mut_ptr());
            let convolve = Convolve { windows, channels, padded: image, filters: &filters, output: of_output };
            // SAFETY: buffers of the layouts, for both.
            let (declared, done) = unsafe { declared_and_done(convolve) };
            assert_eq!(declared, done);
            let filter_gradient =
                FilterGradient { windows, padded: image, gradient: of_output, d_weight: &mut filters };
            // SAFETY: see above.
            let (declared, done) = unsafe { declared_and_done(filter_gradient) };
            assert_eq!(declared, done);
        }
    }
}
