//! Points and maps to test with, and the plain arithmetic that results are held against.

use std::ops::ControlFlow;

use modiste_tsne::{Affinities, Fitted, Method, Metric, Neighbours, Perplexity, Phase, Points, Tsne};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The three ways to a gradient.
pub(crate) const METHODS: [Method; 3] = [Method::Exact, Method::BarnesHut, Method::Fourier];

/// So many random cases, the same every time.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(2008), ..ProptestConfig::default() }
}

/// The random numbers of a seed.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// From 0 to below 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// From 0 to below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.uniform() * end as f64) as usize
    }

    /// Normally distributed.
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Normally distributed values.
pub(crate) fn normal_values(count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.normal() as f32).collect()
}

/// Points around centres drawn with standard deviation `apart`, each with deviation 1 in every dimension, and the cluster
/// of each: turn and turn about.
pub(crate) fn clusters(points: usize, dimensions: usize, count: usize, apart: f64, seed: u64) -> (Vec<f32>, Vec<u8>) {
    let mut random = Random::new(seed);
    let centres: Vec<f64> = (0..count * dimensions).map(|_| apart * random.normal()).collect();
    let mut values = Vec::with_capacity(points * dimensions);
    for point in 0..points {
        let centre = &centres[point % count * dimensions..][..dimensions];
        values.extend(centre.iter().map(|centre| (centre + random.normal()) as f32));
    }
    (values, (0..points).map(|point| (point % count) as u8).collect())
}

/// Affinities of `n` points in a few loose clusters, at the usual perplexity.
pub(crate) fn some_affinities(n: usize, seed: u64) -> Affinities {
    let (values, _) = clusters(n, 6, 4, 1.5, seed);
    affinities(&values, 6, &Perplexity::usual(n))
}

/// Affinities of points by Euclidean distance.
pub(crate) fn affinities(values: &[f32], dimensions: usize, perplexity: &Perplexity) -> Affinities {
    Affinities::of_points(&Points::new(values, dimensions).unwrap(), perplexity, Metric::Euclidean).unwrap()
}

/// The nearest by Euclidean distance.
pub(crate) fn neighbours(values: &[f32], dimensions: usize, count: usize) -> Neighbours {
    Neighbours::exact(&Points::new(values, dimensions).unwrap(), count, Metric::Euclidean).unwrap()
}

/// The map of points, with nobody told of its progress.
pub(crate) fn fit(tsne: &Tsne, values: &[f32], dimensions: usize) -> Fitted {
    tsne.fit(&Points::new(values, dimensions).unwrap(), silent).unwrap()
}

/// Lets everything go on.
pub(crate) fn silent(_: Phase<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Runs with so many threads.
pub(crate) fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// Squared distance in f64.
pub(crate) fn squared_distance(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(&one, &other)| (f64::from(one) - f64::from(other)).powi(2)).sum()
}

/// A map of any kind in f64.
pub(crate) fn wide(map: &[[f32; 2]]) -> Vec<[f64; 2]> {
    map.iter().map(|point| point.map(f64::from)).collect()
}

/// 1 + |y_i - y_j|²
fn inverse_similarity(one: [f64; 2], other: [f64; 2]) -> f64 {
    1.0 + (one[0] - other[0]).powi(2) + (one[1] - other[1]).powi(2)
}

/// Z: the sum of q over all ordered pairs.
pub(crate) fn plain_normalisation(map: &[[f64; 2]]) -> f64 {
    let row = |point: usize| {
        let others = map.iter().enumerate().filter(move |&(other, _)| other != point);
        others.map(|(_, &other)| 1.0 / inverse_similarity(map[point], other)).sum::<f64>()
    };
    (0..map.len()).map(row).sum()
}

/// Σ p ln (p Z (1 + |y_i - y_j|²)), by its definition.
pub(crate) fn plain_divergence(affinities: &Affinities, map: &[[f64; 2]]) -> f64 {
    let z = plain_normalisation(map);
    let row = |point: usize| {
        let (indices, values) = affinities.row(point);
        let term = |(&other, &p): (&u32, &f32)| {
            let p = f64::from(p);
            if p > 0.0 { p * (p * z * inverse_similarity(map[point], map[other as usize])).ln() } else { 0.0 }
        };
        indices.iter().zip(values).map(term).sum::<f64>()
    };
    (0..map.len()).map(row).sum()
}

/// What pulls and what pushes points: their difference is the gradient.
pub(crate) struct Forces {
    /// 4 Σ p q (y_i - y_j)
    pub(crate) attraction: Vec<[f64; 2]>,
    /// 4 Σ q² (y_i - y_j) / Z
    pub(crate) repulsion: Vec<[f64; 2]>,
}

impl Forces {
    /// By their definitions.
    pub(crate) fn of(affinities: &Affinities, map: &[[f64; 2]]) -> Self {
        let z = plain_normalisation(map);
        let attraction = |point: usize| {
            let (indices, values) = affinities.row(point);
            let pulls = indices.iter().zip(values).map(|(&other, &p)| (other as usize, f64::from(p)));
            force(map, point, pulls)
        };
        let repulsion = |point: usize| {
            let q = |other: usize| 1.0 / inverse_similarity(map[point], map[other]);
            force(map, point, (0..map.len()).map(|other| (other, q(other) / z)))
        };
        Self {
            attraction: (0..map.len()).map(attraction).collect(),
            repulsion: (0..map.len()).map(repulsion).collect(),
        }
    }

    pub(crate) fn gradient(&self) -> Vec<[f64; 2]> {
        let difference = |(pull, push): (&[f64; 2], &[f64; 2])| [pull[0] - push[0], pull[1] - push[1]];
        self.attraction.iter().zip(&self.repulsion).map(difference).collect()
    }

    /// How far a gradient is from this one, as a share of the forces: at the end of a map's way these are in balance, and
    /// the gradient itself is next to nothing.
    pub(crate) fn error(&self, found: &[[f32; 2]]) -> f64 {
        let wanted = self.gradient();
        assert_eq!(found.len(), wanted.len());
        let difference = wide(found)
            .iter()
            .zip(&wanted)
            .map(|(one, other)| [one[0] - other[0], one[1] - other[1]])
            .collect::<Vec<_>>();
        length(&difference) / length(&self.attraction).max(length(&self.repulsion))
    }
}

/// 4 Σ w q (y_i - y_j) over other points j with weights w.
fn force(map: &[[f64; 2]], point: usize, others: impl Iterator<Item = (usize, f64)>) -> [f64; 2] {
    let mut force = [0.0; 2];
    for (other, weight) in others {
        let q = 1.0 / inverse_similarity(map[point], map[other]);
        for axis in 0..2 {
            force[axis] += 4.0 * weight * q * (map[point][axis] - map[other][axis]);
        }
    }
    force
}

/// Of all coordinates together.
pub(crate) fn length(map: &[[f64; 2]]) -> f64 {
    map.iter().flatten().map(|value| value * value).sum::<f64>().sqrt()
}

/// Whether all coordinates are numbers.
pub(crate) fn is_finite(map: &[[f32; 2]]) -> bool {
    map.iter().flatten().all(|value| value.is_finite())
}
