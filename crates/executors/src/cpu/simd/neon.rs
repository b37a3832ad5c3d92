//! Four lanes, 32 registers, fused multiply-add: NEON, which every 64-bit Arm has.

use std::arch::aarch64::*;

use super::vector::{Kernel, Vector};

/// # Safety
/// As [`super::isa::Isa::run`].
#[target_feature(enable = "neon")]
pub(crate) unsafe fn run<K: Kernel>(kernel: K) {
    // SAFETY: the caller vouches for the arguments; the feature is enabled here.
    unsafe { kernel.run::<Neon>() }
}

#[derive(Clone, Copy)]
pub(crate) struct Neon(float32x4_t);

// SAFETY of the bodies: a few instructions each; the trait's contract covers features and pointers.
impl Vector for Neon {
    const LANES: usize = 4;
    const ROWS: usize = 12;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { vdupq_n_f32(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { vld1q_f32(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { vst1q_f32(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        let bytes = unsafe { from.cast::<[u8; 4]>().read_unaligned() };
        unsafe { Self::load(bytes.map(f32::from).as_ptr()) }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        let mut lanes = [0.0; 4];
        unsafe {
            self.store(lanes.as_mut_ptr());
            to.cast::<[u8; 4]>().write_unaligned(lanes.map(|lane| lane as u8));
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { vaddq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { vsubq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { vmulq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(unsafe { vdivq_f32(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(unsafe { vsqrtq_f32(self.0) })
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(unsafe { vrndnq_f32(self.0) })
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let biased = vaddq_s32(vcvtq_s32_f32(self.0), vdupq_n_s32(127));
            Self(vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased)))
        }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { vfmaq_f32(addend.0, self.0, factor.0) })
    }
    #[inline(always)]
    unsafe fn select_greater(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe { vbslq_f32(vcgtq_f32(self.0, other.0), yes.0, no.0) })
    }
    #[inline(always)]
    unsafe fn select_equal(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe { vbslq_f32(vceqq_f32(self.0, other.0), yes.0, no.0) })
    }
}
