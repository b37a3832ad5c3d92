//! A file's numbers as they stand there, and how they become a matrix of f32 that keeps the distances of its rows.
//!
//! f32 tells about 16 million numbers apart between one and its double. A column far from zero, as times in seconds since
//! 1970 are, would fall together in it; less its median, which changes no distance, it does not.

use super::Matrix;

/// Values beyond this have squares that f32 cannot hold well in sums,
const LARGEST: f64 = 1e15;
/// and it loses those of distances below this.
const SMALLEST: f64 = 1e-15;
/// The square of a distance below this is 0.
const VANISHES: f64 = 1e-18;
/// Rows between which distances are measured, at most,
const MEASURED: usize = 256;
/// and as few as make this many differences, but for a few.
const DIFFERENCES: usize = 50_000_000;
/// A column is centred where its median is so many times the range of the middle half of its values.
const FAR: f64 = 64.0;
/// Rows from which a column is judged, at most.
const SAMPLE: usize = 4096;
/// Precision is lost where more than one in so many different values of a column becomes equal to another.
const MERGED: usize = 100;

/// What a file holds as points: numbers in rows and columns, of which there is at least one each.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Points.
    pub rows: usize,
    /// Numbers of each point.
    pub columns: usize,
    pub(super) values: Values,
    /// What the columns are called, where the file says so.
    pub(super) names: Option<Vec<String>>,
    /// The class of each point, where a column says so.
    pub labels: Option<TableLabels>,
    /// What was taken for what, and may have been meant otherwise: sentences without the name of the file.
    pub notes: Vec<String>,
}

/// The class of each row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableLabels {
    /// `[rows]`
    pub classes: Vec<u8>,
    /// What each class is called; none where classes are numbers.
    pub names: Vec<String>,
}

/// `rows * columns` numbers, a row after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// Of a file that holds nothing f32 would round.
    Single(Vec<f32>),
    Double(Vec<f64>),
}

/// A number that is none.
#[derive(Clone, Debug, PartialEq)]
pub struct NotFinite {
    /// Whose number, from 0.
    pub row: usize,
    /// Which one, from 0.
    pub column: usize,
    /// What the column is called, where the file says so.
    pub name: Option<String>,
    /// NaN or an infinity.
    pub value: f64,
}

impl Table {
    pub(super) fn new(rows: usize, columns: usize, values: Values) -> Self {
        Self { rows, columns, values, names: None, labels: None, notes: Vec::new() }
    }

    /// Keeps these rows only, whose numbers rise.
    pub fn select(&mut self, rows: &[usize]) {
        fn keep<T: Copy>(values: &mut Vec<T>, rows: &[usize], columns: usize) {
            for (to, &from) in rows.iter().enumerate() {
                values.copy_within(from * columns..(from + 1) * columns, to * columns);
            }
            values.truncate(rows.len() * columns);
            values.shrink_to_fit();
        }
        match &mut self.values {
            Values::Single(values) => keep(values, rows, self.columns),
            Values::Double(values) => keep(values, rows, self.columns),
        }
        if let Some(labels) = &mut self.labels {
            keep(&mut labels.classes, rows, 1);
        }
        self.rows = rows.len();
    }

    /// The first number that is NaN or infinite.
    pub fn not_finite(&self) -> Option<NotFinite> {
        let (at, value) = match &self.values {
            Values::Single(values) => {
                values.iter().position(|value| !value.is_finite()).map(|at| (at, f64::from(values[at])))
            }
            Values::Double(values) => values.iter().position(|value| !value.is_finite()).map(|at| (at, values[at])),
        }?;
        let (row, column) = (at / self.columns, at % self.columns);
        Some(NotFinite { row, column, name: self.names.as_ref().map(|names| names[column].clone()), value })
    }

    /// Every number as f32, whatever becomes of it.
    pub(super) fn rounded(self) -> Matrix {
        let values = match self.values {
            Values::Single(values) => values,
            Values::Double(values) => values.into_iter().map(|value| value as f32).collect(),
        };
        Matrix { rows: self.rows, columns: self.columns, values }
    }

    /// The rows as f32 in such a way that their distances are kept in proportion, and what there is to say about that.
    ///
    /// Values that f32 holds stay what they are. A column which f32 would round and which lies far from zero becomes that
    /// less its median. If f32 cannot hold the squares of the largest values or of the distances between nearby rows, all
    /// columns do, and all are multiplied by one power of two. For the cosine (`is_centred` is false), which needs zero where
    /// it is, each row whose square f32 cannot hold is multiplied by a power of its own. All numbers must be finite.
    pub fn into_matrix(self, is_centred: bool) -> (Matrix, Vec<String>) {
        let (is_rounded, mut notes) = (self.rounded_columns(), Vec::new());
        let mut offsets: Vec<f64> = (0..self.columns)
            .map(|column| if is_centred && is_rounded[column] { self.offset(column) } else { 0.0 })
            .collect();
        let mut scale = Scale(0);
        if is_centred && let Some(nearby) = self.needs_scale(&offsets) {
            offsets = (0..self.columns).map(|column| self.median(column)).collect();
            scale = Scale::between(nearby, self.largest(&offsets));
            notes.extend(scale_note(scale, nearby));
        }
        let is_lost = |&column: &usize| {
            let mut sorted = self.sorted_sample(column);
            // For the cosine, rows of other sizes are scaled by themselves.
            sorted.retain(|&value| is_centred || is_within(value.abs()));
            (is_rounded[column] || scale.0 != 0) && are_merged(&sorted, offsets[column], scale)
        };
        notes.extend(self.lost(&(0..self.columns).filter(is_lost).collect::<Vec<_>>(), is_centred));
        let Self { rows, columns, values, .. } = self;
        // For the cosine, each row's own: that changes no angle.
        let scale_of = |largest: f64| if is_centred { scale } else { Scale::of_length(largest) };
        let values = match values {
            Values::Single(mut values) => {
                for row in values.chunks_exact_mut(columns) {
                    let scale = scale_of(row.iter().fold(0.0, |largest, &value| largest.max(f64::from(value).abs())));
                    let pairs = row.iter_mut().zip(&offsets);
                    pairs.for_each(|(value, &offset)| *value = scale.single(f64::from(*value), offset));
                }
                values
            }
            Values::Double(values) => values
                .chunks_exact(columns)
                .flat_map(|row| {
                    let scale = scale_of(row.iter().fold(0.0, |largest, value| largest.max(value.abs())));
                    row.iter().zip(&offsets).map(move |(&value, &offset)| scale.single(value, offset))
                })
                .collect(),
        };
        (Matrix { rows, columns, values }, notes)
    }

    /// Whether f32 would round a value of each column, `[columns]`.
    fn rounded_columns(&self) -> Vec<bool> {
        let mut is_rounded = vec![false; self.columns];
        if let Values::Double(values) = &self.values {
            for row in values.chunks_exact(self.columns) {
                for (is_rounded, &value) in is_rounded.iter_mut().zip(row) {
                    *is_rounded |= f64::from(value as f32) != value;
                }
            }
        }
        is_rounded
    }

    /// What a column that f32 would round is made less by.
    fn offset(&self, column: usize) -> f64 {
        let sorted = self.sorted_sample(column);
        let at = |share: usize| sorted[(sorted.len() - 1) * share / 4];
        let (median, range) = (at(2), at(3) - at(1));
        if median.abs() > FAR * range || are_merged(&sorted, 0.0, Scale(0)) { median } else { 0.0 }
    }

    fn median(&self, column: usize) -> f64 {
        let sorted = self.sorted_sample(column);
        sorted[(sorted.len() - 1) / 2]
    }

    /// The distance between nearby rows, if f32 cannot hold its square or those of the largest values.
    fn needs_scale(&self, offsets: &[f64]) -> Option<f64> {
        let (nearby, largest) = (self.nearby(), self.largest(offsets));
        if is_within(largest) && is_within(nearby) { None } else { Some(nearby) }
    }

    /// The largest value less its offset.
    fn largest(&self, offsets: &[f64]) -> f64 {
        // Half of each, so that no difference is infinite.
        let half = |(value, offset): (f64, &f64)| (value / 2.0 - offset / 2.0).abs();
        let offsets = offsets.iter().cycle();
        let halves: f64 = match &self.values {
            Values::Single(values) => {
                values.iter().map(|&value| f64::from(value)).zip(offsets).map(half).fold(0.0, f64::max)
            }
            Values::Double(values) => values.iter().copied().zip(offsets).map(half).fold(0.0, f64::max),
        };
        (halves * 2.0).min(f64::MAX)
    }

    /// How far a row is from the nearest other one, at the median of some rows of which no two are equal; 0 if all are.
    fn nearby(&self) -> f64 {
        let most = (DIFFERENCES / self.columns).isqrt().clamp(8, MEASURED);
        let rows: Vec<usize> = (0..self.rows).step_by(self.rows.div_ceil(most).max(1)).collect();
        let value = |row: usize, column: usize| match &self.values {
            Values::Single(values) => f64::from(values[row * self.columns + column]),
            Values::Double(values) => values[row * self.columns + column],
        };
        // The largest difference stands for all, since squares of f64 may be lost too.
        let distance = |one: usize, other: usize| {
            let halves = (0..self.columns).map(|column| (value(one, column) / 2.0 - value(other, column) / 2.0).abs());
            (halves.fold(0.0, f64::max) * 2.0).min(f64::MAX)
        };
        let mut nearest: Vec<f64> = rows
            .iter()
            .map(|&one| {
                let distances = rows.iter().map(|&other| distance(one, other)).filter(|&distance| distance > 0.0);
                distances.fold(f64::INFINITY, f64::min)
            })
            .filter(|distance| distance.is_finite())
            .collect();
        nearest.sort_unstable_by(f64::total_cmp);
        nearest.get(nearest.len() / 2).copied().unwrap_or(0.0)
    }

    /// Some values of a column, the smallest first.
    fn sorted_sample(&self, column: usize) -> Vec<f64> {
        let rows = (0..self.rows).step_by(self.rows.div_ceil(SAMPLE).max(1));
        let value = |row: usize| match &self.values {
            Values::Single(values) => f64::from(values[row * self.columns + column]),
            Values::Double(values) => values[row * self.columns + column],
        };
        let mut sample: Vec<f64> = rows.map(value).collect();
        sample.sort_unstable_by(f64::total_cmp);
        sample
    }

    /// What is said of columns that have lost precision.
    fn lost(&self, columns: &[usize], is_centred: bool) -> Option<String> {
        let &first = columns.first()?;
        let name = match &self.names {
            Some(names) => format!("column '{}'", names[first]),
            None => format!("column {}", first + 1),
        };
        let others = match columns.len() - 1 {
            0 => String::new(),
            1 => " and one other".to_owned(),
            others => format!(" and {others} others"),
        };
        let advice = if is_centred {
            "scale it, or take off what its values have in common"
        } else {
            "measure Euclidean distances"
        };
        Some(format!("different values of {name}{others} become equal in 32-bit numbers: {advice}"))
    }
}

/// A power of two, by its exponent.
#[derive(Clone, Copy)]
struct Scale(i32);

impl Scale {
    /// The power that brings two sizes as far below one as above it, so that f32 holds the squares of both if it can, and in
    /// any case those of the largest.
    fn between(nearby: f64, largest: f64) -> Self {
        if largest == 0.0 {
            return Self(0);
        }
        let [nearby, largest] = [if nearby > 0.0 { nearby } else { largest }, largest].map(f64::log2);
        let most = LARGEST.log2().floor() - 1.0;
        Self((-(nearby + largest) / 2.0).min(most - largest).round() as i32)
    }

    /// Of a row with this largest value, by which f32 holds its square.
    fn of_length(largest: f64) -> Self {
        if is_within(largest) { Self(0) } else { Self::between(largest, largest) }
    }

    fn of(self, size: f64) -> f64 {
        size * 2f64.powi(self.0 / 2) * 2f64.powi(self.0 - self.0 / 2)
    }

    /// A value less an offset, scaled.
    fn single(self, value: f64, offset: f64) -> f32 {
        if self.0 == 0 {
            return (value - offset) as f32;
        }
        // Both first, since their difference may be infinite; and in two steps, since one factor may be.
        let (half, rest) = (2f64.powi(self.0 / 2), 2f64.powi(self.0 - self.0 / 2));
        (value * half * rest - offset * half * rest) as f32
    }
}

/// Whether f32 holds the square of such a size.
fn is_within(size: f64) -> bool {
    size == 0.0 || (SMALLEST..=LARGEST).contains(&size)
}

/// What is said of a scale that rows are given.
fn scale_note(scale: Scale, nearby: f64) -> Option<String> {
    if scale.0 == 0 {
        return None;
    }
    let begins = format!("squares of its values are beyond 32-bit numbers: all are multiplied by 2^{}", scale.0);
    if scale.of(nearby) < VANISHES {
        return Some(format!(
            "{begins}, and even so the distances of most points vanish beside the largest: leave the largest out, or scale \
             the columns"
        ));
    }
    Some(format!("{begins}, which keeps the proportions of distances"))
}

/// Whether too many different ones of these values, the smallest first, become equal in f32.
fn are_merged(sorted: &[f64], offset: f64, scale: Scale) -> bool {
    let steps = sorted.windows(2).filter(|pair| pair[0] != pair[1]);
    let (mut different, mut merged) = (1, 0);
    for pair in steps {
        different += 1;
        merged += usize::from(scale.single(pair[0], offset) == scale.single(pair[1], offset));
    }
    merged * MERGED > different
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: usize, values: Vec<f64>) -> Table {
        Table::new(values.len() / columns, columns, Values::Double(values))
    }

    #[test]
    fn a_column_far_from_zero_keeps_its_differences() {
        for offset in [1.7e9, -2e12, 1e15] {
            let values = (0..200).flat_map(|at| [offset + f64::from(at) / 4.0, f64::from(at)]).collect();
            let (matrix, notes) = table(2, values).into_matrix(true);
            assert_eq!(notes, [""; 0]);
            for row in matrix.values.chunks(2) {
                assert_eq!(row[0] - matrix.values[0], row[1] / 4.0);
            }
        }
    }

    #[test]
    fn one_value_elsewhere_does_not_hide_that_the_others_are_far() {
        let values = std::iter::once(0.0).chain((0..99).map(|at| 1.7e9 + f64::from(at))).collect();
        let (matrix, notes) = table(1, values).into_matrix(true);
        assert_eq!(notes, [""; 0]);
        assert!(matrix.values[1..].windows(2).all(|pair| pair[1] - pair[0] == 1.0), "{:?}", matrix.values);
    }

    #[test]
    fn what_f32_holds_keeps_its_bits() {
        let values: Vec<f32> = (0..300).map(|at| 16e6 + at as f32).collect();
        let (matrix, notes) = table(3, values.iter().map(|&value| f64::from(value)).collect()).into_matrix(true);
        assert_eq!((matrix.values, notes), (values, Vec::new()));
        // Nor is there a reason to move what it holds well enough.
        let values: Vec<f64> = (0..300).map(|at| f64::from(at) / 7.0).collect();
        let (matrix, _) = table(3, values.clone()).into_matrix(true);
        assert!(matrix.values.iter().zip(values).all(|(&found, value)| found == value as f32));
    }

    #[test]
    fn precision_that_is_lost_is_said() {
        let halves = |at: i32| if at % 2 == 0 { f64::from(at) } else { 1.7e12 + f64::from(at) };
        let (_, notes) = table(1, (0..100).map(halves).collect()).into_matrix(true);
        assert!(notes[0].starts_with("different values of column 1 become equal"), "{notes:?}");
        let far = || table(2, (0..100).flat_map(|at| [1.0, 1.7e9 + f64::from(at)]).collect());
        let (matrix, notes) = far().into_matrix(false);
        assert!(notes[0].contains("column 2 ") && notes[0].ends_with("Euclidean distances"), "{notes:?}");
        assert_eq!(matrix.values[1], 1.7e9);
        let tiny = (0..100).flat_map(|at| [f64::from(at), f64::from(at) * 1e-300]).collect();
        let (_, notes) = table(2, tiny).into_matrix(true);
        assert!(notes.len() == 1 && notes[0].contains("column 2 "), "{notes:?}");
    }

    #[test]
    fn sizes_beyond_f32_are_scaled_and_said() {
        for size in [1e-300, 1e-310, 1e-20, 1e20, 1e300, 1.7e308] {
            let values: Vec<f64> = (0..101).map(|at| (f64::from(at) - 50.0) / 50.0 * size).collect();
            let (matrix, notes) = table(1, values).into_matrix(true);
            assert!(notes.len() == 1 && notes[0].contains("multiplied by 2^"), "{size:e}: {notes:?}");
            let steps: Vec<f32> = matrix.values.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(
                steps.iter().all(|step| (step / steps[0] - 1.0).abs() < 1e-3 && *step > 1e-3),
                "{size:e}: {steps:?}"
            );
        }
    }

    /// Five clusters of rows, in two columns, as large as asked.
    fn clusters(size: f64) -> Vec<[f64; 2]> {
        let point = |at: i32| [f64::from(at % 5) * 10.0 + f64::from(at % 7) / 7.0, f64::from(at % 11) / 11.0];
        (0..100).map(|at| point(at).map(|value| value * size)).collect()
    }

    fn distance(one: &[f32], other: &[f32]) -> f32 {
        one.iter().zip(other).map(|(one, other)| (one - other) * (one - other)).sum::<f32>().sqrt()
    }

    #[test]
    fn neither_a_constant_nor_an_outlier_hides_small_distances() {
        let usual = clusters(1.0);
        for size in [1e-24, 1e-30, 1.0, 1e24] {
            for (extra, outlier) in [(1.0, None), (1e9, None), (0.0, Some(1e12)), (0.0, Some(1e24 * size))] {
                let mut rows: Vec<[f64; 3]> = clusters(size).iter().map(|row| [extra, row[0], row[1]]).collect();
                rows[0] = outlier.map_or(rows[0], |value| [value; 3]);
                let (matrix, notes) = table(3, rows.concat()).into_matrix(true);
                let row = |at: usize| &matrix.values[3 * at..][..3];
                let unit = distance(row(1), row(2));
                let expected = distance(&usual[1].map(|value| value as f32), &usual[2].map(|value| value as f32));
                for (one, other) in [(1, 6), (10, 45), (98, 99)] {
                    let usual =
                        distance(&usual[one].map(|value| value as f32), &usual[other].map(|value| value as f32));
                    let found = distance(row(one), row(other)) / unit * expected;
                    let is_said = notes.iter().any(|note| note.contains("vanish") || note.contains("become equal"));
                    assert!(is_said || (found / usual - 1.0).abs() < 1e-3, "{size:e} {extra} {outlier:?}: {notes:?}");
                }
            }
        }
    }

    #[test]
    fn equal_rows_stay_equal_whatever_their_size() {
        for size in [0.0, 1.0, 1e-30, 1e30, 1e300, -1.7e308] {
            for is_centred in [true, false] {
                let (matrix, notes) = table(2, [size, size / 3.0].repeat(20)).into_matrix(is_centred);
                let first = &matrix.values[..2];
                assert!(matrix.values.chunks(2).all(|row| row == first && row.iter().all(|value| value.is_finite())));
                assert_eq!(notes, [""; 0], "{size:e} {is_centred}");
            }
        }
    }

    #[test]
    fn rows_of_any_length_keep_their_direction_for_the_cosine() {
        let rows: Vec<f64> = (0..61).flat_map(|at| [3.0, 4.0].map(|value| value * 10f64.powi(10 * at - 300))).collect();
        let (matrix, notes) = table(2, rows).into_matrix(false);
        assert_eq!(notes, [""; 0]);
        for row in matrix.values.chunks(2) {
            let length = (row[0] * row[0] + row[1] * row[1]).sqrt();
            assert!((row[0] / length - 0.6).abs() < 1e-6, "{row:?}");
        }
    }
}
