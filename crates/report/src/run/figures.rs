//! The figures of a run.

use super::{Answer, Epoch, Reliability, RunPage, Test};
use crate::figures::{Axis, Chart, Content, Figure, Line};

/// Points of a curve of coverage.
const POINTS: usize = 200;

impl RunPage {
    /// Every figure of the page, and the confusion matrix, which the page has as a table.
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = self.curves();
        if let Some(test) = &self.test {
            figures.extend([
                test.reliability_figure(),
                test.coverage_figure(),
                Figure::of_confusion(&self.classes, &test.confusion),
            ]);
        }
        figures.extend(self.filters_figure());
        if let Some(stages) = &self.stages {
            let description = "What some layers give for some images".to_owned();
            figures.push(Figure { name: "stages", description, content: Content::Pixels(stages.picture()) });
        }
        figures
    }

    /// Loss, accuracy and learning rate by epoch; none where no epoch is known.
    pub(super) fn curves(&self) -> Vec<Figure> {
        let (Some(first), Some(last)) = (self.epochs.first(), self.epochs.last()) else { return Vec::new() };
        let range = if first.epoch == last.epoch {
            (first.epoch as f64 - 0.5, first.epoch as f64 + 0.5)
        } else {
            (first.epoch as f64, last.epoch as f64)
        };
        let epochs = Axis { label: "epoch".to_owned(), range, whole: true };
        let line = |name: &str, colour: usize, value: &dyn Fn(&Epoch) -> Option<f64>| Line {
            name: name.to_owned(),
            points: self.epochs.iter().filter_map(|epoch| Some((epoch.epoch as f64, value(epoch)?))).collect(),
            band: Vec::new(),
            colour,
            dots: false,
        };
        let figure = |name, label: &str, within, lines: Vec<Line>| {
            let lines: Vec<Line> = lines.into_iter().filter(|line| !line.points.is_empty()).collect();
            let values = lines.iter().flat_map(|line| line.points.iter().map(|&(_, y)| y));
            let y = Axis::around(label, values, within);
            let description = format!("{label} by epoch. {}", lines.iter().map(ends).collect::<Vec<_>>().join(" "));
            let chart = Chart { x: epochs.clone(), y, lines, diagonal: false };
            Figure { name, description, content: Content::Chart(chart) }
        };
        vec![
            figure(
                "loss",
                "loss (nats)",
                (0.0, f64::INFINITY),
                vec![
                    line("training", 0, &|epoch| Some(epoch.train_loss)),
                    line("validation", 1, &|epoch| epoch.validation_loss),
                ],
            ),
            figure(
                "accuracy",
                "accuracy",
                (0.0, 1.0),
                vec![
                    line("training", 0, &|epoch| Some(epoch.train_accuracy)),
                    line("validation", 1, &|epoch| epoch.validation_accuracy),
                ],
            ),
            figure(
                "learning-rate",
                "learning rate",
                (0.0, f64::INFINITY),
                vec![line("learning rate", 0, &|epoch| Some(epoch.learning_rate))],
            ),
        ]
    }

    pub(super) fn filters_figure(&self) -> Option<Figure> {
        let filters = self.filters.as_ref().filter(|filters| filters.shown() > 0)?;
        let description = format!("The weights of {}", filters.described());
        Some(Figure { name: "filters", description, content: Content::Pixels(filters.picture()) })
    }
}

impl Test {
    /// Accuracy by confidence, with the temperature and without it.
    pub(super) fn reliability_figure(&self) -> Figure {
        let line = |name: &str, colour, reliability: &Reliability| Line {
            name: name.to_owned(),
            points: reliability.bins.clone(),
            band: Vec::new(),
            colour,
            dots: true,
        };
        let mut lines = vec![line("as answered", 0, &self.reliability)];
        lines.extend(self.raw_reliability.as_ref().map(|raw| line("without temperature", 1, raw)));
        let description = format!(
            "Reliability diagram: accuracy by confidence, which would lie on the diagonal. The expected calibration error is {:.4}.",
            self.reliability.error
        );
        let chart = Chart { x: Axis::share("confidence"), y: Axis::share("accuracy"), lines, diagonal: true };
        Figure { name: "reliability", description, content: Content::Chart(chart) }
    }

    /// Accuracy by the share of images that are answered, the most confident first.
    pub(super) fn coverage_figure(&self) -> Figure {
        let points = coverage(&self.answers);
        let accuracy_of = |share: f64| points.iter().find(|point| point.0 >= share).map_or(0.0, |point| point.1);
        let description = format!(
            "Accuracy by coverage: of the half that is most certain {:.4} are right, of nine tenths {:.4}, of all {:.4}.",
            accuracy_of(0.5),
            accuracy_of(0.9),
            accuracy_of(1.0)
        );
        let y = Axis::around("accuracy", points.iter().map(|&(_, y)| y), (0.0, 1.0));
        let line = Line { name: "accuracy".to_owned(), points, band: Vec::new(), colour: 0, dots: false };
        let chart =
            Chart { x: Axis::share("coverage: share of images answered"), y, lines: vec![line], diagonal: false };
        Figure { name: "coverage", description, content: Content::Chart(chart) }
    }
}

/// Share of the images that are answered, and the accuracy on them, where the least certain ones are not.
fn coverage(answers: &[Answer]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<&Answer> = answers.iter().collect();
    sorted.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
    let step = answers.len().div_ceil(POINTS).max(1);
    let mut right = 0_usize;
    let mut points = Vec::new();
    for (place, answer) in sorted.iter().enumerate() {
        right += usize::from(answer.is_right());
        let count = place + 1;
        if count.is_multiple_of(step) || count == answers.len() {
            points.push((count as f64 / answers.len() as f64, right as f64 / count as f64));
        }
    }
    points
}

/// `training goes from 0.51 to 0.32.`
fn ends(line: &Line) -> String {
    match (line.points.first(), line.points.last()) {
        (Some((_, first)), Some((_, last))) if line.points.len() > 1 => {
            format!("{} goes from {first:.4} to {last:.4}.", line.name)
        }
        (_, Some((_, last))) => format!("{} is {last:.4}.", line.name),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_confident_are_answered_first() {
        let answer = |confidence, predicted| Answer { truth: 1, predicted, confidence };
        let answers = [answer(0.5, 0), answer(0.9, 1), answer(0.7, 1), answer(0.6, 0)];
        assert_eq!(coverage(&answers), [(0.25, 1.0), (0.5, 1.0), (0.75, 2.0 / 3.0), (1.0, 0.5)]);
        assert!(coverage(&[]).is_empty());
        assert!(coverage(&[answers[0]; 10_000]).len() <= POINTS);
    }
}
