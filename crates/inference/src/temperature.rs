//! What logits are divided by so that probabilities are as certain as they are right (Guo et al., 2017).

use modiste_network::executor::softmax::{cross_entropy, predicted};

/// Fewer images than these say too little of it.
pub const LEAST_IMAGES: usize = 100;

/// No network for use needs to be corrected further than this, up or down.
const MOST: f64 = 20.0;

/// Far more than are needed: each doubles the digits that are right, and at worst halves what is left of the range.
const ROUNDS: usize = 200;

/// The temperature T for logits `[n, classes]` with their labels `[n]`: that at which the mean cross-entropy of logits / T is
/// least, but less certain by one standard error of 1 / T. Few images leave a doubt which T it is, and too certain is worse than
/// too little.
///
/// 1, which changes nothing, where the images do not say: there are too few, all of them are right, so that the cross-entropy
/// falls for ever as T does, or all logits of an image are equal.
pub fn fitted(logits: &[f32], labels: &[u8], classes: usize) -> f64 {
    let Some(Least { inverse, standard_error }) = least(logits, labels, classes) else { return 1.0 };
    1.0 / (inverse - standard_error).max(1.0 / MOST)
}

/// Where the cross-entropy is least.
struct Least {
    /// 1 / T.
    inverse: f64,
    /// By how much other images as many would have another one: the spread of slopes over the curvature.
    standard_error: f64,
}

/// `None` where the images do not say.
fn least(logits: &[f32], labels: &[u8], classes: usize) -> Option<Least> {
    let rows = || logits.chunks_exact(classes.max(1)).zip(labels.iter().map(|&label| usize::from(label)));
    if labels.len() < LEAST_IMAGES || rows().all(|(row, label)| predicted(row) == label) {
        return None;
    }
    // The cross-entropy is convex in 1 / T, so that its slope has one zero: Newton's steps, or halves of what is left.
    let (mut low, mut high) = (1.0 / MOST, MOST);
    let (mut inverse, mut standard_error) = (1.0, 0.0);
    for _ in 0..ROUNDS {
        let (mut slope, mut squares, mut curvature) = (0.0_f64, 0.0, 0.0);
        for (row, label) in rows() {
            let (of_slope, of_curvature) = derivatives(row, label, inverse);
            slope += of_slope;
            squares += of_slope * of_slope;
            curvature += of_curvature;
        }
        if !slope.is_finite() || curvature <= 0.0 {
            return None;
        }
        standard_error = squares.sqrt() / curvature;
        if slope > 0.0 {
            high = inverse
        } else {
            low = inverse
        }
        let next = inverse - slope / curvature;
        let next = if low < next && next < high { next } else { (low * high).sqrt() };
        if (next - inverse).abs() <= 1e-12 * inverse {
            break;
        }
        inverse = next;
    }
    let loss = |temperature| rows().map(|(row, label)| cross_entropy(row, label, temperature)).sum::<f64>();
    (loss(1.0 / inverse) <= loss(1.0)).then_some(Least { inverse, standard_error })
}

/// The first and second derivative of the cross-entropy of one image by 1 / T: how much larger the logit is that is expected
/// than that of the label, and the variance of logits, both by the probabilities.
fn derivatives(logits: &[f32], label: usize, inverse: f64) -> (f64, f64) {
    let own = f64::from(logits[label]);
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
    for &logit in logits {
        let share = ((f64::from(logit) - f64::from(largest)) * inverse).exp();
        let above = f64::from(logit) - own;
        sum += share;
        first += share * above;
        second += share * above * above;
    }
    let mean = first / sum;
    (mean, (second / sum - mean * mean).max(0.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLASSES: usize = 4;

    /// Logits of so many images, and labels of which some are those with the largest logit.
    fn images() -> impl Strategy<Value = (Vec<f32>, Vec<u8>)> {
        (LEAST_IMAGES..LEAST_IMAGES + 60).prop_flat_map(|count| {
            let logits = prop::collection::vec(-6.0_f32..6.0, count * CLASSES);
            let chosen = prop::collection::vec((0..10_u8, 0..CLASSES as u8), count);
            (logits, chosen).prop_map(|(logits, chosen)| {
                let label =
                    |(row, (luck, other)): (&[f32], (u8, u8))| if luck < 7 { predicted(row) as u8 } else { other };
                let labels = logits.chunks_exact(CLASSES).zip(chosen).map(label).collect();
                (logits, labels)
            })
        })
    }

    fn loss(logits: &[f32], labels: &[u8], temperature: f64) -> f64 {
        let rows = logits.chunks_exact(CLASSES).zip(labels);
        rows.map(|(row, &label)| cross_entropy(row, label.into(), temperature)).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn no_other_temperature_has_less_cross_entropy((logits, labels) in images(), other in 0.1_f64..10.0) {
            let temperature = least(&logits, &labels, CLASSES).map_or(1.0, |least| 1.0 / least.inverse);
            prop_assert!(fitted(&logits, &labels, CLASSES) >= temperature);
            let least = loss(&logits, &labels, temperature);
            prop_assert!(least <= loss(&logits, &labels, 1.0));
            prop_assert!(least <= loss(&logits, &labels, other) * (1.0 + 1e-12));
        }

        #[test]
        fn logits_of_another_scale_have_a_temperature_of_that_scale((logits, labels) in images(), power in -2..3) {
            // Powers of two, by which nothing is rounded.
            let scale = f64::from(power).exp2();
            let scaled: Vec<f32> = logits.iter().map(|&logit| logit * scale as f32).collect();
            let (one, other) = (fitted(&logits, &labels, CLASSES), fitted(&scaled, &labels, CLASSES));
            prop_assume!((0.3..4.0).contains(&one));
            prop_assert!((other / (one * scale) - 1.0).abs() < 1e-6, "{one} and {other}");
        }
    }

    #[test]
    fn what_the_images_do_not_say_stays_as_it_is() {
        let wrong = [1_u8; LEAST_IMAGES];
        let row = |logits: [f32; 2], count: usize| logits.repeat(count);
        // Too few, all equal, all right.
        assert_eq!(fitted(&row([2.0, 1.0], LEAST_IMAGES - 1), &wrong[1..], 2), 1.0);
        assert_eq!(fitted(&row([2.0, 2.0], LEAST_IMAGES), &wrong, 2), 1.0);
        assert_eq!(fitted(&row([1.0, 2.0], LEAST_IMAGES), &wrong, 2), 1.0);
        assert_eq!(fitted(&[], &[], 2), 1.0);
        // Never right: as little certain as may be.
        assert_eq!(fitted(&row([2.0, 1.0], LEAST_IMAGES), &wrong, 2).round(), MOST);
    }

    #[test]
    fn three_of_four_right_are_three_quarters_certain_less_the_doubt_that_so_few_leave() {
        for count in [LEAST_IMAGES, 100 * LEAST_IMAGES] {
            let logits = [5.0, 0.0].repeat(count);
            let labels: Vec<u8> = (0..count).map(|image| u8::from(image % 4 == 0)).collect();
            // The logits of 3 / 4 are ln 3 apart. Each image has a variance of 5² · 3 / 4 · 1 / 4.
            let inverse = 3_f64.ln() / 5.0 - 1.0 / (count as f64 * 25.0 * 3.0 / 16.0).sqrt();
            let temperature = fitted(&logits, &labels, 2);
            assert!((temperature * inverse - 1.0).abs() < 1e-9, "{temperature}");
        }
    }
}
