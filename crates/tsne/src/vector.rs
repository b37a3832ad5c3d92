//! Vectors of numbers, by the crate `pulp`: a loop is compiled for every instruction set, and the best of them is chosen when
//! the program runs.
//!
//! Sums are made in lanes, whose number depends on the instruction set: results of one machine are always the same, those of
//! another may differ in their last bits.

use std::sync::LazyLock;

use pulp::{Arch, Simd, WithSimd};

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Runs a kernel with the best instruction set of this machine.
#[inline(always)]
pub(crate) fn with_vectors<K: WithSimd>(kernel: K) -> K::Output {
    ARCH.dispatch(kernel)
}

/// Runs loops that compilers make vectors of by themselves, with the best instruction set of this machine.
macro_rules! vectorised {
    ($work:expr) => {
        $crate::vector::with_vectors($crate::vector::Inlined(
            #[inline(always)]
            || $work,
        ))
    };
}
pub(crate) use vectorised;

/// A closure that is compiled anew inside each instruction set's own copy.
pub(crate) struct Inlined<F>(pub(crate) F);

impl<R, F: FnOnce() -> R> WithSimd for Inlined<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> R {
        (self.0)()
    }
}

/// The name of these instructions, as other programs know it.
pub fn instruction_set() -> &'static str {
    match *ARCH {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "avx512",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "avx2",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "neon",
        _ => "portable",
    }
}

/// Squared Euclidean distance of two points of the same dimensions.
#[inline(always)]
pub(crate) fn squared_distance<S: Simd>(simd: S, one: &[f32], other: &[f32]) -> f32 {
    let (ones, one_rest) = S::as_simd_f32s(one);
    let (others, other_rest) = S::as_simd_f32s(other);
    // Two sums, so that one addition need not wait for the one before.
    let mut sums = [simd.splat_f32s(0.0); 2];
    for (at, (&one, &other)) in ones.iter().zip(others).enumerate() {
        let difference = simd.sub_f32s(one, other);
        sums[at % 2] = simd.mul_add_f32s(difference, difference, sums[at % 2]);
    }
    let difference = simd.sub_f32s(simd.partial_load_f32s(one_rest), simd.partial_load_f32s(other_rest));
    sums[0] = simd.mul_add_f32s(difference, difference, sums[0]);
    simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct SquaredDistance<'a>(&'a [f32], &'a [f32]);

    impl WithSimd for SquaredDistance<'_> {
        type Output = f32;

        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            squared_distance(simd, self.0, self.1)
        }
    }

    #[test]
    fn distances_match_plain_sums_at_any_length() {
        for length in 0..100 {
            let one: Vec<f32> = (0..length).map(|at| ((at * 31) % 17) as f32).collect();
            let other: Vec<f32> = (0..length).map(|at| ((at * 13) % 19) as f32).collect();
            let plain: f32 = one.iter().zip(&other).map(|(one, other)| (one - other).powi(2)).sum();
            assert_eq!(with_vectors(SquaredDistance(&one, &other)), plain, "{length}");
            assert_eq!(squared_distance(pulp::Scalar, &one, &other), plain, "{length}");
        }
    }
}
