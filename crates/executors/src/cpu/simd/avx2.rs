//! Eight lanes, 16 registers, fused multiply-add: AVX2 with FMA.

use std::arch::x86_64::*;

use super::vector::{Kernel, Vector};

/// # Safety
/// As [`super::isa::Isa::run`], on a machine with these features.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) {
    // SAFETY: the caller vouches for the arguments; the features are enabled here.
    unsafe { kernel.run::<Avx2>() }
}

#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256);

// SAFETY of the bodies: a few instructions each; the trait's contract covers features and pointers.
impl Vector for Avx2 {
    const LANES: usize = 8;
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { _mm256_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm256_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        Self(unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) })
    }
    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        unsafe {
            let wide = _mm256_cvtps_epi32(self.0);
            let words = _mm_packus_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256::<1>(wide));
            _mm_storel_epi64(to.cast(), _mm_packus_epi16(words, words));
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(unsafe { _mm256_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm256_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm256_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(unsafe { _mm256_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(unsafe { _mm256_sqrt_ps(self.0) })
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
            Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased)))
        }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, addend.0) })
    }
    #[inline(always)]
    unsafe fn select_greater(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe { _mm256_blendv_ps(no.0, yes.0, _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, other.0)) })
    }
    #[inline(always)]
    unsafe fn select_equal(self, other: Self, yes: Self, no: Self) -> Self {
        Self(unsafe { _mm256_blendv_ps(no.0, yes.0, _mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0)) })
    }

    /// In each lane of 128 bits four rows are transposed, then the lanes change places.
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_step: usize, to: *mut f32, to_step: usize) {
        unsafe {
            let mut halves = [_mm256_setzero_ps(); 8];
            for first in [0, 4] {
                let row_0 = _mm256_loadu_ps(from.add(first * from_step));
                let row_1 = _mm256_loadu_ps(from.add((first + 1) * from_step));
                let row_2 = _mm256_loadu_ps(from.add((first + 2) * from_step));
                let row_3 = _mm256_loadu_ps(from.add((first + 3) * from_step));
                let low_01 = _mm256_castps_pd(_mm256_unpacklo_ps(row_0, row_1));
                let low_23 = _mm256_castps_pd(_mm256_unpacklo_ps(row_2, row_3));
                let high_01 = _mm256_castps_pd(_mm256_unpackhi_ps(row_0, row_1));
                let high_23 = _mm256_castps_pd(_mm256_unpackhi_ps(row_2, row_3));
                halves[first] = _mm256_castpd_ps(_mm256_unpacklo_pd(low_01, low_23));
                halves[first + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low_01, low_23));
                halves[first + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high_01, high_23));
                halves[first + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high_01, high_23));
            }
            // Lane l of halves[4 · k + j] holds column 4 · l + j of rows 4 · k to 4 · k + 3.
            for column in 0..4 {
                let (a, b) = (halves[column], halves[column + 4]);
                _mm256_storeu_ps(to.add(column * to_step), _mm256_permute2f128_ps::<0x20>(a, b));
                _mm256_storeu_ps(to.add((column + 4) * to_step), _mm256_permute2f128_ps::<0x31>(a, b));
            }
        }
    }
}
