//! Sums over rows.

/// `sum + factor · value`, element by element.
pub(super) fn add_scaled(sum: &mut [f64], factor: f64, values: &[f64]) {
    for (sum, &value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

/// Sum over the rows of `[rows, columns]`.
pub(super) fn column_sums(values: &[f64], columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; columns];
    values.chunks_exact(columns).for_each(|row| add_scaled(&mut sums, 1.0, row));
    sums
}
