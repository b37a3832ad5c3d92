//! The figures of several runs: curves over each other, those of several seeds as their mean and deviation.

use super::{Experiment, RunsPage};
use crate::figures::{Axis, Chart, Content, Figure, Line};
use crate::run::Epoch;

type Value = fn(&Epoch) -> Option<f64>;

impl RunsPage {
    /// Every figure of the page.
    pub fn figures(&self) -> Vec<Figure> {
        let figures: [(&'static str, &str, f64, Value); 4] = [
            ("validation-accuracy", "accuracy on validation images", 1.0, |epoch| epoch.validation_accuracy),
            ("validation-loss", "loss on validation images (nats)", f64::INFINITY, |epoch| epoch.validation_loss),
            ("training-accuracy", "accuracy in training", 1.0, |epoch| Some(epoch.train_accuracy)),
            ("training-loss", "loss in training (nats)", f64::INFINITY, |epoch| Some(epoch.train_loss)),
        ];
        figures.into_iter().filter_map(|(name, label, most, value)| self.figure(name, label, most, value)).collect()
    }

    /// A line for each experiment that has such values; `None` where none has.
    fn figure(&self, name: &'static str, label: &str, most: f64, value: Value) -> Option<Figure> {
        let lines: Vec<Line> = self
            .experiments
            .iter()
            .enumerate()
            .map(|(colour, experiment)| line(experiment, colour, value))
            .filter(|line| !line.points.is_empty())
            .collect();
        let last = lines.iter().filter_map(|line| line.points.last()).map(|point| point.0).fold(0.0, f64::max);
        if last < 1.0 {
            return None;
        }
        let values = lines.iter().flat_map(|line| {
            let bands = line.band.iter().flat_map(|&(_, least, most)| [least, most]);
            line.points.iter().map(|point| point.1).chain(bands)
        });
        let y = Axis::around(label, values, (0.0, most));
        let range = if last > 1.0 { (1.0, last) } else { (0.5, 1.5) };
        let x = Axis { label: "epoch".to_owned(), range, whole: true };
        let ends: Vec<String> = lines
            .iter()
            .filter_map(|line| line.points.last().map(|point| format!("{} ends at {:.4}.", line.name, point.1)))
            .collect();
        let description = format!("{label} by epoch. {}", ends.join(" "));
        Some(Figure { name, description, content: Content::Chart(Chart { x, y, lines, diagonal: false }) })
    }
}

/// The mean over the runs that have an epoch, and a standard deviation to both sides of it where there are several.
fn line(experiment: &Experiment, colour: usize, value: Value) -> Line {
    let epochs = experiment.runs.iter().flatten().map(|epoch| epoch.epoch).max().unwrap_or(0);
    let (mut points, mut band) = (Vec::new(), Vec::new());
    for number in 1..=epochs {
        let at = |run: &Vec<Epoch>| run.iter().find(|epoch| epoch.epoch == number).and_then(value);
        let values: Vec<f64> = experiment.runs.iter().filter_map(at).collect();
        if values.is_empty() {
            continue;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        points.push((number as f64, mean));
        if values.len() > 1 {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let deviation = (squares / (values.len() - 1) as f64).sqrt();
            band.push((number as f64, mean - deviation, mean + deviation));
        }
    }
    Line { name: experiment.name.clone(), points, band, colour, dots: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_mean_with_a_band() {
        let run = |last: f64| {
            let epoch =
                |(place, &train_loss): (usize, &f64)| Epoch { epoch: place + 1, train_loss, ..Epoch::default() };
            [1.0, last].iter().enumerate().map(epoch).collect::<Vec<_>>()
        };
        let experiment = Experiment { name: "a".to_owned(), runs: vec![run(0.2), run(0.4)] };
        let line = line(&experiment, 0, |epoch| Some(epoch.train_loss));
        assert_eq!(line.points.len(), 2);
        assert!(
            (line.points[1].1 - 0.3).abs() < 1e-12
                && (line.band[1].2 - line.band[1].1 - 0.2 * 2f64.sqrt()).abs() < 1e-12
        );
        let page = RunsPage { experiments: vec![experiment], ..RunsPage::default() };
        let names: Vec<_> = page.figures().iter().map(|figure| figure.name).collect();
        assert_eq!(names, ["training-accuracy", "training-loss"]);
        assert!(RunsPage::default().figures().is_empty());
    }
}
