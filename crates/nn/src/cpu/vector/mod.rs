//! Vectors of f32 in each instruction set, behind one trait, and the choice among them at run time.
//!
//! A kernel is written once, generic over [`Vector`], as a struct of its arguments with a [`Kernel::run`] that the
//! compiler specialises for every instruction set; [`Isa::run`] picks the copy that fits this machine.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use std::fmt;

#[cfg(target_arch = "x86_64")]
use self::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use self::avx512::Avx512;
#[cfg(target_arch = "aarch64")]
use self::neon::Neon;
pub use self::portable::Portable;
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
    /// The nearest whole number, in ±2²².
    unsafe fn round(self) -> Self;
    /// 2 to the power of self, a whole number from -126 to 127.
    unsafe fn power_of_two(self) -> Self;
    /// self · factor + addend, rounded once where the instruction set can.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Per lane: `yes` where self > other, else `no`.
    unsafe fn select_greater(self, other: Self, yes: Self, no: Self) -> Self;
    /// Per lane: `yes` where self = other, else `no`.
    unsafe fn select_equal(self, other: Self, yes: Self, no: Self) -> Self;

    /// Transposes LANES × LANES values: value `column` of row `row`, at `from + row · from_step + column`, goes to
    /// `to + column · to_step + row`. Both are valid for that many rows of that many values, and none is in both.
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
            Isa::Avx512 => Avx512::LANES,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2::LANES,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => Neon::LANES,
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
                Isa::Avx512 => avx512::run(kernel),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => avx2::run(kernel),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::run(kernel),
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
