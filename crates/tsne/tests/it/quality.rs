//! Measures of maps, against their definitions.

use modiste_tsne::quality::{label_accuracy, neighbour_recall, trustworthiness};
use modiste_tsne::{Error, Metric, Points};

use crate::digits::{DIMENSIONS, Digits};
use crate::support::{neighbours, normal_values, squared_distance};

/// A map of points, and the points, which are the same.
fn themselves(points: usize) -> (Vec<f32>, Vec<[f32; 2]>) {
    let values = normal_values(2 * points, 1);
    let map = values.chunks_exact(2).map(|at| [at[0], at[1]]).collect();
    (values, map)
}

/// By its definition (Venna and Kaski, 2001), of equally near points those with lower numbers first.
fn plain_trustworthiness(values: &[f32], dimensions: usize, map: &[[f32; 2]], count: usize) -> f64 {
    let n = map.len();
    let order = |distance: &dyn Fn(usize) -> f64, point: usize| {
        let mut others: Vec<usize> = (0..n).filter(|&other| other != point).collect();
        others.sort_by(|&one, &other| distance(one).partial_cmp(&distance(other)).unwrap());
        others
    };
    let row = |point: usize| &values[point * dimensions..][..dimensions];
    let mut excess = 0;
    for point in 0..n {
        let mut ranks = vec![0; n];
        let by_points = order(&|other| squared_distance(row(point), row(other)), point);
        by_points.iter().enumerate().for_each(|(rank, &other)| ranks[other] = rank + 1);
        let by_map = order(&|other| squared_distance(&map[point], &map[other]), point);
        excess += by_map[..count].iter().map(|&other| ranks[other].saturating_sub(count)).sum::<usize>();
    }
    1.0 - 2.0 * excess as f64 / (n * count * (2 * n - 3 * count - 1)) as f64
}

#[test]
fn a_map_that_is_its_points_is_perfect() {
    for points in [20, 500, 1500] {
        let (values, map) = themselves(points);
        for count in [1, 5] {
            let matrix = Points::new(&values, 2).unwrap();
            assert_eq!(trustworthiness(&matrix, &map, count, Metric::Euclidean).unwrap(), 1.0, "{points}, {count}");
            assert_eq!(neighbour_recall(&neighbours(&values, 2, count), &map).unwrap(), 1.0, "{points}, {count}");
        }
    }
}

#[test]
fn the_size_of_a_map_makes_no_difference() {
    let (values, map) = themselves(200);
    let points = Points::new(&values, 2).unwrap();
    for scale in [1e-30, 1e-4, 1e5] {
        let map: Vec<[f32; 2]> = map.iter().map(|at| at.map(|value| value * scale)).collect();
        assert!(trustworthiness(&points, &map, 5, Metric::Euclidean).unwrap() > 0.9999, "{scale}");
        assert!(neighbour_recall(&neighbours(&values, 2, 5), &map).unwrap() > 0.99, "{scale}");
    }
}

#[test]
fn trustworthiness_is_that_of_the_definition() {
    let digits = Digits::load();
    for (points, count) in [(4, 1), (50, 7), (300, 5), (900, 20)] {
        let values = &digits.values[..points * DIMENSIONS];
        let chance: Vec<[f32; 2]> = normal_values(2 * points, 2).chunks_exact(2).map(|at| [at[0], at[1]]).collect();
        for map in [&digits.map[..points], &chance] {
            let found = trustworthiness(&digits.first(points), map, count, Metric::Euclidean).unwrap();
            let wanted = plain_trustworthiness(values, DIMENSIONS, map, count);
            assert!((found - wanted).abs() < 1e-9, "{points} points, {count}: {found}, not {wanted}");
        }
    }
}

#[test]
fn chance_is_worth_nothing() {
    let (values, _) = themselves(800);
    let chance: Vec<[f32; 2]> = normal_values(1600, 3).chunks_exact(2).map(|at| [at[0], at[1]]).collect();
    let trusted = trustworthiness(&Points::new(&values, 2).unwrap(), &chance, 5, Metric::Euclidean).unwrap();
    assert!((trusted - 0.5).abs() < 0.05, "{trusted}");
    assert!(neighbour_recall(&neighbours(&values, 2, 5), &chance).unwrap() < 0.03);
    let labels: Vec<u8> = (0..800).map(|point| (point % 4) as u8).collect();
    let accuracy = label_accuracy(&chance, &labels).unwrap();
    assert!((accuracy - 0.25).abs() < 0.08, "{accuracy}");
}

#[test]
fn the_cosine_sees_directions_only() {
    // On a ring the angles are the distances; lengths differ.
    let angle = |point: usize| (0.031 * point as f32).sin_cos();
    let map: Vec<[f32; 2]> = (0..100).map(|point| [angle(point).0, angle(point).1]).collect();
    let values: Vec<f32> =
        map.iter().enumerate().flat_map(|(point, at)| at.map(|value| value * (1 + point % 7) as f32)).collect();
    let points = Points::new(&values, 2).unwrap();
    assert!(trustworthiness(&points, &map, 6, Metric::Cosine).unwrap() > 0.999);
    assert!(trustworthiness(&points, &map, 6, Metric::Euclidean).unwrap() < 0.99);
}

#[test]
fn label_accuracy_asks_the_nearest() {
    let map = [[0.0, 0.0], [1.0, 0.0], [10.0, 0.0], [11.5, 0.0], [100.0, 0.0]];
    assert_eq!(label_accuracy(&map, &[1, 1, 2, 2, 2]).unwrap(), 1.0);
    assert_eq!(label_accuracy(&map, &[1, 2, 1, 2, 2]).unwrap(), 0.2);
    assert_eq!(label_accuracy(&map, &[1, 2, 3, 4, 5]).unwrap(), 0.0);
}

#[test]
fn recall_counts_those_that_are_kept() {
    // The two nearest of each point on a line; in the map the last has come to the first.
    let values = [0.0, 1.0, 3.0, 7.0, 15.0];
    let map = [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [7.0, 0.0], [0.0, 0.5]];
    // In the map 0 has 4 and 1, 1 has 0 and 4, 2 has 1 and 0, 3 has 2 and 1, 4 has 0 and 1.
    assert_eq!(neighbour_recall(&neighbours(&values, 1, 2), &map).unwrap(), 0.6);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (values, map) = themselves(30);
    let points = Points::new(&values, 2).unwrap();
    let short = Error::Count { what: "the map", found: 29, wanted: 30 };
    assert_eq!(trustworthiness(&points, &map[..29], 5, Metric::Euclidean).unwrap_err(), short);
    assert_eq!(neighbour_recall(&neighbours(&values, 2, 5), &map[..29]).unwrap_err(), short);
    assert!(matches!(label_accuracy(&map, &[0; 29]).unwrap_err(), Error::Count { .. }));
    let mut nowhere = map.clone();
    nowhere[3][1] = f32::NAN;
    assert!(matches!(label_accuracy(&nowhere, &[0; 30]).unwrap_err(), Error::NotFinite { point: 3, dimension: 1, .. }));
    assert!(matches!(trustworthiness(&points, &nowhere, 5, Metric::Euclidean).unwrap_err(), Error::NotFinite { .. }));
}

#[test]
fn neighbours_that_cannot_be_ranked_are_refused() {
    let (values, map) = themselves(30);
    let points = Points::new(&values, 2).unwrap();
    for count in [0, 15, 29, 1000] {
        let error = trustworthiness(&points, &map, count, Metric::Euclidean).unwrap_err();
        assert!(matches!(error, Error::Setting { name: "the number of neighbours", .. }), "{count}: {error}");
    }
    assert!(trustworthiness(&points, &map, 14, Metric::Euclidean).is_ok());
    assert!(label_accuracy(&map[..1], &[0]).is_err());
    assert!(label_accuracy(&[], &[]).is_err());
}

#[test]
fn two_points_are_each_others_nearest() {
    assert_eq!(label_accuracy(&[[0.0, 0.0], [1.0, 0.0]], &[3, 3]).unwrap(), 1.0);
}
