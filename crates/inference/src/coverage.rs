//! How many images are classified with how much confidence, and how many of those rightly.

use serde::Serialize;

/// The confidences that are looked at; 0 is that of all images.
const CONFIDENCES: [f64; 6] = [0.0, 0.5, 0.8, 0.9, 0.95, 0.99];

/// What is left where less confidence than this counts as none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Of the predicted class, at least.
    pub confidence: f64,
    /// The part of all images that is classified with so much; 0 of no images.
    pub share: f64,
    /// The part of those that is right; `None` where there are none.
    pub accuracy: Option<f64>,
}

/// Counts of images, from which [`Coverage`] follows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// At each confidence or more.
    images: [u64; CONFIDENCES.len()],
    correct: [u64; CONFIDENCES.len()],
}

impl Counts {
    /// Adds an image that was classified with such confidence.
    pub(crate) fn add(&mut self, confidence: f64, is_correct: bool) {
        for ((least, images), correct) in CONFIDENCES.iter().zip(&mut self.images).zip(&mut self.correct) {
            if confidence >= *least {
                *images += 1;
                *correct += u64::from(is_correct);
            }
        }
    }

    /// A row for each confidence, the least first.
    pub(crate) fn coverage(&self) -> Vec<Coverage> {
        let all = self.images[0].max(1) as f64;
        let counts = self.images.iter().zip(&self.correct);
        let row = |(&confidence, (&images, &correct)): (&f64, (&u64, &u64))| Coverage {
            confidence,
            share: images as f64 / all,
            accuracy: (images > 0).then(|| correct as f64 / images as f64),
        };
        CONFIDENCES.iter().zip(counts).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_confidence_is_asked_for_the_fewer_images_are_left() {
        let mut counts = Counts::default();
        for (confidence, is_correct) in [(0.4, false), (0.8, true), (0.85, false), (0.96, true)] {
            counts.add(confidence, is_correct);
        }
        let rows: Vec<_> = counts.coverage().iter().map(|row| (row.confidence, row.share, row.accuracy)).collect();
        let expected = [
            (0.0, 1.0, Some(0.5)),
            (0.5, 0.75, Some(2.0 / 3.0)),
            (0.8, 0.75, Some(2.0 / 3.0)),
            (0.9, 0.25, Some(1.0)),
            (0.95, 0.25, Some(1.0)),
            (0.99, 0.0, None),
        ];
        assert_eq!(rows, expected);
        assert!(Counts::default().coverage().iter().all(|row| (row.share, row.accuracy) == (0.0, None)));
    }
}
