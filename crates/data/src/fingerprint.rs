//! Whether two data sets are the same.

use modiste_files::Fingerprint;

use crate::dataset::{Dataset, Images};

impl Dataset {
    /// Sixteen hexadecimal digits of everything in it that training or measuring depends on: shapes, pixels, labels and their
    /// order.
    pub fn fingerprint(&self) -> String {
        let mut fingerprint = Fingerprint::new();
        for images in self.parts() {
            add_images(&mut fingerprint, images);
        }
        fingerprint.digits()
    }
}

fn add_images(fingerprint: &mut Fingerprint, images: &Images) {
    let shape = images.shape();
    for size in [shape.height, shape.width, shape.channels] {
        fingerprint.number(size as u64);
    }
    fingerprint.field(images.pixels()).field(images.labels());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::shape::ImageShape;

    fn of(shape: [usize; 3], labels: [u8; 2], names: [&str; 2]) -> String {
        let [height, width, channels] = shape;
        let shape = ImageShape { height, width, channels };
        let images = Images::new(shape, (0..2 * shape.len() as u8).collect(), labels.to_vec(), 2).unwrap();
        let images = Arc::new(images);
        let class_names = names.map(String::from).to_vec();
        Dataset {
            name: names[0].to_owned(),
            class_names,
            train: Arc::clone(&images),
            validation: None,
            test: images,
            preparation: None,
        }
        .fingerprint()
    }

    #[test]
    fn shapes_and_labels_count_and_names_do_not() {
        let fingerprint = of([2, 3, 1], [0, 1], ["a", "b"]);
        assert_eq!(fingerprint, of([2, 3, 1], [0, 1], ["c", "d"]));
        assert_ne!(fingerprint, of([3, 2, 1], [0, 1], ["a", "b"]));
        assert_ne!(fingerprint, of([2, 3, 1], [1, 0], ["a", "b"]));
        // Runs that were begun depend on it: they go on with the same images only.
        assert_eq!(fingerprint, "ca5cecf6f9357eff");
    }
}
