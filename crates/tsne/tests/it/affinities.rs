//! P, against its definition in plain f64 and against values that NumPy computed.

use std::collections::BTreeMap;

use modiste_tsne::{Affinities, Error, Metric, Neighbours, Perplexity, Points};
use proptest::prelude::*;

use crate::digits::{self, Digits};
use crate::support::{Random, affinities, cases, neighbours, normal_values, squared_distance};

/// p(j|i) of neighbours at these squared distances: by bisection, until bounds meet.
fn plain_conditional(squared: &[f64], perplexity: f64) -> Vec<f64> {
    let least = squared.iter().copied().fold(f64::INFINITY, f64::min);
    let weigh = |beta: f64| -> Vec<f64> {
        let weights: Vec<f64> = squared.iter().map(|squared| (-beta * (squared - least)).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    };
    let entropy = |shares: &[f64]| -> f64 {
        shares.iter().map(|&share| if share > 0.0 { -share * share.ln() } else { 0.0 }).sum()
    };
    let (mut low, mut high) = (0.0, 1.0);
    while entropy(&weigh(high)) > perplexity.ln() {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        *(if entropy(&weigh(middle)) > perplexity.ln() { &mut low } else { &mut high }) = middle;
    }
    weigh(high)
}

/// P by its definition, all pairs above zero.
fn plain_affinities(values: &[f32], dimensions: usize, perplexity: f64) -> BTreeMap<(usize, usize), f64> {
    let n = values.len() / dimensions;
    let point = |at: usize| &values[at * dimensions..][..dimensions];
    let mut p = BTreeMap::new();
    for i in 0..n {
        let mut others: Vec<(f64, usize)> =
            (0..n).filter(|&j| j != i).map(|j| (squared_distance(point(i), point(j)), j)).collect();
        others.sort_by(|one, other| one.partial_cmp(other).unwrap());
        others.truncate((3.0 * perplexity).floor() as usize);
        let squared: Vec<f64> = others.iter().map(|&(squared, _)| squared).collect();
        for (&(_, j), share) in others.iter().zip(plain_conditional(&squared, perplexity)) {
            *p.entry((i, j)).or_insert(0.0) += share / (2 * n) as f64;
            *p.entry((j, i)).or_insert(0.0) += share / (2 * n) as f64;
        }
    }
    p
}

fn all_pairs(affinities: &Affinities) -> BTreeMap<(usize, usize), f64> {
    let row = |i: usize| {
        let (indices, values) = affinities.row(i);
        indices.iter().zip(values).map(move |(&j, &p)| ((i, j as usize), f64::from(p))).collect::<Vec<_>>()
    };
    (0..affinities.len()).flat_map(row).collect()
}

/// What must hold whatever the points are.
fn check_distribution(affinities: &Affinities) {
    let pairs = all_pairs(affinities);
    assert_eq!(pairs.len(), affinities.pairs());
    let sum: f64 = pairs.values().sum();
    assert!((sum - 1.0).abs() < 1e-5, "the sum is {sum}");
    for i in 0..affinities.len() {
        let (indices, _) = affinities.row(i);
        assert!(indices.is_sorted_by(|one, other| one < other), "row {i} is not rising");
        assert!(!indices.contains(&(i as u32)), "{i} is in its own row");
    }
    for (&(i, j), &p) in &pairs {
        assert!((0.0..=1.0).contains(&p), "p({i}, {j}) is {p}");
        assert_eq!(pairs.get(&(j, i)), Some(&p), "p({i}, {j})");
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn affinities_match_their_definition(
        points in 4usize..60, dimensions in 1usize..12, share in 0.0f64..1.0, scale in -3i32..4, seed: u64,
    ) {
        let scale = 10f32.powi(scale);
        let values: Vec<f32> = normal_values(points * dimensions, seed).iter().map(|value| scale * value).collect();
        let perplexity = 1.0 + share * ((points - 1) as f64 / 3.0 - 1.0);
        let found = affinities(&values, dimensions, &Perplexity::Single(perplexity));
        check_distribution(&found);
        let (found, wanted) = (all_pairs(&found), plain_affinities(&values, dimensions, perplexity));
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
        let largest = wanted.values().copied().fold(0.0, f64::max);
        for (pair, &p) in &wanted {
            // Distances are rounded to 32 bits, which small p far out feel most.
            prop_assert!((found[pair] - p).abs() < 1e-4 * p + 1e-5 * largest, "{:?}: {} for {}", pair, found[pair], p);
        }
    }

    #[test]
    fn any_points_have_a_distribution(
        points in 4usize..40, places in 1usize..6, dimensions in 1usize..4, share in 0.0f64..1.0, seed: u64,
    ) {
        // Few places, so that many points are in the same one.
        let mut random = Random::new(seed);
        let values: Vec<f32> = (0..points * dimensions).map(|_| random.below(places) as f32).collect();
        let perplexity = 1.0 + share * ((points - 1) as f64 / 3.0 - 1.0);
        check_distribution(&affinities(&values, dimensions, &Perplexity::Single(perplexity)));
    }
}

#[test]
fn affinities_of_digits_match_numpy() {
    let digits = Digits::load();
    let (points, perplexity) = (digits.number("/affinities/points"), digits.number("/affinities/perplexity"));
    let values = &digits.values[..points as usize * digits::DIMENSIONS];
    let found = affinities(values, digits::DIMENSIONS, &Perplexity::Single(perplexity));
    check_distribution(&found);
    assert_eq!(found.pairs(), 2 * digits.number("/affinities/pairs") as usize);
    let pairs = all_pairs(&found);
    for (i, j, p) in digits::affinities() {
        let found = pairs.get(&(i as usize, j as usize)).copied();
        assert!(found.is_some_and(|found| (found - p).abs() < 1e-5 * p), "p({i}, {j}) is {found:?}, not {p}");
    }
}

#[test]
fn several_perplexities_give_the_mean_of_each() {
    let values = normal_values(100 * 5, 1);
    let neighbours = neighbours(&values, 5, 60);
    let of = |perplexity: Perplexity| all_pairs(&Affinities::new(neighbours.clone(), &perplexity).unwrap());
    let single: Vec<_> = [3.0, 8.5, 20.0].into_iter().map(|value| of(Perplexity::Single(value))).collect();
    let several = of(Perplexity::Multiscale(vec![3.0, 8.5, 20.0]));
    assert_ne!(several, single[0]);
    for (pair, p) in &several {
        let mean = single.iter().map(|single| single.get(pair).copied().unwrap_or(0.0)).sum::<f64>() / 3.0;
        assert!((p - mean).abs() < 1e-6 * mean + 1e-12, "{pair:?}: {p}, not {mean}");
    }
    assert_eq!(of(Perplexity::Multiscale(vec![8.5])), single[1]);
}

#[test]
fn cosine_affinities_do_not_depend_on_lengths() {
    let values = normal_values(50 * 4, 2);
    let longer: Vec<f32> =
        values.iter().enumerate().map(|(at, value)| value * 2f32.powi((at / 4 % 5) as i32)).collect();
    let of = |values: &[f32]| {
        let points = Points::new(values, 4).unwrap();
        Affinities::of_points(&points, &Perplexity::Single(5.0), Metric::Cosine).unwrap()
    };
    assert_eq!(of(&values), of(&longer));
    assert_ne!(of(&values), affinities(&values, 4, &Perplexity::Single(5.0)));
}

#[test]
fn points_in_equal_places_have_equal_affinities() {
    // A ring of equal steps: every point's two nearest are equally near.
    let values: Vec<f32> = (0..12).flat_map(|at| [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]][at % 4]).collect();
    let found = affinities(&values, 2, &Perplexity::Single(2.0));
    check_distribution(&found);
}

#[test]
fn perplexities_that_make_no_sense_are_refused() {
    for perplexity in [0.0, -5.0, 0.99, f64::NAN, f64::INFINITY] {
        let error = Perplexity::Single(perplexity).neighbours(100).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("a perplexity of {perplexity} ")) && error.contains("at least 1"),
            "{error}"
        );
    }
    let error = Perplexity::Multiscale(Vec::new()).neighbours(100).unwrap_err();
    assert!(matches!(error, Error::Perplexity { .. }), "{error}");
    let error = Perplexity::Multiscale(vec![5.0, 0.5]).neighbours(100).unwrap_err();
    assert_eq!(error, Error::Perplexity { perplexity: 0.5 });
}

#[test]
fn too_large_a_perplexity_is_refused_with_the_largest_that_would_do() {
    let error = Perplexity::Single(30.0).neighbours(50).unwrap_err();
    assert_eq!(error, Error::TooFewPoints { perplexity: 30.0, needed: 91, points: 50, largest: 49.0 / 3.0 });
    let text = error.to_string();
    assert!(
        text.contains("needs 91 points") && text.contains("there are 50") && text.contains("at most 16.3"),
        "{text}"
    );
    assert_eq!(Perplexity::Single(16.3).neighbours(50).unwrap(), 48);
    assert_eq!(Perplexity::Single(30.0).neighbours(91).unwrap(), 90);

    let neighbours = neighbours(&normal_values(100, 3), 2, 20);
    assert!(Affinities::new(neighbours.clone(), &Perplexity::Single(6.5)).is_ok());
    let error = Affinities::new(neighbours, &Perplexity::Single(7.0)).unwrap_err();
    assert!(matches!(error, Error::TooFewPoints { .. }), "{error}");
}

#[test]
fn what_is_needed_is_never_less_than_what_is_there() {
    for perplexity in [1e10, 1e19, 1e300] {
        match Perplexity::Single(perplexity).neighbours(1000).unwrap_err() {
            Error::TooFewPoints { needed, points: 1000, .. } => assert!(needed > 1000, "{perplexity}: {needed}"),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn no_points_have_no_perplexity() {
    for points in 0..4 {
        let error = Perplexity::usual(points).neighbours(points).unwrap_err().to_string();
        assert!(error.contains("at least 4 points"), "{points}: {error}");
    }
}

#[test]
fn neighbours_among_other_points_make_no_affinities() {
    // Their numbers are of those other points.
    let (points, queries) = (normal_values(200, 4), normal_values(20, 5));
    let (points, queries) = (Points::new(&points, 2).unwrap(), Points::new(&queries, 2).unwrap());
    let neighbours = Neighbours::of_queries(&queries, &points, 9, Metric::Euclidean).unwrap();
    assert!(Affinities::new(neighbours, &Perplexity::Single(3.0)).is_err());
}

#[test]
fn few_points_that_are_all_neighbours_have_affinities_too() {
    let values = normal_values(2 * 40, 5);
    let points = Points::new(&values, 2).unwrap();
    let all = |count| Neighbours::exact(&points, count, Metric::Euclidean).unwrap();
    // Where there are enough of them it is the same.
    let perplexity = Perplexity::Single(13.0);
    assert_eq!(Affinities::of_few(all(39), &perplexity), Affinities::new(all(39), &perplexity));
    let perplexity = Perplexity::Single(20.0);
    assert!(Affinities::new(all(39), &perplexity).is_err());
    let found = Affinities::of_few(all(39), &perplexity).unwrap();
    for (pair, wanted) in plain_affinities(&values, 2, 20.0) {
        let (others, p) = found.row(pair.0);
        let at = others.iter().position(|&other| other as usize == pair.1).unwrap();
        assert!((f64::from(p[at]) - wanted).abs() < 1e-7, "{pair:?}: {} for {wanted}", p[at]);
    }
    // A perplexity that so few cannot have weighs all alike.
    let found = Affinities::of_few(all(39), &Perplexity::Single(39.5)).unwrap();
    assert!(found.row(7).1.iter().all(|p| (f64::from(*p) * 40.0 * 39.0 - 1.0).abs() < 1e-3));
    assert!(matches!(Affinities::of_few(all(39), &Perplexity::Single(0.5)), Err(Error::Perplexity { .. })));
    assert!(Affinities::of_few(all(0), &Perplexity::Single(2.0)).is_err());
}
