//! The convolution of a grid `[rows, columns]` with the similarity 1 / (1 + r²), by Fourier transforms.
//!
//! Transforms are `[2 · rows, 2 · columns]`, padded with zeros, so that nothing comes round from the other side. Rows are
//! transformed as real numbers, `[rows, frequencies]` with `frequencies` = columns + 1, then columns as complex ones.
//!
//! Where all points are near each other the similarity is next to 1 and would leave no digits for what tells them apart;
//! there -r² / (1 + r²) is taken, which is 1 less and has the same gradient.

use std::sync::Arc;

use modiste_fourier::{Complex, ComplexToReal, Fft, FftError, Planners, RealToComplex};
use rayon::prelude::*;

use super::self_interaction::SelfInteraction;
use super::spline::response;

/// Rows or columns that one task transforms: those of a cache line.
const LINES_PER_TASK: usize = 8;
/// Sizes of grids are these times a power of two, whose transforms are fast. There are few, so that a growing map keeps its
/// grid for some iterations. In `bench/NOTES.md`, "Maps": "fewer sizes of grids".
const SIZES: [usize; 5] = [9, 10, 12, 14, 16];

/// Up to this spacing grids are for points that are near each other.
const NEAR_SPACING: f32 = 1.0 / 64.0;

/// The value at r = 0 of what the grid is convolved with.
pub(super) fn peak(spacing: f32) -> f64 {
    if spacing <= NEAR_SPACING { 0.0 } else { 1.0 }
}

/// The convolution for one size of grid.
pub(super) struct Convolution {
    rows: usize,
    columns: usize,
    spacing: f32,
    row_forward: Arc<dyn RealToComplex<f32>>,
    row_inverse: Arc<dyn ComplexToReal<f32>>,
    column_forward: Arc<dyn Fft<f32>>,
    column_inverse: Arc<dyn Fft<f32>>,
    /// The similarity's transform, `[frequencies, 2 · rows]`.
    similarity_spectrum: Vec<f32>,
    /// What a point reads of itself.
    self_interaction: SelfInteraction,
    /// Rows of the grid, transformed, `[rows, frequencies]`.
    row_spectra: Vec<Complex<f32>>,
    /// Columns of the result, before the last transform, `[frequencies, rows]`.
    columns_done: Vec<Complex<f32>>,
}

/// The smallest size of a grid that is not below `least`; at least 9.
pub(super) fn fast_size(least: usize) -> usize {
    let octave = least.next_power_of_two().max(16) / 16;
    SIZES.into_iter().map(|size| size * octave).find(|&size| size >= least).unwrap_or(16 * octave)
}

impl Convolution {
    /// For grids `[rows, columns]`. Splines damp a grid's waves twice, when points are spread and when the result is read;
    /// the spectrum is divided by both.
    pub(super) fn new(planners: &mut Planners, rows: usize, columns: usize, spacing: f32) -> Self {
        let frequencies = columns + 1;
        let mut convolution = Self {
            rows,
            columns,
            spacing,
            row_forward: planners.real_forward(2 * columns),
            row_inverse: planners.real_inverse(2 * columns),
            column_forward: planners.complex_forward(2 * rows),
            column_inverse: planners.complex_inverse(2 * rows),
            similarity_spectrum: Vec::new(),
            self_interaction: SelfInteraction::default(),
            row_spectra: vec![Complex::default(); rows * frequencies],
            columns_done: vec![Complex::default(); rows * frequencies],
        };
        convolution.similarity_spectrum = convolution.similarity_spectrum(planners);
        let cycles = |wave: usize, length: usize| wave as f64 / (2 * length) as f64;
        // All but the first and the last stand for two, of waves one way and the other.
        let count = |frequency| if frequency % columns == 0 { 1.0 } else { 2.0 };
        let across: Vec<_> = (0..frequencies).map(|frequency| (cycles(frequency, columns), count(frequency))).collect();
        let down: Vec<_> = (0..2 * rows).map(|frequency| cycles(frequency, rows)).collect();
        convolution.self_interaction = SelfInteraction::new(&convolution.similarity_spectrum, &across, &down);
        convolution
    }

    /// What a point reads of itself.
    pub(super) fn self_interaction(&self) -> SelfInteraction {
        self.self_interaction
    }

    /// Whether it is one of such grids.
    pub(super) fn is_for(&self, rows: usize, columns: usize, spacing: f32) -> bool {
        (self.rows, self.columns, self.spacing) == (rows, columns, spacing)
    }

    fn frequencies(&self) -> usize {
        self.columns + 1
    }

    /// The similarity around the first node, on both sides of it, and so the same on all: its transform is real, and each
    /// half of it mirrors the other.
    fn similarity_spectrum(&self, planners: &mut Planners) -> Vec<f32> {
        const FINER: usize = 2;
        let (width, height, frequencies) = (2 * self.columns, 2 * self.rows, self.frequencies());
        let (fine_width, fine_height) = (FINER * width, FINER * height);
        let spacing = self.spacing / FINER as f32;
        let squared = |node: usize| (node as f32 * spacing).powi(2);
        let across = planners.real_forward(fine_width);
        let down = planners.real_forward(fine_height);
        let half = fine_height / 2 + 1;
        let mut spectra = vec![0.0; half * frequencies];
        let scratch = |plan: &Arc<dyn RealToComplex<f32>>| (plan.make_input_vec(), plan.make_output_vec());
        spectra.par_chunks_mut(frequencies).enumerate().for_each_init(
            || scratch(&across),
            |(values, transformed), (row, spectrum)| {
                for (column, value) in values[..=fine_width / 2].iter_mut().enumerate() {
                    let squared = squared(row) + squared(column);
                    *value =
                        if self.spacing <= NEAR_SPACING { -squared / (1.0 + squared) } else { 1.0 / (1.0 + squared) };
                }
                mirror(values);
                transform(across.process(values, transformed));
                spectrum.iter_mut().zip(transformed).for_each(|(value, transformed)| *value = transformed.re);
            },
        );
        let mut spectrum = vec![0.0; frequencies * height];
        spectrum.par_chunks_mut(height).enumerate().for_each_init(
            || scratch(&down),
            |(values, transformed), (frequency, column)| {
                for (value, spectrum) in values.iter_mut().zip(spectra.chunks_exact(frequencies)) {
                    *value = spectrum[frequency];
                }
                mirror(values);
                transform(down.process(values, transformed));
                let across = response(frequency as f64 / width as f64);
                for (row_frequency, (value, transformed)) in
                    column[..=self.rows].iter_mut().zip(transformed).enumerate()
                {
                    let splines = across * response(row_frequency as f64 / height as f64);
                    // Neither transform divides by its length.
                    let share = 1.0 / (splines * splines * (fine_width * fine_height) as f64);
                    *value = (f64::from(transformed.re) * share) as f32;
                }
                mirror(column);
            },
        );
        spectrum
    }

    /// Convolves a grid `[rows, columns]` in place.
    pub(super) fn apply(&mut self, grid: &mut [f32]) {
        self.transform_rows(grid);
        self.convolve_columns();
        self.restore_rows(grid);
    }

    fn transform_rows(&mut self, grid: &[f32]) {
        let (columns, frequencies, forward) = (self.columns, self.frequencies(), &self.row_forward);
        let lines = self
            .row_spectra
            .par_chunks_mut(LINES_PER_TASK * frequencies)
            .zip(grid.par_chunks(LINES_PER_TASK * columns));
        lines.for_each_init(
            || (forward.make_input_vec(), forward.make_scratch_vec()),
            |(values, scratch), (spectra, rows)| {
                for (spectrum, row) in spectra.chunks_exact_mut(frequencies).zip(rows.chunks_exact(columns)) {
                    values[..columns].copy_from_slice(row);
                    values[columns..].fill(0.0);
                    transform(forward.process_with_scratch(values, spectrum, scratch));
                }
            },
        );
    }

    fn convolve_columns(&mut self) {
        let (rows, frequencies) = (self.rows, self.frequencies());
        let (forward, inverse) = (&self.column_forward, &self.column_inverse);
        let scratch_length = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        let (row_spectra, similarity_spectrum) = (&self.row_spectra, &self.similarity_spectrum);
        self.columns_done.par_chunks_mut(LINES_PER_TASK * rows).enumerate().for_each_init(
            || (vec![Complex::default(); LINES_PER_TASK * 2 * rows], vec![Complex::default(); scratch_length]),
            |(lines, scratch), (block, done)| {
                let first = block * LINES_PER_TASK;
                let count = done.len() / rows;
                let lines = &mut lines[..count * 2 * rows];
                for (row, spectrum) in row_spectra.chunks_exact(frequencies).enumerate() {
                    for (line, value) in spectrum[first..first + count].iter().enumerate() {
                        lines[line * 2 * rows + row] = *value;
                    }
                }
                let spectra = similarity_spectrum[first * 2 * rows..].chunks_exact(2 * rows);
                for ((line, done), spectrum) in
                    lines.chunks_exact_mut(2 * rows).zip(done.chunks_exact_mut(rows)).zip(spectra)
                {
                    line[rows..].fill(Complex::default());
                    forward.process_with_scratch(line, scratch);
                    for (value, factor) in line.iter_mut().zip(spectrum) {
                        *value *= factor;
                    }
                    inverse.process_with_scratch(line, scratch);
                    done.copy_from_slice(&line[..rows]);
                }
            },
        );
    }

    fn restore_rows(&self, grid: &mut [f32]) {
        let (rows, columns, frequencies) = (self.rows, self.columns, self.frequencies());
        let inverse = &self.row_inverse;
        grid.par_chunks_mut(LINES_PER_TASK * columns).enumerate().for_each_init(
            || {
                (
                    vec![Complex::default(); LINES_PER_TASK * frequencies],
                    inverse.make_output_vec(),
                    inverse.make_scratch_vec(),
                )
            },
            |(spectra, values, scratch), (block, grid)| {
                let first = block * LINES_PER_TASK;
                let count = grid.len() / columns;
                for (frequency, column) in self.columns_done.chunks_exact(rows).enumerate() {
                    for (line, value) in column[first..first + count].iter().enumerate() {
                        spectra[line * frequencies + frequency] = *value;
                    }
                }
                for (spectrum, row) in spectra.chunks_exact_mut(frequencies).zip(grid.chunks_exact_mut(columns)) {
                    // What is real has real first and last frequencies; rounding may have left them not quite.
                    spectrum[0].im = 0.0;
                    spectrum[columns].im = 0.0;
                    transform(inverse.process_with_scratch(spectrum, values, scratch));
                    row.copy_from_slice(&values[..columns]);
                }
            },
        );
    }
}

/// Writes the second half of values that are the same on both sides of the first.
fn mirror(values: &mut [f32]) {
    let (first, second) = values.split_at_mut(values.len() / 2 + 1);
    second.iter_mut().rev().zip(&first[1..]).for_each(|(second, first)| *second = *first);
}

/// A transform fails only over the lengths of its slices or a spectrum of nothing real, and both are right above.
fn transform(outcome: Result<(), FftError>) {
    debug_assert!(outcome.is_ok(), "{outcome:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_small_factors_and_are_near() {
        assert_eq!([1, 9, 11, 128, 129, 271].map(fast_size), [9, 9, 12, 128, 144, 288]);
    }

    #[test]
    fn the_similarity_comes_through_the_grid() {
        // The splines' part is taken out again by a grid whose only wave is constant: far from the borders the sum over
        // all nodes of the similarity is that of the plain sum.
        let (rows, columns, spacing) = (20, 32, 0.5);
        let mut convolution = Convolution::new(&mut Planners::new(), rows, columns, spacing);
        let mut grid = vec![0.0; rows * columns];
        // A point at a node, as splines spread it.
        let spread = [1.0 / 120.0, 26.0 / 120.0, 66.0 / 120.0, 26.0 / 120.0, 1.0 / 120.0];
        for (i, one) in spread.iter().enumerate() {
            for (j, other) in spread.iter().enumerate() {
                grid[(i + 3) * columns + j + 8] = one * other;
            }
        }
        convolution.apply(&mut grid);
        // Waves shorter than two nodes are lost; the similarity has next to none but right at its peak.
        let places = [(5, 10, 5e-3), (6, 10, 1e-3), (12, 25, 1e-5), (17, 29, 1e-5), (5, 2, 2e-4)];
        for (row, column, tolerance) in places {
            let read: f32 = (0..5)
                .flat_map(|i| (0..5).map(move |j| (i, j)))
                .map(|(i, j)| spread[i] * spread[j] * grid[(row + i - 2) * columns + column + j - 2])
                .sum();
            let squared = [row as f32 - 5.0, column as f32 - 10.0].map(|nodes| (nodes * spacing).powi(2));
            let wanted = 1.0 / (1.0 + squared[0] + squared[1]);
            assert!((read - wanted).abs() < tolerance, "{read} for {wanted} at {row}, {column}");
        }
    }
}
