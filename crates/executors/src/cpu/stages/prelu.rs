//! A stage whose operation is PReLU (He et al., 2015): x where positive, else a · x with a slope a that its channel learns.
//!
//! For example one behind a convolution, on `[250, 28, 28, 32]`: in the forward pass each of 16 tasks brings its images,
//! `[28, 28, 32]` each, through the 32 slopes to the sink. In the backward pass it reads the same images again, writes
//! d_x = d_y or a · d_y, and adds Σ x · d_y over what is not positive to its part's 32 sums; the parts are summed in order.

use super::{BackwardPass, ForwardPass, PARTS, ScratchSizes, StageOperation, sum_parts};
use crate::cpu::context::Context;
use crate::cpu::kernels::Extent;
use crate::cpu::kernels::channel_sums::REGISTERS;
use crate::cpu::plan::Stage;
use crate::cpu::runtime::memory::{Buffer, Disjoint, LINE, carve};
use crate::cpu::runtime::recorder::Work;
use crate::cpu::runtime::thread_pool::split_range;
use crate::cpu::simd::{Kernel, Vector};

/// Learned slopes of negative values, and what follows them.
#[derive(Debug)]
pub(crate) struct Prelu {
    stage: Stage,
    /// `[pitch]`, zero behind the channels.
    slopes: Buffer,
}

impl Prelu {
    /// Plans such a stage, whose input lies as its output does.
    pub(crate) fn new(stage: Stage) -> Self {
        Self { stage, slopes: Buffer::default() }
    }

    /// An image of the stage.
    fn extent(&self) -> Extent {
        Extent { pixels: self.stage.input.pixels(), pitch: self.stage.input.pitch }
    }
}

impl StageOperation for Prelu {
    fn scratch_len(&self, _: usize, sizes: ScratchSizes) -> usize {
        2 * self.stage.input.image_len() + sizes.image + sizes.recompute + sizes.output + 5 * LINE
    }

    /// Sums towards the slopes, `[pitch]`.
    fn part_len(&self) -> usize {
        self.stage.input.pitch
    }

    fn packed_len(&self) -> usize {
        self.stage.input.pitch
    }

    fn partial_sums(&self, _: usize) -> usize {
        PARTS
    }

    fn allocate(&mut self, _: bool) {
        self.slopes = Buffer::zeroed(self.stage.input.pitch);
    }

    fn prepare(&mut self, _: Context<'_>, slopes: &[f32], _: &[f32], _: bool) {
        self.slopes[..slopes.len()].copy_from_slice(slopes);
    }

    fn forward(&self, mut pass: ForwardPass<'_>) {
        let (context, count, extent) = (pass.context, pass.count, self.extent());
        let (input, sink) = pass.input_and_sink(&self.stage, None);
        let (len, pitch) = (self.stage.input.image_len(), self.stage.input.pitch);
        context.threads.run(PARTS, |part, mut scratch| {
            let output = carve(&mut scratch, len);
            let image_scratch = carve(&mut scratch, input.image_scratch_len());
            let sink_scratch = carve(&mut scratch, sink.scratch_len());
            for image in split_range(count, PARTS, part) {
                let to = output.as_mut_ptr();
                // SAFETY: images of one layout, of which the input is only read in this pass; the task has its images and
                // its partial sum to itself.
                unsafe {
                    let values = input.image(image, len, image_scratch, scratch)[..len].as_ptr();
                    context.isa.run(PreluForward { extent, values, slopes: &self.slopes, to });
                    sink.image(image, output, 0..pitch, part, sink_scratch);
                }
            }
        });
    }

    fn backward(&self, mut pass: BackwardPass<'_>) {
        let parts = &mut std::mem::take(&mut pass.parts)[..PARTS * self.part_len()];
        let d_slopes = std::mem::take(&mut pass.d_weight);
        let (context, count, input, extent) = (pass.context, pass.count, &pass.input, self.extent());
        let output_gradient = pass.output_gradient(&self.stage);
        let (len, pitch) = (self.stage.input.image_len(), self.stage.input.pitch);
        let sums = Disjoint::new(parts);
        context.threads.run(PARTS, |part, mut scratch| {
            // SAFETY: each part is one task's.
            let sums = unsafe { sums.exclusive(part * pitch..(part + 1) * pitch) };
            sums.fill(0.0);
            let unpooled = carve(&mut scratch, len);
            let d_image = carve(&mut scratch, len);
            let image_scratch = carve(&mut scratch, input.image_scratch_len());
            let gradient_scratch = carve(&mut scratch, output_gradient.scratch_len());
            for image in split_range(count, PARTS, part) {
                let (to, sums) = (d_image.as_mut_ptr(), sums.as_mut_ptr());
                // SAFETY: images of one layout; image and part are this task's, and nothing of the image is in use when the
                // gradient takes its place.
                unsafe {
                    let gradient = output_gradient.image(image, part, unpooled, gradient_scratch, None)[..len].as_ptr();
                    let values = input.image(image, len, image_scratch, scratch)[..len].as_ptr();
                    context.isa.run(PreluBackward { extent, values, gradient, slopes: &self.slopes, to, sums });
                    input.write_gradient(image, part, d_image, image_scratch, scratch);
                }
            }
        });
        sum_parts(parts, 0, d_slopes);
    }
}

/// y = x where positive, else a · x.
///
/// Valid where both pointers are followed by the image, and `slopes` has a value for each channel.
struct PreluForward<'a> {
    /// Pixels and channels.
    extent: Extent,
    /// x
    values: *const f32,
    /// a, `[pitch]`
    slopes: &'a [f32],
    /// Receives y.
    to: *mut f32,
}

impl Kernel for PreluForward<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Extent { pixels, pitch } = self.extent;
        for pixel in 0..pixels {
            for channel in (0..pitch).step_by(V::LANES) {
                // SAFETY: a register inside the images that the caller vouches for.
                unsafe {
                    let x = V::load(self.values.add(pixel * pitch + channel));
                    let scaled = x.mul(V::load(self.slopes.as_ptr().add(channel)));
                    x.select_greater(V::splat(0.0), x, scaled).store(self.to.add(pixel * pitch + channel));
                }
            }
        }
    }

    fn work(&self) -> Work {
        let values = self.extent.pixels * self.extent.pitch;
        Work::new("prelu", 2 * values, 2 * values + self.extent.pitch)
    }
}

/// d_x = d_y where x is positive, else a · d_y; and d_a = Σ x · d_y over what is not positive.
///
/// Valid where the pointers are followed by the image, and `slopes` and `sums` have a value for each channel.
struct PreluBackward<'a> {
    /// Pixels and channels.
    extent: Extent,
    /// x
    values: *const f32,
    /// d_y
    gradient: *const f32,
    /// a, `[pitch]`
    slopes: &'a [f32],
    /// Receives d_x.
    to: *mut f32,
    /// The sums d_a are added to it, `[pitch]`.
    sums: *mut f32,
}

impl Kernel for PreluBackward<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Extent { pixels, pitch } = self.extent;
        for line in (0..pitch).step_by(LINE) {
            // SAFETY: registers inside the images that the caller vouches for.
            unsafe {
                let zero = V::splat(0.0);
                let mut sums = [zero; REGISTERS];
                for pixel in 0..pixels {
                    for (register, sum) in sums.iter_mut().enumerate().take(LINE / V::LANES) {
                        let channel = line + register * V::LANES;
                        let at = pixel * pitch + channel;
                        let (x, d) = (V::load(self.values.add(at)), V::load(self.gradient.add(at)));
                        let scaled = d.mul(V::load(self.slopes.as_ptr().add(channel)));
                        x.select_greater(zero, d, scaled).store(self.to.add(at));
                        *sum = x.select_greater(zero, zero, x).mul_add(d, *sum);
                    }
                }
                for (register, sum) in sums.iter().enumerate().take(LINE / V::LANES) {
                    let at = self.sums.add(line + register * V::LANES);
                    V::load(at).add(*sum).store(at);
                }
            }
        }
    }

    fn work(&self) -> Work {
        let (values, pitch) = (self.extent.pixels * self.extent.pitch, self.extent.pitch);
        Work::new("prelu backward", 4 * values + pitch, 3 * values + 3 * pitch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::simd::counting::declared_and_done;

    #[test]
    fn kernels_do_what_they_say() {
        let extent = Extent { pixels: 6, pitch: 32 };
        let (values, gradient, slopes) = (Buffer::zeroed(6 * 32), Buffer::zeroed(6 * 32), Buffer::zeroed(32));
        let (mut to, mut sums) = (Buffer::zeroed(6 * 32), Buffer::zeroed(32));
        let (values, gradient, to, sums) = (values.as_ptr(), gradient.as_ptr(), to.as_mut_ptr(), sums.as_mut_ptr());
        // SAFETY: buffers of the extent.
        let (declared, done) = unsafe { declared_and_done(PreluForward { extent, values, slopes: &slopes, to }) };
        assert_eq!(declared, done);
        let backward = PreluBackward { extent, values, gradient, slopes: &slopes, to, sums };
        // SAFETY: as above.
        let (declared, done) = unsafe { declared_and_done(backward) };
        assert_eq!(declared, done);
    }
}
