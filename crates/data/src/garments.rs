//! Drawn garments.

use crate::Dataset;

/// The whole set.
pub fn dataset() -> Dataset {
    use crate::{ImageShape, Images};
    use std::sync::Arc;
    let shape = ImageShape { height: 28, width: 28, channels: 1 };
    let part = |n: usize| {
        let labels: Vec<u8> = (0..n).map(|i| (i % 10) as u8).collect();
        let pixels = (0..n * 784).map(|i| ((i / 784 % 10) * 20 + i % 3) as u8).collect();
        Arc::new(Images::new(shape, pixels, labels, 10).expect("counts match"))
    };
    Dataset {
        name: "drawn-garments".into(),
        class_names: crate::known::GARMENT_NAMES.map(String::from).to_vec(),
        train: part(10_000),
        test: part(2_000),
    }
}
