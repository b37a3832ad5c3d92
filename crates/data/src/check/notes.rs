//! What somebody should know who trains on a data set: a sentence each, which says what to do.

use serde::Serialize;

use super::counts::ClassCounts;
use super::duplicates::Duplicates;
use super::near;
use crate::classes::listed_classes;
use crate::dataset::{Dataset, Images};
use crate::imbalance::Imbalance;
use crate::mirrors::mirrored_classes;
use crate::subset::Subset;

/// Training images of a class below which little can be learned of it.
const FEW_TO_LEARN: usize = 10;
/// Test images below which chance moves an accuracy by more than five points.
const FEW_TO_MEASURE: usize = 400;

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoteKind {
    /// There is nothing to learn from.
    NoTrainingImages,
    /// There is nothing to measure on.
    NoTestImages,
    /// There is nothing to tell apart.
    OneClass,
    /// A class has no image anywhere.
    ClassWithoutImages,
    /// A class has test images and nothing to learn from.
    ClassOnlyInTest,
    /// Equal images have different labels.
    ConflictingLabels,
    /// Training images are test images too.
    DuplicatesAcross,
    /// Test images nearly are training images.
    NearDuplicatesAcross,
    /// There are too many images to look for such.
    NearDuplicatesUnchecked,
    /// Equal images within a part.
    Duplicates,
    /// Images of one value.
    ConstantImages,
    /// Some classes have many more images than others.
    Imbalance,
    /// Classes are each other's mirror images.
    MirroredClasses,
    /// Little can be learned of some classes.
    FewTrainingImages,
    /// Little can be said of the accuracy.
    FewTestImages,
    /// Training and test images are of different brightness.
    Brightness,
}

impl NoteKind {
    /// Whether no network can be trained and measured then.
    pub(super) fn forbids_training(self) -> bool {
        matches!(self, Self::NoTrainingImages | Self::NoTestImages | Self::OneClass)
    }
}

/// Something found in a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// A sentence that says what to do.
    pub text: String,
}

/// All that is to be said, the gravest first.
pub(super) fn all(dataset: &Dataset, classes: &[ClassCounts], duplicates: &Duplicates) -> Vec<Note> {
    let found = [
        parts(dataset, classes),
        absent_classes(classes),
        equal_images(duplicates),
        near_duplicates(dataset),
        constant_images(dataset),
        sizes(dataset, classes),
        mirrored(dataset),
        brightness(dataset),
    ];
    found.into_iter().flatten().collect()
}

fn note(kind: NoteKind, text: String) -> Note {
    Note { kind, text }
}

fn parts(dataset: &Dataset, classes: &[ClassCounts]) -> Vec<Note> {
    let mut notes = Vec::new();
    if dataset.train.is_empty() {
        notes.push(note(NoteKind::NoTrainingImages, "there are no training images: give some to learn from".into()));
    }
    if dataset.test.is_empty() {
        notes.push(note(NoteKind::NoTestImages, "there are no test images: keep some to measure on".into()));
    }
    if let [class] = &classes.iter().filter(|class| class.train > 0).collect::<Vec<_>>()[..] {
        let text =
            format!("all training images are of class {}: give images of other classes to tell it from", class.name);
        notes.push(note(NoteKind::OneClass, text));
    }
    notes
}

fn absent_classes(classes: &[ClassCounts]) -> Vec<Note> {
    let named = |is_meant: &dyn Fn(&ClassCounts) -> bool| -> Vec<&str> {
        classes.iter().filter(|class| is_meant(class)).map(|class| class.name.as_str()).collect()
    };
    let nowhere = named(&|class| class.train + class.validation + class.test == 0);
    let unlearned = named(&|class| class.train == 0 && class.validation + class.test > 0);
    let mut notes = Vec::new();
    if !nowhere.is_empty() {
        let text = format!(
            "no image is of {}: the network will never predict it, so give images or leave it out",
            listed_classes(&nowhere)
        );
        notes.push(note(NoteKind::ClassWithoutImages, text));
    }
    if !unlearned.is_empty() {
        let text = format!(
            "no training image is of {}: it cannot be classified rightly, so give images to learn from",
            listed_classes(&unlearned)
        );
        notes.push(note(NoteKind::ClassOnlyInTest, text));
    }
    notes
}

fn equal_images(duplicates: &Duplicates) -> Vec<Note> {
    let Duplicates { within_train, within_test, across, conflicting } = *duplicates;
    let mut notes = Vec::new();
    if conflicting > 0 {
        let text =
            format!("{} there with another label too: correct the labels, or remove these images", are(conflicting));
        notes.push(note(NoteKind::ConflictingLabels, text));
    }
    if across > 0 {
        let text = format!(
            "{} kept for measuring equal to one that is learned from: remove these from one part, since they make the accuracy \
             too good",
            are(across)
        );
        notes.push(note(NoteKind::DuplicatesAcross, text));
    }
    if within_train + within_test > 0 {
        let text = format!(
            "{} equal to an earlier one of the same part ({within_train} in training, {within_test} in tests): remove these, \
             unless they are meant to count more",
            are(within_train + within_test)
        );
        notes.push(note(NoteKind::Duplicates, text));
    }
    notes
}

fn near_duplicates(dataset: &Dataset) -> Vec<Note> {
    let Some(found) = near::across(&dataset.train, &dataset.test) else {
        let text =
            "near-duplicates were not looked for, since there are too many pairs of images: check parts of the set"
                .into();
        return vec![note(NoteKind::NearDuplicatesUnchecked, text)];
    };
    let Some(&(test, train)) = found.first() else { return Vec::new() };
    let text = format!(
        "of the tests, {} nearly equal to a training image (test image {test} and training image {train}, counted from 0): look \
         at them, and keep pictures of one thing in one part",
        are(found.len())
    );
    vec![note(NoteKind::NearDuplicatesAcross, text)]
}

fn constant_images(dataset: &Dataset) -> Vec<Note> {
    let is_constant = |image: &[u8], channels: usize| {
        image.chunks_exact(channels.max(1)).all(|pixel| pixel == &image[..channels.max(1)])
    };
    let count_of = |images: &Images| {
        (0..images.len()).filter(|&index| is_constant(images.image(index), images.shape().channels)).count()
    };
    match dataset.parts().map(|images| count_of(images)).sum() {
        0 => Vec::new(),
        count => {
            let text =
                format!("{} of one colour all over: remove these, since nothing can be seen on them", are(count));
            vec![note(NoteKind::ConstantImages, text)]
        }
    }
}

fn sizes(dataset: &Dataset, classes: &[ClassCounts]) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(imbalance) = Imbalance::of(classes.iter().map(|class| (class.name.as_str(), class.train))) {
        notes.push(note(NoteKind::Imbalance, imbalance.to_string()));
    }
    let is_few = |class: &&ClassCounts| (1..FEW_TO_LEARN).contains(&class.train);
    let few: Vec<&str> = classes.iter().filter(is_few).map(|class| class.name.as_str()).collect();
    if !few.is_empty() {
        let text = format!(
            "there are fewer than {FEW_TO_LEARN} training images of {}: give more, if there are any",
            listed_classes(&few)
        );
        notes.push(note(NoteKind::FewTrainingImages, text));
    }
    let count = dataset.test.len();
    if (1..FEW_TO_MEASURE).contains(&count) {
        // Half the width of the 95% interval of a share near a half.
        let points = (98.0 / (count as f64).sqrt()).ceil().min(100.0);
        let images = if count == 1 { "1 image".to_owned() } else { format!("{count} images") };
        let text = format!(
            "the tests have {images}: chance alone moves an accuracy by up to {points} points, so compare with care"
        );
        notes.push(note(NoteKind::FewTestImages, text));
    }
    notes
}

fn mirrored(dataset: &Dataset) -> Vec<Note> {
    let all = Subset::new(&dataset.train, (0..dataset.train.len() as u32).collect::<Vec<_>>());
    let name = |class: u8| dataset.class_names[usize::from(class)].as_str();
    let pairs: Vec<String> =
        mirrored_classes(&all).into_iter().map(|(one, other)| format!("{} and {}", name(one), name(other))).collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let pairs: Vec<&str> = pairs.iter().map(String::as_str).collect();
    let text = format!("{} look like each other's mirror image: train with --no-flip", listed_classes(&pairs));
    vec![note(NoteKind::MirroredClasses, text)]
}

fn brightness(dataset: &Dataset) -> Vec<Note> {
    let (Some(train), Some(test)) = (Brightness::of(&dataset.train), Brightness::of(&dataset.test)) else {
        return Vec::new();
    };
    let difference = (train.mean - test.mean).abs();
    let of_chance = (train.variance / train.images + test.variance / test.images).sqrt();
    if difference < 3.0 || difference < 0.25 * train.variance.sqrt() || difference < 5.0 * of_chance {
        return Vec::new();
    }
    let text = format!(
        "training images are {:.0} bright on average and test images {:.0}, of 255: look whether both were made in the same way",
        train.mean, test.mean
    );
    vec![note(NoteKind::Brightness, text)]
}

/// The mean values of images, as a distribution.
struct Brightness {
    images: f64,
    mean: f64,
    variance: f64,
}

impl Brightness {
    /// `None` of fewer than two images.
    fn of(images: &Images) -> Option<Self> {
        if images.len() < 2 || images.shape().is_empty() {
            return None;
        }
        let values = images.shape().len() as f64;
        let of_image = |index| images.image(index).iter().map(|&value| f64::from(value)).sum::<f64>() / values;
        let means: Vec<f64> = (0..images.len()).map(of_image).collect();
        let count = means.len() as f64;
        let mean = means.iter().sum::<f64>() / count;
        let variance = means.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Some(Self { images: count, mean, variance })
    }
}

/// `1 image is`, `7 images are`
fn are(count: usize) -> String {
    if count == 1 { "1 image is".to_owned() } else { format!("{count} images are") }
}
