//! What is done to a stage's output on the way to who reads it: batch normalisation and activation, there and back, an image
//! at a time.
//!
//! With x what the stage gave and u = (x - mean) · scale + beta, who reads it sees y = f(u). On the way back the gradient
//! towards y becomes g = d_y · f'(u), which is kept, and the sums that the rest needs, Σ g and Σ g · (x - mean), are added up
//! over images and pixels: only when they are known is the gradient towards x,
//! d_x = scale · (g - Σ g / n - (x - mean) · Σ g · (x - mean) / (n · (variance + ε))),
//! which its reader computes from g and x (`Combine`).

use super::curve::{Activate, Curve, Gelu, Leaky, Line, Silu};
use super::memory::LINE;
use super::record::Work;
use super::vector::{Kernel, Vector};

/// Registers of a line at most.
const REGISTERS: usize = 4;

/// Constants of batch normalisation for each channel, `[pitch]`, zero for those of the padding.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// Taken off first.
    pub mean: &'a [f32],
    /// Multiplied by then.
    pub scale: &'a [f32],
    /// Added at last.
    pub beta: &'a [f32],
}

impl Affine<'_> {
    /// u for some channels from `channel` on.
    ///
    /// # Safety
    /// There are so many channels.
    #[inline(always)]
    unsafe fn apply<V: Vector>(&self, x: V, channel: usize) -> V {
        // SAFETY: passed on to the caller.
        unsafe {
            let at = |values: &[f32]| V::load(values.as_ptr().add(channel));
            x.sub(at(self.mean)).mul_add(at(self.scale), at(self.beta))
        }
    }
}

/// Images of one layout, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Pixels of all.
    pub pixels: usize,
    /// Values of a pixel, whole lines.
    pub pitch: usize,
}

impl Extent {
    fn len(self) -> usize {
        self.pixels * self.pitch
    }
}

/// y of an image.
///
/// Valid where `from` and `to` hold it, and `affine` a value for each channel.
pub struct Look<'a> {
    /// Pixels and channels.
    pub extent: Extent,
    /// x
    pub from: *const f32,
    /// Receives y; may be x.
    pub to: *mut f32,
    /// Normalisation, if there is one.
    pub affine: Option<Affine<'a>>,
    /// f
    pub curve: Curve,
}

impl Look<'_> {
    #[inline(always)]
    unsafe fn each<V: Vector, A: Activate>(&self, activation: A) {
        let Extent { pixels, pitch } = self.extent;
        for pixel in 0..pixels {
            for channel in (0..pitch).step_by(V::LANES) {
                // SAFETY: a register inside the image that the caller vouches for.
                unsafe {
                    let at = pixel * pitch + channel;
                    let mut value = V::load(self.from.add(at));
                    if let Some(affine) = &self.affine {
                        value = affine.apply(value, channel);
                    }
                    activation.value(value).store(self.to.add(at));
                }
            }
        }
    }
}

impl Kernel for Look<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: passed on to the caller.
        unsafe {
            match self.curve {
                Curve::Line => self.each::<V, _>(Line),
                Curve::Leaky(slope) => self.each::<V, _>(Leaky(slope)),
                Curve::Gelu => self.each::<V, _>(Gelu),
                Curve::Silu => self.each::<V, _>(Silu),
            }
        }
    }

    fn work(&self) -> Work {
        let (affine, constants) = if self.affine.is_some() { (2, 3 * self.extent.pitch) } else { (0, 0) };
        let [value, _] = operations(self.curve);
        Work::new("view", (affine + value) * self.extent.len(), 2 * self.extent.len() + constants)
    }
}

/// Operations of an activation's value and slope.
fn operations(curve: Curve) -> [usize; 2] {
    match curve {
        Curve::Line => Line::OPERATIONS,
        Curve::Leaky(_) => Leaky::OPERATIONS,
        Curve::Gelu => Gelu::OPERATIONS,
        Curve::Silu => Silu::OPERATIONS,
    }
}

/// g of an image, and its sums.
///
/// Valid where the pointers are followed by the image, `affine` has a value for each channel and `sums` two.
pub struct LookBack<'a> {
    /// Pixels and channels.
    pub extent: Extent,
    /// d_y
    pub gradient: *const f32,
    /// x
    pub values: *const f32,
    /// Receives g; may be x.
    pub to: *mut f32,
    /// Normalisation, if there is one.
    pub affine: Option<Affine<'a>>,
    /// f
    pub curve: Curve,
    /// Σ g and Σ g · (x - mean) are added to it, `[2, pitch]`.
    pub sums: Option<&'a mut [f32]>,
}

impl LookBack<'_> {
    #[inline(always)]
    unsafe fn each<V: Vector, A: Activate>(&mut self, activation: A) {
        let Extent { pixels, pitch } = self.extent;
        let registers = LINE / V::LANES;
        for line in (0..pitch).step_by(LINE) {
            // SAFETY: the instruction set is there.
            let [mut gradients, mut products] = [[unsafe { V::splat(0.0) }; REGISTERS]; 2];
            for pixel in 0..pixels {
                for (register, (gradient, product)) in
                    gradients.iter_mut().zip(&mut products).enumerate().take(registers)
                {
                    let channel = line + register * V::LANES;
                    let at = pixel * pitch + channel;
                    // SAFETY: a register inside the image that the caller vouches for.
                    unsafe {
                        let x = V::load(self.values.add(at));
                        let mut u = x;
                        if let Some(affine) = &self.affine {
                            u = affine.apply(x, channel);
                        }
                        let mut g = V::load(self.gradient.add(at));
                        if A::OPERATIONS[1] > 0 {
                            g = g.mul(activation.slope(u));
                        }
                        g.store(self.to.add(at));
                        if let Some(affine) = &self.affine {
                            let centred = x.sub(V::load(affine.mean.as_ptr().add(channel)));
                            *gradient = gradient.add(g);
                            *product = g.mul_add(centred, *product);
                        }
                    }
                }
            }
            if let Some(kept) = &mut self.sums {
                // SAFETY: two values for each channel.
                unsafe { add_to(kept.as_mut_ptr(), pitch, line, &[gradients, products]) };
            }
        }
    }
}

impl Kernel for LookBack<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        // SAFETY: passed on to the caller.
        unsafe {
            match self.curve {
                Curve::Line => self.each::<V, _>(Line),
                Curve::Leaky(slope) => self.each::<V, _>(Leaky(slope)),
                Curve::Gelu => self.each::<V, _>(Gelu),
                Curve::Silu => self.each::<V, _>(Silu),
            }
        }
    }

    fn work(&self) -> Work {
        let Extent { pitch, .. } = self.extent;
        let (affine, constants) = if self.affine.is_some() { (5, 3 * pitch) } else { (0, 0) };
        let [_, slope] = operations(self.curve);
        let each = affine + if slope > 0 { slope + 1 } else { 0 };
        let (summed, sums) = if self.sums.is_some() { (2 * pitch, 4 * pitch) } else { (0, 0) };
        Work::new("view back", each * self.extent.len() + summed, 3 * self.extent.len() + constants + sums)
    }
}

/// Adds two lines of sums to `[2, pitch]`.
///
/// # Safety
/// There are so many channels.
#[inline(always)]
unsafe fn add_to<V: Vector>(kept: *mut f32, pitch: usize, line: usize, sums: &[[V; REGISTERS]; 2]) {
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

/// Σ (x - centre) and Σ (x - centre)² of some channels of images, where `centre` is near the mean, so that little is lost.
///
/// Valid where `values` is followed by the images, and `centre` and `sums` have one and two values for each channel.
pub struct Sums<'a> {
    /// Pixels and channels.
    pub extent: Extent,
    /// Which channels, whole lines.
    pub channels: std::ops::Range<usize>,
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

/// Constants of the way back through batch normalisation, `[pitch]`.
#[derive(Clone, Copy, Debug)]
pub struct BackAffine<'a> {
    /// Factor of g.
    pub scale: &'a [f32],
    /// What does not depend on g.
    pub rest: Option<Rest<'a>>,
}

/// What of the way back through batch normalisation does not depend on g: slope · (x - mean) + shift.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a> {
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
pub struct Combine<'a> {
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
pub struct Add {
    /// Pixels and channels.
    pub extent: Extent,
    /// Which channels, whole lines.
    pub channels: std::ops::Range<usize>,
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
    use crate::cpu::counting::declared_and_done;
    use crate::cpu::memory::Buffer;

    #[test]
    fn views_do_what_they_say() {
        let extent = Extent { pixels: 6, pitch: 32 };
        let [values, gradient, mut to] = [(); 3].map(|()| Buffer::zeroed(extent.len()));
        let [mean, scale, beta, shift] = [(); 4].map(|()| Buffer::zeroed(extent.pitch));
        let mut sums = Buffer::zeroed(2 * extent.pitch);
        let affine = Affine { mean: &mean, scale: &scale, beta: &beta };
        let rest = Rest { mean: &mean, slope: &beta, shift: &shift };
        let [back, other] = [Some(rest), None].map(|rest| BackAffine { scale: &scale, rest });
        let (from, gradient, to) = (values.as_ptr(), gradient.as_ptr(), to.as_mut_ptr());
        for curve in [Curve::Line, Curve::Leaky(0.1), Curve::Gelu, Curve::Silu] {
            for affine in [None, Some(affine)] {
                // SAFETY: buffers of the extent.
                let (declared, done) = unsafe { declared_and_done(Look { extent, from, to, affine, curve }) };
                assert_eq!(declared, done, "{curve:?}");
                let sums = affine.is_some().then_some(&mut sums[..]);
                let look_back = LookBack { extent, gradient, values: from, to, affine, curve, sums };
                // SAFETY: as above.
                let (declared, done) = unsafe { declared_and_done(look_back) };
                assert_eq!(declared.arithmetic, done.arithmetic, "{curve:?}");
                let unread = if affine.is_none() && curve == Curve::Line { 0 } else { done.bytes };
                assert!(unread == 0 || declared.bytes == done.bytes, "{curve:?}");
            }
        }
        let channels = 16..32;
        // SAFETY: as above.
        let (declared, done) = unsafe {
            declared_and_done(Sums { extent, channels, values: from, centre: &mean, sums: sums.as_mut_ptr() })
        };
        assert_eq!(declared, done);
        // SAFETY: as above.
        let (declared, done) = unsafe { declared_and_done(Add { extent, channels: 0..16, from, to }) };
        assert_eq!(declared, done);
        for affine in [None, Some(back), Some(other)] {
            for accumulate in [false, true] {
                let combine = Combine { extent, gradient, values: from, affine, to, accumulate };
                // SAFETY: as above.
                let (declared, done) = unsafe { declared_and_done(combine) };
                assert_eq!(declared, done);
            }
        }
    }
}
