//! Principal components: the directions in which points vary most.
//!
//! Subspace iteration (Halko, Martinsson and Tropp, *Finding structure with randomness*, 2011): with X the centred points
//! `[n, dimensions]` and B a basis `[width, dimensions]`, each pass over the points computes B Xᵀ X `[width, dimensions]` and
//! makes its rows orthonormal; the eigenvectors of the scatter matrix within the basis (Rayleigh-Ritz) are the components.
//! Of few points with many values, X Xᵀ `[n, n]` takes the place of Xᵀ X: with U its eigenvectors, Xᵀ U are the components.

use rayon::prelude::*;

use crate::matmul::{MatrixView, multiply};
use crate::points::Points;
use crate::random::{generator, normal};
use crate::simd::vectorised;

/// Directions beyond those wanted: with them the wanted ones converge in fewer passes.
const OVERSAMPLING: usize = 8;
/// Passes end when no variance grows by more than this share from one to the next,
const TOLERANCE: f64 = 1e-7;
/// and after this many anyway.
const MAX_PASSES: usize = 100;
/// Passes for rough components, which miss little of the variance.
const ROUGH_PASSES: usize = 3;
/// Sums over all points have this many parts, on any number of threads.
const PARTS: usize = 16;
/// Points whose products are formed at once.
const BLOCK: usize = 256;
/// Points have many values beyond this: more than a small image.
const MANY_DIMENSIONS: usize = 4096;
/// Up to so many points, all their products cost no more than a few dozen passes.
const FEW_POINTS: usize = 2048;
/// Points whose products with all others are one task.
const ROWS: usize = 64;
/// Values of each direction that are one task.
const COLUMNS: usize = 1024;

/// The directions of largest variance, as an orthonormal basis.
#[derive(Clone, Debug)]
pub struct Components {
    /// `[dimensions]`
    mean: Vec<f32>,
    /// The first varies most, `[count, dimensions]`. The largest value of each is positive.
    directions: Vec<f32>,
    /// `[count]`
    variances: Vec<f64>,
}

impl Components {
    /// The `count` directions of largest variance, fewer where points have fewer dimensions.
    ///
    /// By subspace iteration with Rayleigh-Ritz (Halko, Martinsson and Tropp, *Finding structure with randomness*, 2011),
    /// until the variances are sure to a millionth; the same on any number of threads.
    pub fn new(points: &Points<'_>, count: usize) -> Self {
        let sample = Sample { points: *points, step: 1 };
        let dimensions = points.dimensions();
        let (count, mean) = (count.min(dimensions), sample.mean());
        let is_wide = dimensions > MANY_DIMENSIONS && points.len() <= FEW_POINTS && count < points.len();
        let (scatters, mut directions) = if is_wide {
            let gram = gram(points, &mean);
            let (scatters, weights) = largest(count, points.len(), |basis| gram_times(&gram, basis, points.len()));
            (scatters, combined(points, &mean, &weights))
        } else {
            largest(count, dimensions, |basis| sample.scatter_times(&mean, basis))
        };
        directions.chunks_exact_mut(dimensions).for_each(make_sign_certain);
        let freedom = (points.len().max(2) - 1) as f64;
        Self { mean, directions, variances: scatters.iter().map(|scatter| scatter / freedom).collect() }
    }

    /// As many orthonormal directions in which about as much of the variance of every `step`-th point lies, and the mean of
    /// these.
    pub(crate) fn rough(points: &Points<'_>, step: usize, count: usize) -> Self {
        let sample = Sample { points: *points, step };
        let (mean, mut basis) = (sample.mean(), start(count, points.dimensions()));
        for _ in 0..ROUGH_PASSES {
            basis = sample.scatter_times(&mean, &basis);
            orthonormalise(&mut basis, points.dimensions());
        }
        let count = basis.len() / points.dimensions();
        Self { mean, directions: basis, variances: vec![0.0; count] }
    }

    /// The number of directions.
    pub fn count(&self) -> usize {
        self.variances.len()
    }

    /// The mean of all points, `[dimensions]`.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The variance of the points in each direction, `[count]`, the largest first.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// The coordinates of points along these directions, `[n, count]`.
    pub fn project(&self, points: &Points<'_>) -> Vec<f32> {
        let (count, dimensions) = (self.count(), points.dimensions());
        let mut projected = vec![0.0; points.len() * count];
        projected.par_chunks_mut(BLOCK * count).enumerate().for_each(|(block, projected)| {
            let rows = projected.len() / count;
            let mut centred = vec![0.0; rows * dimensions];
            for (row, centred) in centred.chunks_exact_mut(dimensions).enumerate() {
                centre(points.point(block * BLOCK + row), &self.mean, centred);
            }
            let directions = MatrixView::new(&self.directions, count, dimensions);
            multiply(MatrixView::new(&centred, rows, dimensions), directions.transposed(), projected, false);
        });
        projected
    }
}

/// The mean of all points, `[dimensions]`.
pub(crate) fn mean(points: &Points<'_>) -> Vec<f32> {
    Sample { points: *points, step: 1 }.mean()
}

/// Writes a point less the mean, all `[dimensions]`.
pub(crate) fn centre(point: &[f32], mean: &[f32], centred: &mut [f32]) {
    for ((centred, value), mean) in centred.iter_mut().zip(point).zip(mean) {
        *centred = value - mean;
    }
}

/// Every `step`-th of some points.
#[derive(Clone, Copy)]
struct Sample<'a> {
    points: Points<'a>,
    step: usize,
}

impl<'a> Sample<'a> {
    fn len(&self) -> usize {
        self.points.len().div_ceil(self.step)
    }

    fn point(&self, index: usize) -> &'a [f32] {
        self.points.point(index * self.step)
    }

    /// The sum of what each of [`PARTS`] parts of the points adds to `[length]` values, in the order of the parts.
    fn sum<T: Copy + Default + std::ops::AddAssign + Send>(
        &self,
        length: usize,
        add: impl Fn(std::ops::Range<usize>, &mut [T]) + Sync,
    ) -> Vec<T> {
        let part = |part: usize| {
            let mut sums = vec![T::default(); length];
            add(self.len() * part / PARTS..self.len() * (part + 1) / PARTS, &mut sums);
            sums
        };
        let parts: Vec<_> = (0..PARTS).into_par_iter().map(part).collect();
        let mut sums = vec![T::default(); length];
        for part in parts {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        sums
    }

    fn mean(&self) -> Vec<f32> {
        let sums = self.sum(self.points.dimensions(), |part, sums: &mut [f64]| {
            for index in part {
                sums.iter_mut().zip(self.point(index)).for_each(|(sum, &value)| *sum += f64::from(value));
            }
        });
        sums.into_iter().map(|sum| (sum / self.len() as f64) as f32).collect()
    }

    /// The scatter matrix times each direction of a basis, both `[width, dimensions]`.
    fn scatter_times(&self, mean: &[f32], basis: &[f32]) -> Vec<f32> {
        let dimensions = self.points.dimensions();
        let width = basis.len() / dimensions;
        self.sum(width * dimensions, |part, sums| {
            let mut centred = vec![0.0; BLOCK * dimensions];
            let mut scores = vec![0.0; width * BLOCK];
            for start in part.clone().step_by(BLOCK) {
                let rows = BLOCK.min(part.end - start);
                for (row, centred) in centred.chunks_exact_mut(dimensions).take(rows).enumerate() {
                    centre(self.point(start + row), mean, centred);
                }
                let centred = MatrixView::new(&centred, rows, dimensions);
                multiply(MatrixView::new(basis, width, dimensions), centred.transposed(), &mut scores, false);
                multiply(MatrixView::new(&scores, width, rows), centred, sums, true);
            }
        })
    }
}

/// The `count` largest eigenvalues of a symmetric matrix `[size, size]` and their eigenvectors `[count, size]`. `times` is the
/// matrix times each row of a basis `[width, size]`.
fn largest(count: usize, size: usize, times: impl Fn(&[f32]) -> Vec<f32>) -> (Vec<f64>, Vec<f32>) {
    let mut basis = start(count + OVERSAMPLING, size);
    let mut before = vec![0.0; count];
    for pass in 1.. {
        let product = times(&basis);
        let (values, rotation) = ritz(&basis, &product, size);
        let sure = values.iter().zip(&before).all(|(now, before)| now - before <= TOLERANCE * now);
        before = values[..count].to_vec();
        if sure || pass == MAX_PASSES {
            basis = rotated(&rotation, &basis, count, size);
            break;
        }
        basis = product;
        orthonormalise(&mut basis, size);
    }
    (before, basis)
}

/// The products of all pairs of centred points, `[n, n]`, the same on any number of threads.
fn gram(points: &Points<'_>, mean: &[f32]) -> Vec<f32> {
    let (n, dimensions) = (points.len(), points.dimensions());
    let mut centred = vec![0.0; n * dimensions];
    let rows = centred.par_chunks_exact_mut(dimensions).enumerate();
    rows.for_each(|(row, centred)| centre(points.point(row), mean, centred));
    let all = MatrixView::new(&centred, n, dimensions);
    let mut products = vec![0.0; n * n];
    let blocks = products.par_chunks_mut(ROWS * n).zip(centred.par_chunks(ROWS * dimensions));
    blocks.for_each(|(products, rows)| {
        multiply(MatrixView::new(rows, products.len() / n, dimensions), all.transposed(), products, false);
    });
    products
}

/// A symmetric matrix `[n, n]` times each row of a basis, both `[width, n]`.
fn gram_times(gram: &[f32], basis: &[f32], n: usize) -> Vec<f32> {
    let mut product = vec![0.0; basis.len()];
    multiply(MatrixView::new(basis, basis.len() / n, n), MatrixView::new(gram, n, n), &mut product, false);
    product
}

/// Orthonormal sums of the centred points, `[count, dimensions]`, weighed by `weights` `[count, n]`.
fn combined(points: &Points<'_>, mean: &[f32], weights: &[f32]) -> Vec<f32> {
    let (n, dimensions) = (points.len(), points.dimensions());
    let mut sums = vec![0.0; weights.len() / n * dimensions];
    for (weights, sums) in weights.chunks_exact(n).zip(sums.chunks_exact_mut(dimensions)) {
        sums.par_chunks_mut(COLUMNS).enumerate().for_each(|(block, sums)| {
            let columns = block * COLUMNS..block * COLUMNS + sums.len();
            for (row, weight) in weights.iter().enumerate() {
                let centred = points.point(row)[columns.clone()].iter().zip(&mean[columns.clone()]);
                sums.iter_mut().zip(centred).for_each(|(sum, (value, mean))| *sum += weight * (value - mean));
            }
        });
    }
    orthonormalise(&mut sums, dimensions);
    sums
}

/// Random orthonormal rows `[count, dimensions]`, at most as many as there are dimensions.
fn start(count: usize, dimensions: usize) -> Vec<f32> {
    let mut random = generator(0);
    let mut rows: Vec<f32> = (0..count.min(dimensions) * dimensions).map(|_| normal(&mut random) as f32).collect();
    orthonormalise(&mut rows, dimensions);
    rows
}

/// Makes rows orthogonal and of length 1, one after the other (modified Gram-Schmidt, twice); what depends on those
/// before becomes zero.
fn orthonormalise(rows: &mut [f32], dimensions: usize) {
    vectorised!({
        for row in 0..rows.len() / dimensions {
            let (before, after) = rows.split_at_mut(row * dimensions);
            let row = &mut after[..dimensions];
            let length = dot(row, row).sqrt();
            for _ in 0..2 {
                for other in before.chunks_exact(dimensions) {
                    let along = dot(row, other) as f32;
                    row.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
                }
            }
            let rest = dot(row, row).sqrt();
            let scale = if rest > 1e-6 * length { 1.0 / rest } else { 0.0 };
            row.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
        }
    });
}

#[inline(always)]
fn dot(one: &[f32], other: &[f32]) -> f64 {
    // Sums that are kept apart, so that the compiler makes vectors of them.
    let mut sums = [0.0f64; 8];
    let (ones, one_rest) = one.as_chunks::<8>();
    let (others, other_rest) = other.as_chunks::<8>();
    for (one, other) in ones.iter().zip(others) {
        sums = std::array::from_fn(|lane| sums[lane] + f64::from(one[lane]) * f64::from(other[lane]));
    }
    let rest = one_rest.iter().zip(other_rest).map(|(&one, &other)| f64::from(one) * f64::from(other));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

/// Eigenvalues, the largest first, and eigenvectors, as rows, of the scatter matrix within a basis.
fn ritz(basis: &[f32], scattered: &[f32], dimensions: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let rows = |matrix| <[f32]>::chunks_exact(matrix, dimensions).collect::<Vec<_>>();
    let (basis, scattered) = (rows(basis), rows(scattered));
    let entry = |i: usize, j: usize| 0.5 * (dot(basis[i], scattered[j]) + dot(basis[j], scattered[i]));
    let matrix = (0..basis.len()).map(|i| (0..basis.len()).map(|j| entry(i, j)).collect()).collect();
    eigen(matrix)
}

/// Eigenvalues, the largest first, and eigenvectors, as rows, of a small symmetric matrix, by Jacobi's rotations.
fn eigen(mut matrix: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let size = matrix.len();
    let mut vectors: Vec<Vec<f64>> = (0..size).map(|i| (0..size).map(|j| f64::from(i == j)).collect()).collect();
    let scale: f64 = matrix.iter().flatten().map(|value| value * value).sum();
    // Each sweep squares what is left beside the diagonal; a dozen is more than any matrix needs.
    for _ in 0..30 {
        let off: f64 = (0..size).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| matrix[i][j].powi(2)).sum();
        if off <= 1e-24 * scale {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut matrix, &mut vectors, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&one, &other| matrix[other][other].total_cmp(&matrix[one][one]));
    let values = order.iter().map(|&at| matrix[at][at].max(0.0)).collect();
    (values, order.iter().map(|&at| std::mem::take(&mut vectors[at])).collect())
}

/// Makes element (p, q) zero (Golub and Van Loan, *Matrix Computations*, 8.5).
fn rotate(matrix: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    if matrix[p][q] == 0.0 {
        return;
    }
    let ratio = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |one: f64, other: f64| (cosine * one - sine * other, sine * one + cosine * other);
    for row in matrix.iter_mut() {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
    for rows in [matrix, vectors] {
        for column in 0..rows[p].len() {
            (rows[p][column], rows[q][column]) = turn(rows[p][column], rows[q][column]);
        }
    }
}

/// The first `count` rows of rotation · basis.
fn rotated(rotation: &[Vec<f64>], basis: &[f32], count: usize, dimensions: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(count * dimensions);
    for weights in &rotation[..count] {
        rows.extend((0..dimensions).map(|column| {
            let terms =
                weights.iter().zip(basis.chunks_exact(dimensions)).map(|(weight, row)| weight * f64::from(row[column]));
            terms.sum::<f64>() as f32
        }));
    }
    rows
}

/// A direction and its opposite are the same component; the one whose largest value is positive is taken.
fn make_sign_certain(direction: &mut [f32]) {
    let largest =
        direction.iter().fold(0.0f32, |largest, &value| if value.abs() > largest.abs() { value } else { largest });
    if largest < 0.0 {
        direction.iter_mut().for_each(|value| *value = -*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of known variances along a rotated basis.
    fn sample(n: usize, deviations: &[f64]) -> Vec<f32> {
        let dimensions = deviations.len();
        let mut random = generator(7);
        let mut axes: Vec<f32> = (0..dimensions * dimensions).map(|_| normal(&mut random) as f32).collect();
        orthonormalise(&mut axes, dimensions);
        (0..n)
            .flat_map(|_| {
                let scores: Vec<f64> = deviations.iter().map(|deviation| deviation * normal(&mut random)).collect();
                let value = |at: usize| {
                    let terms = scores
                        .iter()
                        .zip(axes.chunks_exact(dimensions))
                        .map(|(score, axis)| score * f64::from(axis[at]));
                    (100.0 + terms.sum::<f64>()) as f32
                };
                (0..dimensions).map(value).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn variances_and_directions_are_found() {
        let deviations: Vec<f64> = (0..40).map(|at| 10.0 * 0.8f64.powi(at)).collect();
        let values = sample(3000, &deviations);
        let points = Points::new(&values, 40).unwrap();
        let components = Components::new(&points, 5);
        let projected = components.project(&points);
        for (at, deviation) in deviations.iter().take(5).enumerate() {
            let scores = projected.iter().skip(at).step_by(5).map(|&score| f64::from(score));
            let variance = scores.map(|score| score * score).sum::<f64>() / 2999.0;
            assert!((variance / components.variances()[at] - 1.0).abs() < 1e-4, "of component {at}");
            assert!((variance.sqrt() / deviation - 1.0).abs() < 0.05, "of component {at}");
            for other in 0..=at {
                let row = |at: usize| &components.directions[at * 40..][..40];
                let wanted = f64::from(at == other);
                assert!((dot(row(at), row(other)) - wanted).abs() < 1e-5, "{at} and {other}");
            }
        }
    }

    #[test]
    fn threads_make_no_difference() {
        let values = sample(700, &[5.0, 4.0, 3.0, 2.0, 1.0, 0.5]);
        let points = Points::new(&values, 6).unwrap();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Components::new(&points, 2).project(&points))
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn few_points_of_many_values_have_the_components_that_passes_find() {
        let mut random = generator(3);
        let (n, dimensions) = (20, MANY_DIMENSIONS + 5);
        // Two strong directions in noise.
        let strong: Vec<f64> = (0..2 * dimensions).map(|_| normal(&mut random)).collect();
        let mut values = Vec::new();
        for _ in 0..n {
            let scores = [9.0 * normal(&mut random), 4.0 * normal(&mut random)];
            values.extend((0..dimensions).map(|at| {
                (50.0 + scores[0] * strong[at] + scores[1] * strong[dimensions + at] + normal(&mut random)) as f32
            }));
        }
        let points = Points::new(&values, dimensions).unwrap();
        let components = Components::new(&points, 2);
        let sample = Sample { points, step: 1 };
        let mean = sample.mean();
        let (scatters, mut directions) = largest(2, dimensions, |basis| sample.scatter_times(&mean, basis));
        directions.chunks_exact_mut(dimensions).for_each(make_sign_certain);
        for (at, scatter) in scatters.iter().enumerate() {
            assert!((components.variances()[at] * (n - 1) as f64 / scatter - 1.0).abs() < 1e-4, "of component {at}");
            let [one, other] = [&components.directions, &directions].map(|all| &all[at * dimensions..][..dimensions]);
            assert!(dot(one, other) > 0.9999, "component {at}: {}", dot(one, other));
        }
    }

    #[test]
    fn points_without_variance_have_none() {
        for dimensions in [1, 2, 5, MANY_DIMENSIONS + 1] {
            let values = vec![3.5; 10 * dimensions];
            let points = Points::new(&values, dimensions).unwrap();
            let components = Components::new(&points, 2);
            assert_eq!(components.count(), dimensions.min(2));
            assert!(components.variances().iter().all(|&variance| variance == 0.0));
            assert!(components.project(&points).iter().all(|&score| score == 0.0));
        }
    }
}
