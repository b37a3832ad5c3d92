//! `drawn-garments`: ten classes of garments with the names of Fashion-MNIST, drawn at 28x28 from a seed.
//!
//! A data set that needs no file and no network, to try things on and to test with, and hard enough that a better
//! classifier shows: garments of one class differ in cut, size, pose and cloth, those of different classes can
//! look alike, things lie in front of them, and the pictures are noisy.
//!
//! Drawing goes as tailoring does: a *pattern* says which *pieces* a garment has (`patterns`), a *pose* how it lies
//! on the table, a *cloth* what it looks like, and the *canvas* blends the pieces into a picture. Every image has
//! random numbers of its own, and only operations that IEEE 754 rounds exactly are used, so the images are the
//! same on every machine and with any number of threads.

mod canvas;
mod cloth;
mod dice;
mod footwear;
mod outline;
mod patterns;
mod picture;
mod piece;
mod tops;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use canvas::{PIXELS, SIDE};
use dice::Dice;
use patterns::Garment;
use rand::seq::SliceRandom;

use modiste_data::{Dataset, ImageShape, Images};

use crate::known::sets::GARMENT_NAMES;

/// The name of the set that needs no files.
pub const DRAWN_GARMENTS: &str = "drawn-garments";
/// Training images of [`dataset`].
pub const TRAIN_IMAGES: usize = 10_000;
/// Test images of [`dataset`].
pub const TEST_IMAGES: usize = 2_000;
/// Images that a thread draws before it asks for more.
const PART: usize = 100;
/// Seed of the data set that goes by the name `drawn-garments`, so that numbers about it can be compared.
const SEED: u64 = 2017;

/// The data set `drawn-garments`: always the same 10,000 training and 2,000 test images.
pub fn dataset() -> Dataset {
    Dataset {
        name: DRAWN_GARMENTS.to_owned(),
        class_names: GARMENT_NAMES.map(String::from).to_vec(),
        train: Arc::new(draw(TRAIN_IMAGES, SEED)),
        validation: None,
        preparation: None,
        test: Arc::new(draw(TEST_IMAGES, SEED + 1)),
    }
}

/// Draws `count` images `[count, 28, 28, 1]`, in random order and equally many of each class (to within one).
///
/// A function of its arguments alone.
pub fn draw(count: usize, seed: u64) -> Images {
    let mut labels: Vec<u8> = (0..count).map(|index| (index % GARMENT_NAMES.len()) as u8).collect();
    labels.shuffle(Dice::new(seed, u64::MAX).source());

    let mut pixels = vec![0; count * PIXELS];
    let parts = Mutex::new(labels.chunks(PART).zip(pixels.chunks_mut(PART * PIXELS)).enumerate());
    let next_part = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some((part, (labels, pixels))) = next_part() {
            for (offset, (&label, image)) in labels.iter().zip(pixels.chunks_exact_mut(PIXELS)).enumerate() {
                let mut dice = Dice::new(seed, (part * PART + offset) as u64);
                picture::draw(Garment::ALL[usize::from(label)], &mut dice, image);
            }
        }
    };
    thread::scope(|scope| {
        let helpers = thread::available_parallelism().map_or(1, NonZeroUsize::get) - 1;
        // A helper the system does not give leaves more to the others and to this thread.
        for _ in 0..helpers {
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let shape = ImageShape { height: SIDE, width: SIDE, channels: 1 };
    Images::new(shape, pixels, labels, GARMENT_NAMES.len()).expect("each label has an image, and labels are below ten")
}
