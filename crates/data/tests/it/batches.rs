//! Splits, orders and batches.

use std::collections::HashSet;
use std::sync::Arc;

use modiste_data::{ImageShape, Images, Loader, Scaling, shuffled, stratified_split};

/// `count` images of 2x3, where every pixel says which image it is of; classes in turn.
fn images(count: usize, classes: usize) -> Arc<Images> {
    let shape = ImageShape { height: 2, width: 3, channels: 1 };
    let pixels = (0..count).flat_map(|index| (0..6).map(move |pixel| (index * 6 + pixel) as u8)).collect();
    let labels = (0..count).map(|index| (index % classes) as u8).collect();
    Arc::new(Images::new(shape, pixels, labels, classes).unwrap())
}

#[test]
fn a_split_takes_its_share_of_every_class() {
    let labels: Vec<u8> = (0..1000_u32).map(|index| if index % 10 == 0 { 2 } else { (index % 2) as u8 }).collect();
    let split = stratified_split(&labels, 3, 0.1, 5);
    for class in 0..3 {
        let count = |indices: &[u32]| indices.iter().filter(|&&index| labels[index as usize] == class).count();
        let all = labels.iter().filter(|&&label| label == class).count();
        assert_eq!(count(&split.validation), (all as f64 * 0.1).round() as usize);
        assert_eq!(count(&split.train) + count(&split.validation), all);
    }
    let together: HashSet<u32> = split.train.iter().chain(&split.validation).copied().collect();
    assert_eq!((together.len(), split.train.len() + split.validation.len()), (1000, 1000));
    assert!(split.train.is_sorted() && split.validation.is_sorted());

    assert_eq!(stratified_split(&labels, 3, 0.1, 5), split);
    assert_ne!(stratified_split(&labels, 3, 0.1, 6), split);
    assert!(stratified_split(&labels, 3, 0.0, 5).validation.is_empty());
    assert_eq!(stratified_split(&labels, 3, 1.0, 5).train.len(), 3, "one of each class stays");
}

#[test]
fn an_order_depends_on_seed_and_epoch_alone() {
    let indices: Vec<u32> = (100..400).collect();
    let order = shuffled(&indices, 1, 3);
    assert_eq!(shuffled(&indices, 1, 3), order);
    assert_ne!(shuffled(&indices, 1, 4), order);
    assert_ne!(shuffled(&indices, 2, 3), order);
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, indices);
    // Resumed runs of an older version must see the same order.
    assert_eq!(shuffled(&(0..10).collect::<Vec<_>>(), 42, 7), [7, 8, 4, 1, 3, 0, 5, 9, 2, 6]);
}

#[test]
fn scaling_takes_the_three_steps_in_turn() {
    assert_eq!((Scaling::SYMMETRIC.scaled(0), Scaling::SYMMETRIC.scaled(255)), (-1.0, 1.0));
    for pixel in 0..=255 {
        assert_eq!(Scaling::SYMMETRIC.scaled(pixel), ((f32::from(pixel) / 255.0) - 0.5) * 2.0);
    }
    // What f32 cannot hold is rounded after each step.
    let odd = Scaling { divide: 7.0, subtract: 0.1, multiply: 1.0 / 3.0 };
    let (quotient, third) = (200f32 / 7.0, 1f32 / 3.0);
    assert_eq!(odd.scaled(200), (quotient - 0.1) * third);
}

#[test]
fn batches_hold_the_images_in_order() {
    let images = images(40, 4);
    let scaling = Scaling { divide: 1.0, subtract: 0.0, multiply: 1.0 };
    let loader = Loader::new(Arc::clone(&images), scaling, 7);
    let order: Arc<[u32]> = shuffled(&(0..40).collect::<Vec<_>>(), 3, 0).into();
    // Twice, since the second pass uses the buffers of the first.
    for _ in 0..2 {
        let mut seen = 0;
        let batches = loader.batches(Arc::clone(&order), 0);
        assert_eq!(batches.len(), 6);
        for (number, batch) in batches.enumerate() {
            assert_eq!(batch.len(), [6, 7, 7, 6, 7, 7][number], "40 images in 6 batches");
            assert_eq!(batch.images().len(), batch.len() * 6);
            for (at, &index) in order[seen..].iter().take(batch.len()).enumerate() {
                let expected: Vec<f32> = images.image(index as usize).iter().map(|&pixel| f32::from(pixel)).collect();
                assert_eq!(batch.images()[at * 6..][..6], expected);
                assert_eq!(batch.labels()[at], images.labels()[index as usize]);
            }
            seen += batch.len();
        }
        assert_eq!(seen, 40);
    }
}

/// An image left over would be a batch of its own, whose moments are those of nothing.
#[test]
fn no_batch_is_much_smaller_than_another() {
    for (count, size) in [(40, 8), (41, 8), (47, 8), (9, 8), (8, 8), (7, 8), (1, 8), (40, 1), (40, 39)] {
        let order: Arc<[u32]> = (0..count).collect();
        let loader = Loader::new(images(40.max(count as usize), 4), Scaling::SYMMETRIC, size);
        let sizes: Vec<usize> = loader.batches(order, 0).map(|batch| batch.len()).collect();
        assert_eq!(sizes.len(), (count as usize).div_ceil(size));
        assert_eq!(sizes.iter().sum::<usize>(), count as usize);
        let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
        assert!(*most <= size && most - least <= 1, "{count} images in batches of {size}: {sizes:?}");
    }
}

#[test]
fn a_pass_can_begin_in_the_middle() {
    let loader = Loader::new(images(20, 2), Scaling::SYMMETRIC, 6);
    let order: Arc<[u32]> = (0..20).collect();
    let labels = |first| {
        let batches = loader.batches(Arc::clone(&order), first);
        batches.map(|batch| (batch.images().to_vec(), batch.labels().to_vec())).collect::<Vec<_>>()
    };
    let whole = labels(0);
    assert_eq!(whole.len(), 4);
    for first in 0..4 {
        assert_eq!(labels(first), whole[first..]);
    }
    assert!(labels(4).is_empty() && labels(usize::MAX).is_empty());
}

#[test]
fn buffers_go_round() {
    let loader = Loader::new(images(40, 4), Scaling::SYMMETRIC, 4);
    let order: Arc<[u32]> = (0..40_u32).cycle().take(4000).collect();
    let places: HashSet<_> = loader.batches(order, 0).map(|batch| batch.images().as_ptr()).collect();
    assert!(places.len() <= 5, "1000 batches took {} buffers", places.len());
}

#[test]
fn leaving_early_is_no_trouble() {
    let loader = Loader::new(images(40, 4), Scaling::SYMMETRIC, 4);
    let order: Arc<[u32]> = (0..40_u32).cycle().take(4000).collect();
    for taken in 0..4 {
        let mut batches = loader.batches(Arc::clone(&order), 0);
        let kept: Vec<_> = batches.by_ref().take(taken).collect();
        drop(batches);
        assert!(kept.iter().all(|batch| batch.labels() == [0, 1, 2, 3]), "batches outlive their pass");
        // The thread has let go of the order: nobody is left running.
        assert_eq!(Arc::strong_count(&order), 1);
    }
}

#[test]
fn an_index_of_no_image_is_a_panic_here_and_not_a_hang() {
    let loader = Loader::new(images(8, 4), Scaling::SYMMETRIC, 2);
    let mut batches = loader.batches([0, 1, 2, 99].into(), 0);
    assert_eq!(batches.next().unwrap().labels(), [0, 1]);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| batches.next().is_some()));
    assert!(panic.is_err());
    assert!(batches.next().is_none());
}
