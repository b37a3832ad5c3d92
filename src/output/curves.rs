//! Curves of a run on the terminal, while it is trained: drawn by `textplots` in dots of braille.

use std::fmt::Write;

use modiste_training::EpochRecord;
use textplots::{AxisBuilder, Chart, LabelBuilder, LabelFormat, LineStyle, Plot, Shape};

/// Columns that a chart leaves for the numbers beside it.
const BESIDE: usize = 12;
/// Columns and rows of a terminal below which there are no curves: a heading has 39 columns, and a chart at least 3 rows.
const SMALLEST: (usize, usize) = (40, 16);
/// Rows of a chart at most.
const HIGHEST: usize = 12;
/// Rows of everything else: two headings, two lines of numbers, the line of progress, and some of what stood before.
const OTHERS: usize = 8;
/// Dots of braille in a column and in a row of text.
const DOTS: (usize, usize) = (2, 4);
/// Of these dots every so manieth is drawn of a dotted curve.
const DOTTED: usize = 4;

/// What has been measured of a run.
#[derive(Debug, Default)]
pub struct Curves {
    records: Vec<EpochRecord>,
    epochs: usize,
    /// What was drawn last, and on how many columns and rows: steps come more often than epochs.
    drawn: Option<((usize, usize), String)>,
}

impl Curves {
    /// Of a run of so many epochs, of which these are done.
    pub fn new(epochs: usize, records: &[EpochRecord]) -> Self {
        Self { records: records.to_vec(), epochs, drawn: None }
    }

    /// An epoch is done.
    pub fn add(&mut self, record: &EpochRecord) {
        self.records.push(record.clone());
        self.drawn = None;
    }

    /// Loss above accuracy on a terminal of so many columns and rows, each line with its end; nothing where there is no room, or
    /// no curve yet.
    pub fn text(&mut self, size: (usize, usize)) -> &str {
        if self.drawn.as_ref().is_none_or(|(drawn, _)| *drawn != size) {
            self.drawn = Some((size, self.draw(size)));
        }
        self.drawn.as_ref().map_or("", |(_, text)| text)
    }

    fn draw(&self, (columns, rows): (usize, usize)) -> String {
        if self.records.len() < 2 || columns < SMALLEST.0 || rows < SMALLEST.1 {
            return String::new();
        }
        let (width, height) = (columns - BESIDE, ((rows - OTHERS) / 2).min(HIGHEST));
        let size = ((width * DOTS.0) as u32, (height * DOTS.1) as u32);
        let mut text = String::new();
        let validated = self.records.iter().any(|record| record.validation_loss.is_some());
        let key = if validated { " (line: validation, dots: training)" } else { "" };
        let loss = self.chart(size, |record| Some(record.train_loss), |record| record.validation_loss);
        let accuracy = self.chart(size, |record| Some(record.train_accuracy), |record| record.validation_accuracy);
        let _ = write!(text, "loss{key}\n{loss}accuracy\n{accuracy}");
        text
    }

    /// One chart, training dotted where there is validation.
    fn chart(
        &self,
        (width, height): (u32, u32),
        train: impl Fn(&EpochRecord) -> Option<f64>,
        validation: impl Fn(&EpochRecord) -> Option<f64>,
    ) -> String {
        let points = |value: &dyn Fn(&EpochRecord) -> Option<f64>| -> Vec<(f32, f32)> {
            let point = |record: &EpochRecord| Some((record.epoch as f32, value(record)? as f32));
            self.records.iter().filter_map(point).filter(|(_, value)| value.is_finite()).collect()
        };
        let (train, validation) = (points(&train), points(&validation));
        let all = || train.iter().chain(&validation).map(|&(_, value)| value);
        let (least, most) = (all().fold(f32::INFINITY, f32::min), all().fold(f32::NEG_INFINITY, f32::max));
        // A curve that does not rise or fall is in the middle.
        let room = if most > least { 0.0 } else { most.abs().max(1.0) * 0.1 };
        let last = self.epochs.max(self.records.len()) as f32;
        let dotted = dotted(&train, 1.0, last, width as usize);
        let (train, validation) = if validation.is_empty() {
            (Shape::Points(&[]), Shape::Lines(&train))
        } else {
            (Shape::Points(&dotted), Shape::Lines(&validation))
        };
        let mut chart = Chart::new_with_y_range(width, height, 1.0, last, least - room, most + room);
        let chart = chart.x_axis_style(LineStyle::None).y_axis_style(LineStyle::None);
        let number = |value: f32| format!("{value:.4}");
        let chart = chart
            .x_label_format(LabelFormat::Custom(Box::new(|epoch| format!("{epoch:.0}"))))
            .y_label_format(LabelFormat::Custom(Box::new(number)));
        let chart = chart.lineplot(&train).lineplot(&validation);
        chart.figures();
        chart.to_string()
    }
}

/// Some points on the lines through these, evenly spread over the columns of a chart.
fn dotted(points: &[(f32, f32)], first: f32, last: f32, width: usize) -> Vec<(f32, f32)> {
    let at = |column: usize| first + (last - first) * column as f32 / width.max(1) as f32;
    let between = |x: f32| {
        let end = points.iter().position(|&(end, _)| end >= x)?;
        let ((x1, y1), (x2, y2)) = (points[end.saturating_sub(1)], points[end]);
        let share = if x2 > x1 { (x - x1) / (x2 - x1) } else { 1.0 };
        (x >= x1).then_some((x, y1 + (y2 - y1) * share))
    };
    (0..=width).step_by(DOTTED).filter_map(|column| between(at(column))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(count: usize, validated: bool) -> Curves {
        let record = |epoch: usize| EpochRecord {
            epoch,
            train_loss: 1.0 / epoch as f64,
            train_accuracy: 1.0 - 0.5 / epoch as f64,
            validation_loss: validated.then_some(1.5 / epoch as f64),
            validation_accuracy: validated.then_some(0.9 - 0.5 / epoch as f64),
            ..EpochRecord::default()
        };
        Curves::new(20, &(1..=count).map(record).collect::<Vec<_>>())
    }

    #[test]
    fn curves_are_as_wide_and_as_high_as_the_terminal_lets_them() {
        for (columns, rows) in [(40, 16), (80, 24), (200, 60), (1000, 16)] {
            let text = curves(5, true).draw((columns, rows));
            assert!(text.lines().all(|line| line.chars().count() <= columns), "{text}");
            assert!(text.lines().count() < rows, "{text}");
            assert!(text.contains("1.5000") && text.contains("0.2000") && text.contains("20"), "{text}");
        }
    }

    #[test]
    fn a_new_epoch_and_another_terminal_are_drawn_anew() {
        let mut curves = curves(5, true);
        let narrow = curves.text((60, 24)).to_owned();
        assert_ne!(curves.text((80, 24)), narrow);
        assert_eq!(curves.text((60, 24)), narrow);
        curves.add(&EpochRecord { epoch: 6, train_loss: 3.0, ..EpochRecord::default() });
        assert!(curves.text((60, 24)).contains("3.0000"));
    }

    #[test]
    fn where_there_is_no_room_or_no_curve_nothing_is_drawn() {
        for size in [(0, 0), (39, 24), (80, 15)] {
            assert_eq!(curves(5, true).draw(size), "");
        }
        assert_eq!(curves(1, true).draw((80, 24)), "");
    }

    #[test]
    fn what_is_odd_is_drawn_too() {
        assert!(!curves(3, false).draw((80, 24)).contains("validation"));
        let mut flat = curves(3, false);
        flat.records.iter_mut().for_each(|record| (record.train_loss, record.train_accuracy) = (0.0, f64::NAN));
        flat.epochs = 0;
        assert!(flat.draw((80, 24)).contains("0.1000"));
    }
}
