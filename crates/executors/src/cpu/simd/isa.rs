//! The choice among instruction sets at run time.

use std::fmt;

#[cfg(target_arch = "x86_64")]
use super::avx2::{self, Avx2};
#[cfg(target_arch = "x86_64")]
use super::avx512::{self, Avx512};
#[cfg(target_arch = "aarch64")]
use super::neon::{self, Neon};
use super::portable::Portable;
use super::vector::{Kernel, Vector};
use crate::cpu::runtime::recorder;

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
    pub(crate) fn lanes(self) -> usize {
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
    pub(crate) unsafe fn run<K: Kernel>(self, kernel: K) {
        let recorded = recorder::begin(|| kernel.work());
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
        recorder::end(recorded);
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
