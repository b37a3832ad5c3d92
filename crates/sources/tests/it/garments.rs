//! The drawn garments: always the same, all different, and worth learning.

use modiste_data::Images;
use modiste_sources::garments::{dataset, draw};
use modiste_sources::{Silent, load};

/// FNV-1a, to freeze what is drawn.
fn digest(images: &Images) -> u64 {
    let bytes = images.pixels().iter().chain(images.labels());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_set_is_as_described() {
    let data = load(&"drawn-garments".parse().unwrap(), None, &Silent).unwrap();
    assert_eq!(data.name, "drawn-garments");
    assert_eq!((data.train.len(), data.test.len()), (10_000, 2_000));
    assert_eq!((data.class_names[0].as_str(), data.class_names[9].as_str()), ("T-shirt/top", "Ankle boot"));
    assert_eq!((data.train.shape().height, data.train.shape().width, data.train.shape().channels), (28, 28, 1));
    for class in 0..10 {
        let count = |labels: &[u8]| labels.iter().filter(|&&label| label == class).count();
        assert_eq!((count(data.train.labels()), count(data.test.labels())), (1_000, 200));
    }
}

#[test]
fn it_is_the_same_everywhere() {
    let data = dataset();
    // Accuracies on it are compared across versions and machines, so a change here is a new data set.
    assert_eq!((digest(&data.train), digest(&data.test)), (13_167_791_217_159_240_715, 9_131_855_690_532_459_450));
}

#[test]
fn an_image_depends_on_its_place_and_seed_alone() {
    // Other counts are shared out among threads otherwise; labels are shuffled, so only counts of one image compare.
    let images = draw(1, 9);
    assert_eq!(draw(1, 9), images);
    assert_ne!(draw(1, 10).pixels(), images.pixels());
    assert!(draw(0, 9).is_empty());
    assert_eq!(draw(23, 9).len(), 23);
}

#[test]
fn no_two_images_are_the_same_and_none_is_blank() {
    let data = dataset();
    let mut all: Vec<&[u8]> = (0..10_000).map(|index| data.train.image(index)).collect();
    all.extend((0..2_000).map(|index| data.test.image(index)));
    for image in &all {
        let (low, high) = image.iter().fold((255, 0), |(low, high), &pixel| (low.min(pixel), high.max(pixel)));
        assert!(high - low > 40, "an image is almost blank");
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 12_000);
}

/// A lower bound of how well one can do is the nearest class mean; telling too much by it would make the set too easy.
#[test]
fn class_means_do_not_suffice_but_help() {
    let data = dataset();
    let mut means = vec![[0.0_f64; 784]; 10];
    for (index, &label) in data.train.labels().iter().enumerate() {
        for (mean, &pixel) in means[usize::from(label)].iter_mut().zip(data.train.image(index)) {
            *mean += f64::from(pixel) / 1000.0;
        }
    }
    let right = (0..data.test.len()).filter(|&index| {
        let distance = |mean: &[f64; 784]| -> f64 {
            mean.iter().zip(data.test.image(index)).map(|(mean, &pixel)| (mean - f64::from(pixel)).powi(2)).sum()
        };
        let nearest = (0..10).min_by(|&a, &b| distance(&means[a]).total_cmp(&distance(&means[b]))).unwrap();
        nearest == usize::from(data.test.labels()[index])
    });
    let accuracy = right.count() as f64 / data.test.len() as f64;
    assert!((0.3..0.7).contains(&accuracy), "the nearest class mean is right for {accuracy} of the images");
}
