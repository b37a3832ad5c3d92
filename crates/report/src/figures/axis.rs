//! An axis: what it shows, where it has numbers, and how they are written.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// An axis.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// What is along it, with the unit.
    pub(crate) label: String,
    /// The least and the most that it shows.
    pub(crate) range: (f64, f64),
    /// Whether only whole numbers are of use.
    pub(crate) whole: bool,
}

impl Axis {
    /// That shows all of these values, and a little more around them; `within` bounds it.
    pub(crate) fn around(label: &str, values: impl Iterator<Item = f64>, within: (f64, f64)) -> Self {
        let (least, most) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
        let (least, most) = if least <= most { (least, most) } else { (0.0, 1.0) };
        let room = match (most - least) * 0.06 {
            0.0 if most == 0.0 => 0.5,
            0.0 => most.abs() * 0.1,
            room => room,
        };
        Self {
            label: label.to_owned(),
            range: ((least - room).max(within.0), (most + room).min(within.1)),
            whole: false,
        }
    }

    /// From 0 to 1.
    pub(crate) fn share(label: &str) -> Self {
        Self { label: label.to_owned(), range: (0.0, 1.0), whole: false }
    }
}

/// Places along an axis, and where it has numbers.
pub(super) struct Scale {
    range: (f64, f64),
    ticks: Vec<f64>,
}

impl Scale {
    /// With about `count` numbers.
    pub(super) fn of(axis: &Axis, count: usize) -> Self {
        Self { range: axis.range, ticks: ticks(axis.range.0, axis.range.1, count, axis.whole) }
    }
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        first + (share * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.0..self.range.1
    }
}

/// Multiples of 1, 2 or 5 times a power of ten within a range, about `count` of them; of whole numbers only where `whole`.
fn ticks(least: f64, most: f64, count: usize, whole: bool) -> Vec<f64> {
    let rough = (most - least) / count.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return vec![least];
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power).max(if whole { 1.0 } else { 0.0 });
    let (first, last) = ((least / step - 1e-9).ceil() as i64, (most / step + 1e-9).floor() as i64);
    (first..=last).map(|multiple| multiple as f64 * step).collect()
}

/// A number as people write it, without zeros at its end.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        return format!("{value:.1e}").replace(".0e", "e");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        let written = |least, most, count, whole| -> Vec<String> {
            ticks(least, most, count, whole).into_iter().map(number).collect()
        };
        assert_eq!(written(0.0, 1.0, 5, false), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(written(1.0, 3.0, 8, true), ["1", "2", "3"]);
        assert_eq!(written(1.0, 50.0, 5, true), ["10", "20", "30", "40", "50"]);
        assert_eq!(written(0.0, 2e-5, 2, false), ["0", "1e-5", "2e-5"]);
        assert_eq!(ticks(3.0, 3.0, 5, false), [3.0]);
        assert_eq!(ticks(0.0, f64::NAN, 5, false).len(), 1);
    }
}
