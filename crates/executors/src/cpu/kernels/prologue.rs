//! What is done to a stage's output on the way to who reads it: batch normalisation and activation, there and back, an
//! image at a time.
//!
//! With x what the stage gave and u = (x - mean) · scale + beta, who reads it sees y = f(u). On the way back the gradient
//! towards y becomes g = d_y · f'(u), which is kept, and the sums that the rest needs, Σ g and Σ g · (x - mean), are
//! added up over images and pixels: only when they are known is the gradient towards x,
//! d_x = scale · (g - Σ g / n - (x - mean) · Σ g · (x - mean) / (n · (variance + ε))),
//! which its reader computes from g and x (`Combine`).

use std::marker::PhantomData;

use super::Extent;
use super::activation::{Activation, ActivationVisitor};
use super::channel_sums::{REGISTERS, add_to};
use crate::cpu::plan::ActivationKind;
use crate::cpu::runtime::memory::LINE;
use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Kernel, Vector};

/// Constants of batch normalisation for each channel, `[pitch]`, zero for those of the padding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine<'a> {
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

/// A kernel that is run on vectors of `V` once its activation is known as a type.
struct OnVectors<V, K>(K, PhantomData<V>);

/// y of an image.
///
/// Valid where `from` and `to` hold it, and `affine` a value for each channel.
pub(crate) struct PrologueForward<'a> {
    /// Pixels and channels.
    pub extent: Extent,
    /// x
    pub from: *const f32,
    /// Receives y; may be x.
    pub to: *mut f32,
    /// Normalisation, if there is one.
    pub affine: Option<Affine<'a>>,
    /// f
    pub activation: ActivationKind,
}

impl PrologueForward<'_> {
    #[inline(always)]
    unsafe fn each<V: Vector, A: Activation>(&self, activation: A) {
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

impl<V: Vector> ActivationVisitor for OnVectors<V, PrologueForward<'_>> {
    type Output = ();

    #[inline(always)]
    fn visit<A: Activation>(self, activation: A) {
        // SAFETY: whoever runs the kernel vouches for its arguments and for the instruction set.
        unsafe { self.0.each::<V, A>(activation) };
    }
}

impl Kernel for PrologueForward<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        self.activation.dispatch(OnVectors::<V, _>(self, PhantomData));
    }

    fn work(&self) -> Work {
        let (affine, constants) = if self.affine.is_some() { (2, 3 * self.extent.pitch) } else { (0, 0) };
        let [value, _] = self.activation.operations();
        Work::new("prologue", (affine + value) * self.extent.len(), 2 * self.extent.len() + constants)
    }
}

/// g of an image, and its sums.
///
/// Valid where the pointers are followed by the image, `affine` has a value for each channel and `sums` two.
pub(crate) struct PrologueBackward<'a> {
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
    pub activation: ActivationKind,
    /// Σ g and Σ g · (x - mean) are added to it, `[2, pitch]`.
    pub sums: Option<&'a mut [f32]>,
}

impl PrologueBackward<'_> {
    #[inline(always)]
    unsafe fn each<V: Vector, A: Activation>(&mut self, activation: A) {
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

impl<V: Vector> ActivationVisitor for OnVectors<V, PrologueBackward<'_>> {
    type Output = ();

    #[inline(always)]
    fn visit<A: Activation>(mut self, activation: A) {
        // SAFETY: whoever runs the kernel vouches for its arguments and for the instruction set.
        unsafe { self.0.each::<V, A>(activation) };
    }
}

impl Kernel for PrologueBackward<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        self.activation.dispatch(OnVectors::<V, _>(self, PhantomData));
    }

    fn work(&self) -> Work {
        let Extent { pitch, .. } = self.extent;
        let (affine, constants) = if self.affine.is_some() { (5, 3 * pitch) } else { (0, 0) };
        let [_, slope] = self.activation.operations();
        let each = affine + if slope > 0 { slope + 1 } else { 0 };
        let (summed, sums) = if self.sums.is_some() { (2 * pitch, 4 * pitch) } else { (0, 0) };
        Work::new("prologue gradient", each * self.extent.len() + summed, 3 * self.extent.len() + constants + sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::runtime::memory::Buffer;
    use crate::cpu::simd::counting::declared_and_done;

    #[test]
    fn prologues_do_what_they_say() {
        let extent = Extent { pixels: 6, pitch: 32 };
        let [values, gradient, mut to] = [(); 3].map(|()| Buffer::zeroed(extent.len()));
        let [mean, scale, beta] = [(); 3].map(|()| Buffer::zeroed(extent.pitch));
        let mut sums = Buffer::zeroed(2 * extent.pitch);
        let affine = Affine { mean: &mean, scale: &scale, beta: &beta };
        let (from, gradient, to) = (values.as_ptr(), gradient.as_ptr(), to.as_mut_ptr());
        for activation in
            [ActivationKind::None, ActivationKind::LeakyRelu(0.1), ActivationKind::Gelu, ActivationKind::Silu]
        {
            for affine in [None, Some(affine)] {
                // SAFETY: buffers of the extent.
                let (declared, done) =
                    unsafe { declared_and_done(PrologueForward { extent, from, to, affine, activation }) };
                assert_eq!(declared, done, "{activation:?}");
                let sums = affine.is_some().then_some(&mut sums[..]);
                let backward = PrologueBackward { extent, gradient, values: from, to, affine, activation, sums };
                // SAFETY: as above.
                let (declared, done) = unsafe { declared_and_done(backward) };
                assert_eq!(declared.arithmetic, done.arithmetic, "{activation:?}");
                let unread = if affine.is_none() && activation == ActivationKind::None { 0 } else { done.bytes };
                assert!(unread == 0 || declared.bytes == done.bytes, "{activation:?}");
            }
        }
    }
}
