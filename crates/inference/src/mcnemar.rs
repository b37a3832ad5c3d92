//! Whether one of two classifiers is better than the other, judged by the images that only one of them gets right.

use serde::Serialize;

/// Below so many discordant images the exact distribution is taken: where it differs from its limit.
const FEW: u64 = 25;

/// McNemar's test of two classifiers on the same images (McNemar, "Note on the sampling error of the difference between correlated
/// proportions or percentages", Psychometrika 12, 1947; Dietterich, "Approximate statistical tests for comparing supervised
/// classification learning algorithms", Neural Computation 10, 1998).
///
/// Images that both get right, or both wrong, say nothing of the difference. Were both equally good, each of the n = b + c others
/// would be got right by one or the other with probability 1/2. Where n < 25 the p-value is that of the binomial distribution,
/// `min(1, 2 · Σ C(n, k) / 2ⁿ)` over k from 0 to min(b, c); otherwise that of χ² with one degree of freedom, at
/// `(|b - c| - 1)² / n`, with Edwards' correction for continuity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct McNemar {
    /// Images that only the first classifier gets right.
    pub only_first: u64,
    /// Images that only the second classifier gets right.
    pub only_second: u64,
    /// How likely a difference at least so large is between classifiers that are equally good.
    pub p_value: f64,
    /// Whether the p-value is exact.
    pub is_exact: bool,
}

impl McNemar {
    /// By the numbers of images that only one of two classifiers gets right.
    pub fn new(only_first: u64, only_second: u64) -> Self {
        let count = only_first + only_second;
        let is_exact = count < FEW;
        let p_value = if is_exact {
            binomial(count, only_first.min(only_second))
        } else {
            let difference = only_first.abs_diff(only_second).saturating_sub(1) as f64;
            // P(χ² > x) of one degree of freedom is that of |z| > √x.
            two_tails(difference / (count as f64).sqrt())
        };
        Self { only_first, only_second, p_value, is_exact }
    }
}

/// Twice the probability of at most `most` heads of `count` fair coins, at most 1.
fn binomial(count: u64, most: u64) -> f64 {
    let mut term = 0.5_f64.powi(count as i32);
    let mut sum = 0.0;
    for heads in 0..=most {
        sum += term;
        term *= (count - heads) as f64 / (heads + 1) as f64;
    }
    (2.0 * sum).min(1.0)
}

/// The probability that a standard normal variable is at least `z` from 0: erfc(z / √2), by the rational approximation 7.1.26 of
/// Abramowitz and Stegun, to within 1.5e-7.
fn two_tails(z: f64) -> f64 {
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let polynomial = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592]
        .iter()
        .fold(0.0, |sum, factor| (sum + factor) * t);
    (polynomial * (-x * x).exp()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-6, "{value} instead of {expected}");
    }

    #[test]
    fn few_discordant_images_are_judged_exactly() {
        // 2 · (1 + 8 + 28) / 2⁸
        close(McNemar::new(2, 6).p_value, 74.0 / 256.0);
        close(McNemar::new(0, 5).p_value, 2.0 / 32.0);
        for (first, second) in [(0, 0), (3, 3), (12, 12)] {
            let test = McNemar::new(first, second);
            assert!(test.is_exact);
            close(test.p_value, 1.0);
        }
    }

    #[test]
    fn many_are_judged_by_the_limit() {
        // χ² = (|59 - 121| - 1)² / 180 = 20.672, and (|30 - 40| - 1)² / 70 = 1.157.
        let test = McNemar::new(59, 121);
        assert!(!test.is_exact && (4e-6..7e-6).contains(&test.p_value), "{}", test.p_value);
        close(McNemar::new(40, 30).p_value, 0.282_059);
        close(McNemar::new(50, 50).p_value, 1.0);
    }

    #[test]
    fn neither_classifier_is_the_first_by_nature() {
        assert_eq!(McNemar::new(7, 19).p_value, McNemar::new(19, 7).p_value);
    }
}
