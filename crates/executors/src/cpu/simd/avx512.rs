//! Sixteen lanes, 32 registers: AVX-512.

use std::arch::x86_64::*;

use super::vector::{Kernel, Vector};

/// # Safety
/// As [`super::isa::Isa::run`], on a machine with these features.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) {
    // SAFETY: the caller vouches for the arguments; the features are enabled here.
    unsafe { kernel.run::<Avx512>() }
}

#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

// SAFETY of the bodies: a few instructions each; the trait's contract covers features and pointers.
impl Vector for Avx512 {
    const LANES: usize = 16;
    const ROWS: usize = 12;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm512_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        Self(unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))) })
    }
    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        unsafe { _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(self.0))) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(unsafe { _mm512_sqrt_ps(self.0) })
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let biased = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127));
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased)))
        }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }
    #[inline(always)]
    unsafe fn select_greater(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, other.0), no.0, yes.0) })
    }
    #[inline(always)]
    unsafe fn select_equal(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0), no.0, yes.0) })
    }

    /// In each lane of 128 bits four rows are transposed, then the lanes change places.
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_step: usize, to: *mut f32, to_step: usize) {
        unsafe {
            let mut quarters = [_mm512_setzero_ps(); 16];
            for first in (0..16).step_by(4) {
                let row_0 = _mm512_loadu_ps(from.add(first * from_step));
                let row_1 = _mm512_loadu_ps(from.add((first + 1) * from_step));
                let row_2 = _mm512_loadu_ps(from.add((first + 2) * from_step));
                let row_3 = _mm512_loadu_ps(from.add((first + 3) * from_step));
                let low_01 = _mm512_castps_pd(_mm512_unpacklo_ps(row_0, row_1));
                let low_23 = _mm512_castps_pd(_mm512_unpacklo_ps(row_2, row_3));
                let high_01 = _mm512_castps_pd(_mm512_unpackhi_ps(row_0, row_1));
                let high_23 = _mm512_castps_pd(_mm512_unpackhi_ps(row_2, row_3));
                quarters[first] = _mm512_castpd_ps(_mm512_unpacklo_pd(low_01, low_23));
                quarters[first + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low_01, low_23));
                quarters[first + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high_01, high_23));
                quarters[first + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high_01, high_23));
            }
            // Lane l of quarters[4 · k + j] holds column 4 · l + j of rows 4 · k to 4 · k + 3.
            for column in 0..4 {
                let (a, b) = (quarters[column], quarters[column + 4]);
                let (c, d) = (quarters[column + 8], quarters[column + 12]);
                let even = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d));
                let odd = (_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d));
                _mm512_storeu_ps(to.add(column * to_step), _mm512_shuffle_f32x4::<0x88>(even.0, even.1));
                _mm512_storeu_ps(to.add((column + 4) * to_step), _mm512_shuffle_f32x4::<0x88>(odd.0, odd.1));
                _mm512_storeu_ps(to.add((column + 8) * to_step), _mm512_shuffle_f32x4::<0xdd>(even.0, even.1));
                _mm512_storeu_ps(to.add((column + 12) * to_step), _mm512_shuffle_f32x4::<0xdd>(odd.0, odd.1));
            }
        }
    }
}
