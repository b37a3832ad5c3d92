//! How numbers are distributed, in buckets of one width, as TensorBoard's own writer has them.

use crate::messages::Histogram;

const BUCKETS: usize = 30;

impl Histogram {
    /// Of these numbers; NaN and infinities are left out. There is none of no numbers.
    pub fn of(values: &[f32]) -> Option<Self> {
        let finite = || values.iter().filter(|value| value.is_finite()).map(|&value| f64::from(value));
        let (mut min, mut max, mut count, mut sum, mut sum_of_squares) =
            (f64::INFINITY, f64::NEG_INFINITY, 0, 0.0, 0.0);
        for value in finite() {
            (min, max) = (min.min(value), max.max(value));
            count += 1;
            sum += value;
            sum_of_squares += value * value;
        }
        if count == 0 {
            return None;
        }
        let mut histogram = Self { min, max, count: f64::from(count), sum, sum_of_squares, ..Self::default() };
        if min == max {
            (histogram.limits, histogram.counts) = (vec![max], vec![histogram.count]);
            return Some(histogram);
        }
        let width = (max - min) / BUCKETS as f64;
        histogram.limits = (1..BUCKETS).map(|bucket| min + width * bucket as f64).chain([max]).collect();
        histogram.counts = vec![0.0; BUCKETS];
        for value in finite() {
            let bucket = ((value - min) / width) as usize;
            histogram.counts[bucket.min(BUCKETS - 1)] += 1.0;
        }
        Some(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_in_its_bucket() {
        let values: Vec<f32> = (0..=300).map(|value| value as f32 - 150.0).collect();
        let histogram = Histogram::of(&values).unwrap();
        assert_eq!((histogram.min, histogram.max, histogram.count), (-150.0, 150.0, 301.0));
        assert_eq!((histogram.sum, histogram.sum_of_squares), (0.0, 2.0 * 150.0 * 151.0 * 301.0 / 6.0));
        assert_eq!((histogram.limits[0], histogram.limits[29]), (-140.0, 150.0));
        // The largest is in the last bucket, which begins where the one before ends.
        assert_eq!((histogram.counts[0], histogram.counts[29]), (10.0, 11.0));
    }

    #[test]
    fn numbers_that_are_all_alike_are_one_bucket_and_none_have_none() {
        let histogram = Histogram::of(&[0.5, f32::NAN, 0.5, f32::INFINITY]).unwrap();
        assert_eq!((histogram.limits, histogram.counts), (vec![0.5], vec![2.0]));
        assert_eq!(Histogram::of(&[f32::NAN]), None);
        assert_eq!(Histogram::of(&[]), None);
    }
}
