//! Vectors of f32 in each instruction set, behind one trait, and the choice among them at run time.
//!
//! A kernel is written once, generic over [`Vector`], as a struct of its arguments with a [`Kernel::run`] that the
//! compiler specialises for every instruction set; [`Isa::run`] picks the copy that fits this machine.

use std::fmt;

use super::record::{self, Work};

/// One register of f32 lanes.
///
/// # Safety
/// The methods use the instruction set's own instructions: they may only be called where [`Isa::run`] has checked for it.
/// Loads and stores need no alignment; their pointers must be valid for [`Vector::LANES`] values.
pub trait Vector: Copy {
    /// Values in a register.
    const LANES: usize;
    /// Rows of a product's register tile, two registers wide: as many as the register file holds beside its operands.
    const ROWS: usize;

    /// The same value in every lane.
    unsafe fn splat(value: f32) -> Self;
    /// Lanes from memory.
    unsafe fn load(from: *const f32) -> Self;
    /// Lanes to memory.
    unsafe fn store(self, to: *mut f32);
    /// Lanes from bytes.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// Lanes, all whole numbers in 0..=255, to bytes.
    unsafe fn store_bytes(self, to: *mut u8);
    /// self + other
    unsafe fn add(self, other: Self) -> Self;
    /// self - other
    unsafe fn sub(self, other: Self) -> Self;
    /// self · other
    unsafe fn mul(self, other: Self) -> Self;
    /// self / other
    unsafe fn div(self, other: Self) -> Self;
    /// Square root.
    unsafe fn sqrt(self) -> Self;
    /// self · factor + addend, rounded once where the instruction set can.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Per lane: `yes` where self > other, else `no`.
    unsafe fn select_greater(self, other: Self, yes: Self, no: Self) -> Self;
    /// Per lane: `yes` where self = other, else `no`.
    unsafe fn select_equal(self, other: Self, yes: Self, no: Self) -> Self;

    /// Transposes LANES × LANES values: value `column` of row `row`, at `from + row · from_step + column`, goes to
    /// `to + column · to_step + row`.
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_step: usize, to: *mut f32, to_step: usize) {
        for row in 0..Self::LANES {
            for column in 0..Self::LANES {
                // SAFETY: the caller vouches for the rows of both.
                unsafe { *to.add(column * to_step + row) = *from.add(row * from_step + column) };
            }
        }
    }
}

/// A computation over vectors, with its arguments.
pub trait Kernel {
    /// Runs it. Implementations are `#[inline(always)]`, so that they compile inside [`Isa::run`]'s copies.
    ///
    /// # Safety
    /// The instruction set of `V` must be there, and the arguments valid as the kernel's own documentation says.
    unsafe fn run<V: Vector>(self);

    /// What that will take: every operation of [`Vector`] that computes, in lanes, and all that is read and written.
    fn work(&self) -> Work;
}

/// An instruction set with kernels of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// 16 lanes, 32 registers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 lanes, 16 registers, fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 4 lanes, 32 registers, fused multiply-add.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// Plain Rust, which any machine runs.
    Portable,
}

impl Isa {
    /// Every instruction set this machine has, the fastest first.
    pub fn available() -> Vec<Isa> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("fma")
            {
                found.push(Isa::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                found.push(Isa::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        found.push(Isa::Neon);
        found.push(Isa::Portable);
        found
    }

    /// Lanes of a register.
    pub fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => x86::Avx512::LANES,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86::Avx2::LANES,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => neon::Neon::LANES,
            Isa::Portable => Portable::LANES,
        }
    }

    /// Runs a kernel with this instruction set, and records it if this thread does.
    ///
    /// # Safety
    /// The kernel's arguments must be valid as its own documentation says. `self` came from [`Isa::available`].
    #[inline]
    pub unsafe fn run<K: Kernel>(self, kernel: K) {
        let recorded = record::begin(|| kernel.work());
        // SAFETY: the caller vouches for the arguments, and `available` has found the instructions.
        unsafe {
            match self {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => x86::run_avx512(kernel),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => x86::run_avx2(kernel),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::run_neon(kernel),
                Isa::Portable => kernel.run::<Portable>(),
            }
        }
        record::end(recorded);
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => "neon",
            Isa::Portable => "portable",
        })
    }
}

/// Four lanes in plain Rust, which the compiler maps to what every machine of the target has.
#[derive(Clone, Copy)]
pub struct Portable([f32; 4]);

impl Portable {
    #[inline(always)]
    fn lanewise(self, other: Self, operation: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|lane| operation(self.0[lane], other.0[lane])))
    }
}

// SAFETY of the bodies: plain loads and stores of four values through pointers that the caller vouches for.
impl Vector for Portable {
    const LANES: usize = 4;
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see above.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: see above.
        Self(unsafe { from.cast::<[u8; 4]>().read_unaligned() }.map(f32::from))
    }
    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        // SAFETY: see above.
        unsafe { to.cast::<[u8; 4]>().write_unaligned(self.0.map(|lane| lane as u8)) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.lanewise(other, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.lanewise(other, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.lanewise(other, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.lanewise(other, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * factor.0[lane] + addend.0[lane]))
    }
    #[inline(always)]
    unsafe fn select_greater(self, other: Self, yes: Self, no: Self) -> Self {
        Self(std::array::from_fn(|lane| if self.0[lane] > other.0[lane] { yes.0[lane] } else { no.0[lane] }))
    }
    #[inline(always)]
    unsafe fn select_equal(self, other: Self, yes: Self, no: Self) -> Self {
        Self(std::array::from_fn(|lane| if self.0[lane] == other.0[lane] { yes.0[lane] } else { no.0[lane] }))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Kernel, Vector};

    /// # Safety
    /// As [`super::Isa::run`], on a machine with these features.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
    pub unsafe fn run_avx512<K: Kernel>(kernel: K) {
        // SAFETY: the caller vouches for the arguments; the features are enabled here.
        unsafe { kernel.run::<Avx512>() }
    }

    /// # Safety
    /// As [`super::Isa::run`], on a machine with these features.
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn run_avx2<K: Kernel>(kernel: K) {
        // SAFETY: the caller vouches for the arguments; the features are enabled here.
        unsafe { kernel.run::<Avx2>() }
    }

    #[derive(Clone, Copy)]
    pub struct Avx512(__m512);

    // SAFETY of the bodies: one instruction each; the trait's contract covers features and pointers.
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

    #[derive(Clone, Copy)]
    pub struct Avx2(__m256);

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
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;

    use super::{Kernel, Vector};

    /// # Safety
    /// As [`super::Isa::run`].
    #[target_feature(enable = "neon")]
    pub unsafe fn run_neon<K: Kernel>(kernel: K) {
        // SAFETY: the caller vouches for the arguments; the feature is enabled here.
        unsafe { kernel.run::<Neon>() }
    }

    #[derive(Clone, Copy)]
    pub struct Neon(float32x4_t);

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
}
