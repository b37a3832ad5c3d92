//! How far confidence is from accuracy.

use serde::Serialize;

/// Bins of the expected calibration error, as Guo et al. (2017) take them.
pub const CALIBRATION_BINS: usize = 15;

/// Images that were classified with similar confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// How many; at least one.
    pub images: u64,
    /// The mean of their confidences.
    pub confidence: f64,
    /// The share of them that was classified rightly.
    pub accuracy: f64,
}

/// Predictions by their confidence, of which only sums are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calibration {
    bins: [Bin; CALIBRATION_BINS],
}

/// Predictions of similar confidence.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    count: u64,
    confidence: f64,
    correct: u64,
}

impl Calibration {
    /// Adds an image that was classified with such confidence.
    pub(crate) fn add(&mut self, confidence: f64, is_correct: bool) {
        // Bins are ]0, 1/15], ]1/15, 2/15], …
        let bin = (confidence * CALIBRATION_BINS as f64).ceil() as usize;
        let bin = &mut self.bins[bin.clamp(1, CALIBRATION_BINS) - 1];
        bin.count += 1;
        bin.confidence += confidence;
        bin.correct += u64::from(is_correct);
    }

    /// Expected calibration error: mean distance between confidence and accuracy over bins of equal width, weighted by their
    /// images. 0 is perfect, and that of no images.
    pub(crate) fn error(&self) -> f64 {
        let count: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let distance: f64 = self.bins.iter().map(|bin| (bin.confidence - bin.correct as f64).abs()).sum();
        if count == 0 { 0.0 } else { distance / count as f64 }
    }

    /// The bins that have images, the least confident first.
    pub(crate) fn bins(&self) -> Vec<CalibrationBin> {
        let bin = |bin: &Bin| CalibrationBin {
            images: bin.count,
            confidence: bin.confidence / bin.count as f64,
            accuracy: bin.correct as f64 / bin.count as f64,
        };
        self.bins.iter().filter(|bin| bin.count > 0).map(bin).collect()
    }
}
