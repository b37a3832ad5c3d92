//! Vector code, by the crate `pulp`: each kernel is compiled for every instruction set, and the best one of the machine is
//! chosen when the program runs.
//!
//! Each lane sums by itself, and the number of lanes depends on the instruction set. So the results of one machine are always
//! the same, those of another may differ in their last bits.

use std::sync::LazyLock;

use pulp::{Arch, Simd, WithSimd};

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Runs a kernel with the best instruction set of this machine.
#[inline(always)]
pub(crate) fn with_vectors<K: WithSimd>(kernel: K) -> K::Output {
    ARCH.dispatch(kernel)
}

/// Runs loops that the compiler vectorises by itself, with the best instruction set of this machine.
macro_rules! vectorised {
    ($work:expr) => {
        $crate::simd::with_vectors($crate::simd::Inlined(
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

/// The instruction set in use: `avx512`, `avx2`, `neon` or `portable`.
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

/// Adds `others` to `sums`, which are as many.
pub(crate) fn add(sums: &mut [f32], others: &[f32]) {
    vectorised!(sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other));
}

/// Natural logarithms of numbers from 1 on, to a millionth.
///
/// x = 2ᵉ m with m near 1, and ln m = 2 artanh s with s = (m - 1) / (m + 1), of which five terms are enough.
#[inline(always)]
pub(crate) fn ln<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // m is from 2/3 on and below 4/3.
    const TWO_THIRDS: u32 = 0x3f2a_aaab;
    const MANTISSA: u32 = 0x007f_ffff;
    // Numbers below 2²³ are the last bits of what they are with this many added.
    const MANY: f32 = 8_388_608.0;
    let number = |value| simd.splat_f32s(value);
    let bits = |value| simd.splat_u32s(value);
    let above = simd.sub_u32s(simd.transmute_u32s_f32s(x), bits(TWO_THIRDS));
    let exponent = simd.wrapping_dyn_shr_u32s(above, bits(MANTISSA.count_ones()));
    let exponent = simd.transmute_f32s_u32s(simd.or_u32s(exponent, bits(MANY.to_bits())));
    let exponent = simd.sub_f32s(exponent, number(MANY));
    let m = simd.add_u32s(simd.and_u32s(above, bits(MANTISSA)), bits(TWO_THIRDS));
    let m = simd.transmute_f32s_u32s(m);
    let s = simd.div_f32s(simd.sub_f32s(m, number(1.0)), simd.add_f32s(m, number(1.0)));
    let squared = simd.mul_f32s(s, s);
    let mut series = number(1.0 / 9.0);
    for term in [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0] {
        series = simd.mul_add_f32s(series, squared, number(term));
    }
    let of_m = simd.mul_f32s(simd.add_f32s(s, s), series);
    simd.mul_add_f32s(exponent, number(std::f32::consts::LN_2), of_m)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Logarithm(f32);

    impl WithSimd for Logarithm {
        type Output = f32;

        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            simd.reduce_max_f32s(ln(simd, simd.splat_f32s(self.0)))
        }
    }

    #[test]
    fn logarithms_are_right_to_a_millionth() {
        let numbers = (0..2000).map(|at| 1.003f32.powi(at) * (1.0 + at as f32 * 1e-5)).chain([1e12, 1e30, f32::MAX]);
        for number in numbers {
            let right = f64::from(number).ln();
            for found in [with_vectors(Logarithm(number)), Logarithm(number).with_simd(pulp::Scalar)] {
                assert!((f64::from(found) - right).abs() <= 1e-6 * right.max(1.0) / 2.0, "{found} of {number}");
            }
        }
        assert_eq!(with_vectors(Logarithm(1.0)), 0.0);
    }

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
