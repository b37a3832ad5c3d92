//! Sums of images: what the gradient towards an output is made of, and what a stage adds to its own.

use std::ops::Range;

use super::Extent;
use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Kernel, Vector};

/// Constants of the way back through batch normalisation, `[pitch]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackAffine<'a> {
    /// Factor of g.
    pub scale: &'a [f32],
    /// What does not depend on g.
    pub rest: Option<Rest<'a>>,
}

/// What of the way back through batch normalisation does not depend on g: slope · (x - mean) + shift.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest<'a> {
    /// The batch's mean.
    pub mean: &'a [f32],
    /// Factor of x - mean.
    pub slope: &'a [f32],
    /// Added.
    pub shift: &'a [f32],
}

/// What the gradient towards an image of a stage's output is made of: d_x = scale · g + slope · (x - mean) + shift, or just
/// g; put down, or added to what is there.
///
/// Valid where the pointers are followed by the image, and `affine` has a value for each channel.
pub(crate) struct Combine<'a> {
    /// Pixels and channels.
    pub extent: Extent,
    /// g
    pub gradient: *const f32,
    /// x
    pub values: *const f32,
    /// Normalisation, if there is one.
    pub affine: Option<BackAffine<'a>>,
    /// Receives d_x; may be g.
    pub to: *mut f32,
    /// Whether it is added to.
    pub accumulate: bool,
}

impl Kernel for Combine<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Extent { pixels, pitch } = self.extent;
        for pixel in 0..pixels {
            for channel in (0..pitch).step_by(V::LANES) {
                // SAFETY: a register inside the image that the caller vouches for.
                unsafe {
                    let at = pixel * pitch + channel;
                    let mut d = V::load(self.gradient.add(at));
                    if let Some(affine) = &self.affine {
                        let of = |values: &[f32]| V::load(values.as_ptr().add(channel));
                        d = d.mul(of(affine.scale));
                        if let Some(rest) = &affine.rest {
                            let x = V::load(self.values.add(at)).sub(of(rest.mean));
                            d = x.mul_add(of(rest.slope), d.add(of(rest.shift)));
                        }
                    }
                    let to = self.to.add(at);
                    if self.accumulate { V::load(to).add(d).store(to) } else { d.store(to) }
                }
            }
        }
    }

    fn work(&self) -> Work {
        let (len, pitch) = (self.extent.len(), self.extent.pitch);
        let (affine, read) = match self.affine {
            None => (0, len),
            Some(BackAffine { rest: None, .. }) => (1, len + pitch),
            Some(BackAffine { rest: Some(_), .. }) => (4, 2 * len + 4 * pitch),
        };
        let (added, again) = if self.accumulate { (1, len) } else { (0, 0) };
        Work::new("combination", (affine + added) * len, read + len + again)
    }
}

/// Adds some channels of an image to those of another.
///
/// Valid where both pointers are followed by the image.
pub(crate) struct Add {
    /// Pixels and channels.
    pub extent: Extent,
    /// Which channels, whole lines.
    pub channels: Range<usize>,
    /// What is added.
    pub from: *const f32,
    /// What it is added to.
    pub to: *mut f32,
}

impl Kernel for Add {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Extent { pixels, pitch } = self.extent;
        for pixel in 0..pixels {
            for channel in self.channels.clone().step_by(V::LANES) {
                // SAFETY: a register inside the images that the caller vouches for.
                unsafe {
                    let to = self.to.add(pixel * pitch + channel);
                    V::load(to).add(V::load(self.from.add(pixel * pitch + channel))).store(to);
                }
            }
        }
    }

    fn work(&self) -> Work {
        let values = self.extent.pixels * self.channels.len();
        Work::new("addition", values, 3 * values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::runtime::memory::Buffer;
    use crate::cpu::simd::counting::declared_and_done;

    #[test]
    fn combinations_do_what_they_say() {
        let extent = Extent { pixels: 6, pitch: 32 };
        let [values, gradient, mut to] = [(); 3].map(|()| Buffer::zeroed(extent.len()));
        let [mean, scale, slope, shift] = [(); 4].map(|()| Buffer::zeroed(extent.pitch));
        let rest = Rest { mean: &mean, slope: &slope, shift: &shift };
        let [back, other] = [Some(rest), None].map(|rest| BackAffine { scale: &scale, rest });
        let (values, gradient, to) = (values.as_ptr(), gradient.as_ptr(), to.as_mut_ptr());
        // SAFETY: buffers of the extent.
        let (declared, done) = unsafe { declared_and_done(Add { extent, channels: 0..16, from: values, to }) };
        assert_eq!(declared, done);
        for affine in [None, Some(back), Some(other)] {
            for accumulate in [false, true] {
                // SAFETY: as above.
                let (declared, done) =
                    unsafe { declared_and_done(Combine { extent, gradient, values, affine, to, accumulate }) };
                assert_eq!(declared, done);
            }
        }
    }
}
