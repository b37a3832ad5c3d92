//! How much the loss of an image counts, by its class.

use modiste_network::ClassWeights;

/// Weights `[classes]` for training images of which each class has so many. Their mean over the images is 1; a class without
/// images has none to weigh.
pub(super) fn of(weights: ClassWeights, sizes: &[usize]) -> Vec<f64> {
    match weights {
        ClassWeights::Balanced => {
            let images: usize = sizes.iter().sum();
            let present = sizes.iter().filter(|&&size| size > 0).count();
            let weight = |&size: &usize| if size == 0 { 0.0 } else { images as f64 / (present * size) as f64 };
            sizes.iter().map(weight).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_count_alike_however_many_images_they_have() {
        let sizes = [30, 0, 6, 4];
        let weights = of(ClassWeights::Balanced, &sizes);
        // As scikit-learn's compute_class_weight has it, of the classes that have images: 40 / (3 · size).
        assert_eq!(weights, [40.0 / 90.0, 0.0, 40.0 / 18.0, 40.0 / 12.0]);
        let sum: f64 = weights.iter().zip(sizes).map(|(weight, size)| weight * size as f64).sum();
        assert!((sum / 40.0 - 1.0).abs() < 1e-12);
    }
}
