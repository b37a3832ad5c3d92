//! How good predictions are: from logits and labels to accuracy, cross-entropy, confusions and calibration.

use modiste_network::executor::softmax::{cross_entropy, predicted};

use super::calibration::{Calibration, CalibrationBin};
use super::coverage::{Counts, Coverage};

/// Collects predictions, batch by batch, and keeps only sums.
#[derive(Clone, Debug)]
pub struct MetricsAccumulator {
    /// `[true class][predicted class]`
    confusion: Vec<Vec<u64>>,
    /// What logits are divided by.
    temperature: f64,
    loss_sum: f64,
    calibration: Calibration,
    /// By logits as they are.
    raw_calibration: Calibration,
    coverage: Counts,
}

impl MetricsAccumulator {
    /// Of nothing yet, by the probabilities at a temperature: 1 is that of logits as they are.
    pub fn new(classes: usize, temperature: f64) -> Self {
        Self {
            confusion: vec![vec![0; classes]; classes],
            temperature,
            loss_sum: 0.0,
            calibration: Calibration::default(),
            raw_calibration: Calibration::default(),
            coverage: Counts::default(),
        }
    }

    /// Adds a batch: logits `[n, classes]`, labels `[n]`.
    ///
    /// # Panics
    /// If a label is not below the number of classes.
    pub fn add(&mut self, logits: &[f32], labels: &[u8]) {
        for (logits, &label) in logits.chunks_exact(self.confusion.len().max(1)).zip(labels) {
            let (label, guess) = (usize::from(label), predicted(logits));
            self.confusion[label][guess] += 1;
            self.loss_sum += cross_entropy(logits, label, self.temperature);
            let confidence = |temperature| (-cross_entropy(logits, guess, temperature)).exp();
            self.calibration.add(confidence(self.temperature), guess == label);
            self.raw_calibration.add(confidence(1.0), guess == label);
            self.coverage.add(confidence(self.temperature), guess == label);
        }
    }

    /// Images seen.
    pub fn count(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }

    /// Images whose predicted class is theirs.
    pub fn correct(&self) -> u64 {
        self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum()
    }

    /// Share of images whose predicted class is theirs.
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.count())
    }

    /// The mean share of right predictions of each class that has images, each counting the same: what the accuracy would be if
    /// all had equally many. 0 of no images.
    pub fn balanced_accuracy(&self) -> f64 {
        let recalls: Vec<f64> =
            self.class_scores().iter().filter(|score| score.support > 0).filter_map(|score| score.recall).collect();
        if recalls.is_empty() { 0.0 } else { recalls.iter().sum::<f64>() / recalls.len() as f64 }
    }

    /// Mean cross-entropy, in nats: the log-loss.
    pub fn loss(&self) -> f64 {
        if self.count() == 0 { 0.0 } else { self.loss_sum / self.count() as f64 }
    }

    /// How many images of each true class (outer) were taken for each class (inner).
    pub fn confusion(&self) -> &[Vec<u64>] {
        &self.confusion
    }

    /// Precision, recall and F1 of every class.
    pub fn class_scores(&self) -> Vec<ClassScore> {
        (0..self.confusion.len())
            .map(|class| {
                let correct = self.confusion[class][class];
                let support = self.confusion[class].iter().sum();
                let predicted = self.confusion.iter().map(|row| row[class]).sum();
                let occurs = support + predicted > 0;
                let share = |part, whole| occurs.then(|| ratio(part, whole));
                ClassScore {
                    precision: share(correct, predicted),
                    recall: share(correct, support),
                    f1: share(2 * correct, support + predicted),
                    support,
                }
            })
            .collect()
    }

    /// Plain means over the classes that occur, each counting the same however many images it has.
    pub fn macro_average(&self) -> ClassScore {
        let scores = self.class_scores();
        let mean = |value: fn(&ClassScore) -> Option<f64>| {
            let values: Vec<f64> = scores.iter().filter_map(value).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        ClassScore {
            precision: mean(|score| score.precision),
            recall: mean(|score| score.recall),
            f1: mean(|score| score.f1),
            support: self.count(),
        }
    }

    /// What logits are divided by.
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// Expected calibration error: mean distance between confidence and accuracy over
    /// [`CALIBRATION_BINS`](super::calibration::CALIBRATION_BINS) bins of equal width, weighted by their images (Guo et al.,
    /// 2017). 0 is perfect.
    pub fn calibration_error(&self) -> f64 {
        self.calibration.error()
    }

    /// The same without the temperature.
    pub fn raw_calibration_error(&self) -> f64 {
        self.raw_calibration.error()
    }

    /// Confidence and accuracy of the images of each bin that has any, the least confident first: what a reliability diagram shows.
    pub fn calibration_bins(&self) -> Vec<CalibrationBin> {
        self.calibration.bins()
    }

    /// The same without the temperature.
    pub fn raw_calibration_bins(&self) -> Vec<CalibrationBin> {
        self.raw_calibration.bins()
    }

    /// How many images are left, and how many of those are right, where more and more confidence is asked for.
    pub fn coverage(&self) -> Vec<Coverage> {
        self.coverage.coverage()
    }
}

/// How well one class is found. A class that occurs neither among the images nor among the predictions has no scores, as in
/// scikit-learn's report.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ClassScore {
    /// Share of the images taken for this class that are of it; 0 where none was.
    pub precision: Option<f64>,
    /// Share of this class's images that were found; 0 where it has none.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
    /// Images of this class.
    pub support: u64,
}

/// A share, 0 of nothing, as scikit-learn has it.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits whose softmax is `probabilities`.
    fn logits(probabilities: &[f32]) -> Vec<f32> {
        probabilities.iter().map(|probability| probability.ln()).collect()
    }

    #[track_caller]
    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-6, "{value} instead of {expected}");
    }

    /// Six images of three classes; worked by hand:
    ///
    /// ```text
    ///            taken for 0  1  2
    /// class 0              2  1  0    recall 2/3   precision 2/3   F1 2/3
    /// class 1              1  1  0    recall 1/2   precision 1/2   F1 1/2
    /// class 2              0  0  1    recall 1     precision 1     F1 1
    /// ```
    fn six() -> MetricsAccumulator {
        let mut metrics = MetricsAccumulator::new(3, 1.0);
        let row = |guess: usize| -> Vec<f32> {
            let mut probabilities = [0.1; 3];
            probabilities[guess] = 0.8;
            logits(&probabilities)
        };
        let guesses = [0, 0, 1, 0, 1, 2].map(row).concat();
        metrics.add(&guesses[..9], &[0, 0, 0]);
        metrics.add(&guesses[9..], &[1, 1, 2]);
        metrics
    }

    #[test]
    fn confusions_and_scores_match_hand_worked_values() {
        let metrics = six();
        assert_eq!(metrics.confusion(), [vec![2, 1, 0], vec![1, 1, 0], vec![0, 0, 1]]);
        close(metrics.accuracy(), 4.0 / 6.0);
        close(metrics.loss(), (4.0 * -(0.8f64.ln()) + 2.0 * -(0.1f64.ln())) / 6.0);
        let scores = metrics.class_scores();
        close(scores[0].precision.unwrap(), 2.0 / 3.0);
        close(scores[0].recall.unwrap(), 2.0 / 3.0);
        close(scores[1].f1.unwrap(), 0.5);
        assert_eq!(scores[2], ClassScore { precision: Some(1.0), recall: Some(1.0), f1: Some(1.0), support: 1 });
        close(metrics.macro_average().f1.unwrap(), (2.0 / 3.0 + 0.5 + 1.0) / 3.0);
    }

    #[test]
    fn precision_and_recall_differ_where_they_should() {
        // Class 0 twice and class 1 twice; everything is taken for class 0 but one of class 1.
        let mut metrics = MetricsAccumulator::new(2, 1.0);
        metrics.add(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0], &[0, 0, 1, 1]);
        let scores = metrics.class_scores();
        close(scores[0].precision.unwrap(), 2.0 / 3.0);
        close(scores[0].recall.unwrap(), 1.0);
        close(scores[0].f1.unwrap(), 0.8);
        close(scores[1].precision.unwrap(), 1.0);
        close(scores[1].recall.unwrap(), 0.5);
    }

    #[test]
    fn calibration_error_is_the_distance_of_confidence_from_accuracy() {
        // All six are 80% sure and four are right.
        close(six().calibration_error(), 0.8 - 4.0 / 6.0);
        // Two bins: one sure (90%) and right, one unsure (60%) and wrong: (0.1 + 0.6) / 2.
        let mut metrics = MetricsAccumulator::new(2, 1.0);
        metrics.add(&[logits(&[0.9, 0.1]), logits(&[0.6, 0.4])].concat(), &[0, 1]);
        close(metrics.calibration_error(), 0.35);
        let bins: Vec<_> = metrics.calibration_bins().iter().map(|bin| (bin.images, bin.accuracy)).collect();
        assert_eq!(bins, [(1, 0.0), (1, 1.0)]);
        close(metrics.calibration_bins()[0].confidence, 0.6);
    }

    #[test]
    fn a_temperature_changes_certainty_and_not_what_is_predicted() {
        // Nine times as likely as the other class, and at twice the temperature three times.
        let mut metrics = MetricsAccumulator::new(2, 2.0);
        metrics.add(&logits(&[0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1]), &[0, 0, 0, 1]);
        close(metrics.calibration_error(), 0.0);
        close(metrics.raw_calibration_error(), 0.15);
        close(metrics.loss(), -(3.0 * 0.75f64.ln() + 0.25f64.ln()) / 4.0);
        assert_eq!((metrics.correct(), metrics.coverage()[2].share), (3, 0.0));
    }

    #[test]
    fn classes_that_do_not_occur_have_no_scores_and_no_say_in_means() {
        // Labels 0 and 2, found rightly, of three classes.
        let mut metrics = MetricsAccumulator::new(3, 1.0);
        metrics.add(&[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], &[0, 2]);
        let one = ClassScore { precision: Some(1.0), recall: Some(1.0), f1: Some(1.0), support: 1 };
        let none = ClassScore { precision: None, recall: None, f1: None, support: 0 };
        assert_eq!(metrics.class_scores(), [one, none, one]);
        assert_eq!(metrics.macro_average(), ClassScore { support: 2, ..one });
        // One of class 2 taken for class 1: class 1 occurs among the predictions.
        metrics.add(&[0.0, 1.0, 0.0], &[2]);
        let zero = ClassScore { precision: Some(0.0), recall: Some(0.0), f1: Some(0.0), support: 0 };
        assert_eq!(metrics.class_scores()[1], zero);
        close(metrics.macro_average().f1.unwrap(), (1.0 + 0.0 + 2.0 / 3.0) / 3.0);
        close(metrics.macro_average().recall.unwrap(), (1.0 + 0.0 + 0.5) / 3.0);
        // Class 1 has no image; of class 2 one of two is right, though one of three images is wrong.
        close(metrics.balanced_accuracy(), 0.75);
        assert_eq!(MetricsAccumulator::new(3, 1.0).balanced_accuracy(), 0.0);
        assert_eq!(MetricsAccumulator::new(3, 1.0).macro_average().f1, None);
        assert_eq!(MetricsAccumulator::new(3, 1.0).loss(), 0.0);
        assert_eq!(MetricsAccumulator::new(3, 1.0).calibration_error(), 0.0);
    }
}
