//! Sums over pixels, channel by channel.

use std::ops::Range;

use super::Extent;
use crate::cpu::runtime::memory::LINE;
use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Kernel, Vector};

/// Registers of a line at most.
pub(crate) const REGISTERS: usize = 4;

/// Σ (x - centre) and Σ (x - centre)² of some channels of images, where `centre` is near the mean, so that little is lost.
///
/// Valid where `values` is followed by the images, and `centre` and `sums` have one and two values for each channel.
pub(crate) struct Sums<'a> {
    /// Pixels and channels.
    pub extent: Extent,
    /// Which channels, whole lines.
    pub channels: Range<usize>,
    /// x
    pub values: *const f32,
    /// `[pitch]`
    pub centre: &'a [f32],
    /// The sums are added to it, `[2, pitch]`, of which only these channels are touched.
    pub sums: *mut f32,
}

impl Kernel for Sums<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Extent { pixels, pitch } = self.extent;
        for line in self.channels.step_by(LINE) {
            // SAFETY: registers inside the images that the caller vouches for.
            unsafe {
                let [mut sums, mut squares] = [[V::splat(0.0); REGISTERS]; 2];
                for pixel in 0..pixels {
                    for (register, (sum, square)) in sums.iter_mut().zip(&mut squares).enumerate().take(LINE / V::LANES)
                    {
                        let channel = line + register * V::LANES;
                        let centre = V::load(self.centre.as_ptr().add(channel));
                        let x = V::load(self.values.add(pixel * pitch + channel)).sub(centre);
                        *sum = sum.add(x);
                        *square = x.mul_add(x, *square);
                    }
                }
                add_to(self.sums, pitch, line, &[sums, squares]);
            }
        }
    }

    fn work(&self) -> Work {
        let channels = self.channels.len();
        let values = self.extent.pixels * channels;
        Work::new("sums", 3 * values + 2 * channels, values + 5 * channels)
    }
}

/// Adds two lines of sums to `[2, pitch]`.
///
/// # Safety
/// There are so many channels.
#[inline(always)]
pub(crate) unsafe fn add_to<V: Vector>(kept: *mut f32, pitch: usize, line: usize, sums: &[[V; REGISTERS]; 2]) {
    for (row, sums) in sums.iter().enumerate() {
        for (register, sum) in sums.iter().enumerate().take(LINE / V::LANES) {
            // SAFETY: passed on to the caller.
            unsafe {
                let at = kept.add(row * pitch + line + register * V::LANES);
                V::load(at).add(*sum).store(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::runtime::memory::Buffer;
    use crate::cpu::simd::counting::declared_and_done;

    #[test]
    fn sums_do_what_they_say() {
        let extent = Extent { pixels: 6, pitch: 32 };
        let (values, centre) = (Buffer::zeroed(extent.len()), Buffer::zeroed(extent.pitch));
        let mut sums = Buffer::zeroed(2 * extent.pitch);
        let (values, sums) = (values.as_ptr(), sums.as_mut_ptr());
        let kernel = Sums { extent, channels: 16..32, values, centre: &centre, sums };
        // SAFETY: buffers of the extent.
        let (declared, done) = unsafe { declared_and_done(kernel) };
        assert_eq!(declared, done);
    }
}
