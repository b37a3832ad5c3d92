//! Convolution of each channel by itself: a multiplication for each tap and value, a register of channels at a time.
//!
//! Layouts: the padded image `[row][column][pitch]`, kernels `[tap][pitch]`.

use super::algorithm::{Algorithm, BackwardTask, ForwardTask};
use super::memory::{Disjoint, LINE, carve};
use super::padded::Padded;
use super::plan::Layout;
use super::record::Work;
use super::vector::{Isa, Kernel, Vector};
use crate::network::Window;

/// A depthwise convolution between padded layouts.
#[derive(Clone, Copy, Debug)]
pub struct Depthwise {
    isa: Isa,
    input: Layout,
    output: Layout,
    window: Window,
}

impl Depthwise {
    /// The algorithm for a convolution.
    pub fn new(isa: Isa, window: Window, input: Layout, output: Layout) -> Self {
        Self { isa, input, output, window }
    }

    fn taps(&self) -> usize {
        self.window.size * self.window.size
    }

    /// The padded image, whole lines of channels.
    fn padded(&self) -> Padded {
        Padded::new(self.window, self.input, self.output, self.input.pitch)
    }

    fn windows(&self) -> Windows {
        Windows {
            rows: self.output.height,
            columns: self.output.width,
            size: self.window.size,
            step: self.window.stride * self.input.pitch,
            row_step: self.window.stride * self.padded().row_len(),
            padded_row: self.padded().row_len(),
            pitch: self.output.pitch,
        }
    }
}

impl Algorithm for Depthwise {
    fn images_per_block(&self) -> usize {
        1
    }

    fn scratch_len(&self) -> usize {
        2 * self.padded().len() + self.output.image_len() + self.input.image_len() + 6 * LINE
    }

    fn packed_forward(&self) -> (usize, usize) {
        (self.taps() * self.output.pitch, 1)
    }

    fn packed_backward(&self) -> (usize, usize) {
        self.packed_forward()
    }

    unsafe fn pack_forward(&self, weight: &[f32], _: usize, packed: &Disjoint<'_, f32>) {
        // SAFETY: there is one task.
        let packed = unsafe { packed.part(0..self.taps() * self.output.pitch) };
        for (tap, row) in packed.chunks_exact_mut(self.output.pitch).enumerate() {
            for (channel, value) in row[..self.output.channels].iter_mut().enumerate() {
                *value = weight[channel * self.taps() + tap];
            }
        }
    }

    unsafe fn pack_backward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        // SAFETY: passed on to the caller.
        unsafe { self.pack_forward(weight, task, packed) };
    }

    fn forward(&self, task: ForwardTask<'_>, mut scratch: &mut [f32]) {
        let ForwardTask { images, channels, input, packed, finish, finish_room, piece } = task;
        let linear = carve(&mut scratch, self.output.image_len());
        let padded = carve(&mut scratch, self.padded().len());
        let room = carve(&mut scratch, input.room_len());
        for image in images {
            // SAFETY: only read in this pass.
            self.padded().pad(unsafe { input.image(image, self.input.image_len(), room, scratch) }, padded);
            let kernel = Convolve {
                windows: self.windows(),
                channels: channels.clone(),
                padded: padded.as_ptr(),
                kernels: packed,
                output: linear.as_mut_ptr(),
            };
            // SAFETY: windows inside the padded image, an image of the output; the task has these channels of its images to
            // itself.
            unsafe {
                self.isa.run(kernel);
                finish.image(image, linear, channels.clone(), piece, finish_room);
            }
        }
    }

    fn backward(&self, task: BackwardTask<'_>, mut scratch: &mut [f32]) {
        let BackwardTask { images, part, input, packed, begin, begin_room, d_bias, d_weight } = task;
        let d_linear = carve(&mut scratch, self.output.image_len());
        let d_image = carve(&mut scratch, self.input.image_len());
        let padded = carve(&mut scratch, self.padded().len());
        let d_padded = carve(&mut scratch, self.padded().len());
        let room = carve(&mut scratch, input.room_len());
        let windows = self.windows();
        for image in images {
            // SAFETY: this task's image and part, whose gradient comes later.
            let gradient = unsafe {
                self.padded().pad(input.image(image, self.input.image_len(), room, scratch), padded);
                begin.image(image, part, d_linear, begin_room, Some(&mut *d_bias)).as_ptr()
            };
            // SAFETY: windows inside the padded image, and an image of the output's gradient.
            unsafe { self.isa.run(TowardsKernels { windows, padded: padded.as_ptr(), gradient, d_weight }) };
            if input.wants_gradient() {
                d_padded.fill(0.0);
                let kernel = TowardsPadded { windows, gradient, kernels: packed, d_padded: d_padded.as_mut_ptr() };
                // SAFETY: as above.
                unsafe { self.isa.run(kernel) };
                self.padded().unpad(d_padded, d_image);
                // SAFETY: this task's image and part; what was read of it has been copied.
                unsafe { input.take_gradient(image, part, d_image, room, scratch) };
            }
        }
    }
}

/// Where windows lie in a padded image.
#[derive(Clone, Copy)]
struct Windows {
    /// Of windows.
    rows: usize,
    /// Of windows.
    columns: usize,
    /// Rows and columns of a window.
    size: usize,
    /// Values from one window to the next.
    step: usize,
    /// Values from one row of windows to the next.
    row_step: usize,
    /// Values of a row of the padded image.
    padded_row: usize,
    /// Values of a pixel.
    pitch: usize,
}

impl Windows {
    fn taps(&self) -> usize {
        self.size * self.size
    }

    /// Pixels of the output.
    fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// First value of the window of an output pixel.
    #[inline(always)]
    fn corner(&self, pixel: usize) -> usize {
        pixel / self.columns * self.row_step + pixel % self.columns * self.step
    }

    /// Offset of a tap from the window's first value.
    #[inline(always)]
    fn offset(&self, tap: usize) -> usize {
        tap / self.size * self.padded_row + tap % self.size * self.pitch
    }

    /// Pixels of the padded image inside at least one window.
    fn covered(&self) -> usize {
        let along = |windows: usize, step: usize| (windows - 1) * step.min(self.size) + self.size;
        let stride = self.step / self.pitch;
        along(self.rows, stride) * along(self.columns, stride)
    }
}

/// y[q, c] = Σ over taps of x[p, c] · w[tap, c]
///
/// Valid where the windows lie in `padded`, and `output` is followed by an image.
struct Convolve<'a> {
    windows: Windows,
    channels: std::ops::Range<usize>,
    padded: *const f32,
    kernels: &'a [f32],
    output: *mut f32,
}

impl Kernel for Convolve<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let windows = self.windows;
        for channel in self.channels.step_by(V::LANES) {
            for pixel in 0..windows.count() {
                // SAFETY: a window that the caller vouches for.
                unsafe {
                    let corner = self.padded.add(windows.corner(pixel) + channel);
                    let mut sum = V::splat(0.0);
                    for tap in 0..windows.taps() {
                        let kernel = V::load(self.kernels.as_ptr().add(tap * windows.pitch + channel));
                        sum = V::load(corner.add(windows.offset(tap))).mul_add(kernel, sum);
                    }
                    sum.store(self.output.add(pixel * windows.pitch + channel));
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
struct TowardsKernels<'a> {
    windows: Windows,
    padded: *const f32,
    gradient: *const f32,
    d_weight: &'a mut [f32],
}

impl Kernel for TowardsKernels<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let windows = self.windows;
        for channel in (0..windows.pitch).step_by(V::LANES) {
            for tap in 0..windows.taps() {
                // SAFETY: windows that the caller vouches for.
                unsafe {
                    let mut sums = [V::splat(0.0); 4];
                    let offset = windows.offset(tap) + channel;
                    for pixel in 0..windows.count() {
                        let x = V::load(self.padded.add(windows.corner(pixel) + offset));
                        let d = V::load(self.gradient.add(pixel * windows.pitch + channel));
                        sums[pixel % 4] = x.mul_add(d, sums[pixel % 4]);
                    }
                    let at = self.d_weight.as_mut_ptr().add(tap * windows.pitch + channel);
                    let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
                    V::load(at).add(sum).store(at);
                }
            }
        }
    }

    fn work(&self) -> Work {
        let windows = self.windows;
        let taps = windows.taps() * windows.pitch;
        let values = (windows.covered() + windows.count()) * windows.pitch + 2 * taps;
        Work::new("depthwise kernels' gradient", (windows.count() + 4) * taps, values)
    }
}

/// Adds d_y[q, c] · w[tap, c] to d_x[p, c].
///
/// Valid where the windows lie in `d_padded`, and `gradient` is followed by an image of the output.
struct TowardsPadded<'a> {
    windows: Windows,
    gradient: *const f32,
    kernels: &'a [f32],
    d_padded: *mut f32,
}

impl Kernel for TowardsPadded<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let windows = self.windows;
        for channel in (0..windows.pitch).step_by(V::LANES) {
            for pixel in 0..windows.count() {
                // SAFETY: a window that the caller vouches for.
                unsafe {
                    let corner = self.d_padded.add(windows.corner(pixel) + channel);
                    let d = V::load(self.gradient.add(pixel * windows.pitch + channel));
                    for tap in 0..windows.taps() {
                        let kernel = V::load(self.kernels.as_ptr().add(tap * windows.pitch + channel));
                        let at = corner.add(windows.offset(tap));
                        d.mul_add(kernel, V::load(at)).store(at);
                    }
                }
            }
        }
    }

    fn work(&self) -> Work {
        let windows = self.windows;
        let values = 2 * windows.covered() + windows.taps() + windows.count();
        Work::new(
            "depthwise input's gradient",
            windows.taps() * windows.count() * windows.pitch,
            values * windows.pitch,
        )
    }
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;

    use super::*;
    use crate::cpu::counting::declared_and_done;
    use crate::cpu::memory::Buffer;
    use crate::recipe::Padding;

    #[test]
    fn depthwise_kernels_do_what_they_say() {
        let shape = ImageShape { height: 7, width: 6, channels: 20 };
        for stride in [1, 2] {
            let window = Window::new(shape, 3, stride, Padding::Same, 20).unwrap();
            let (input, output) = (Layout::padded(shape), Layout::padded(window.output));
            let depthwise = Depthwise::new(Isa::Portable, window, input, output);
            let (windows, channels) = (depthwise.windows(), 0..output.pitch);
            let mut padded = Buffer::zeroed(depthwise.padded().len());
            let mut kernels = Buffer::zeroed(9 * output.pitch);
            let mut gradient = Buffer::zeroed(output.image_len());
            let (image, of_output) = (padded.as_mut_ptr(), gradient.as_mut_ptr());
            let convolve = Convolve { windows, channels, padded: image, kernels: &kernels, output: of_output };
            // SAFETY: buffers of the layouts, for all three.
            let (declared, done) = unsafe { declared_and_done(convolve) };
            assert_eq!(declared, done);
            let towards = TowardsPadded { windows, gradient: of_output, kernels: &kernels, d_padded: image };
            // SAFETY: see above.
            let (declared, done) = unsafe { declared_and_done(towards) };
            assert_eq!(declared, done);
            let towards = TowardsKernels { windows, padded: image, gradient: of_output, d_weight: &mut kernels };
            // SAFETY: see above.
            let (declared, done) = unsafe { declared_and_done(towards) };
            assert_eq!(declared, done);
        }
    }
}
