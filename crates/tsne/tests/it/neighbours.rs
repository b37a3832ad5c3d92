//! Nearest neighbours, against measuring all pairs.

use std::sync::atomic::AtomicBool;

use modiste_tsne::{Error, Metric, Neighbours, Points};
use proptest::prelude::*;

use crate::digits::Digits;
use crate::support::{Random, cases, clusters, neighbours, normal_values, squared_distance};

/// Each query's nearest points by a measure in f64, of equally near ones those with the lowest numbers; all of them where
/// there are no more.
fn plain_neighbours(
    queries: &[f32],
    points: &[f32],
    dimensions: usize,
    count: usize,
    is_itself: impl Fn(usize, usize) -> bool,
    measure: impl Fn(&[f32], &[f32]) -> f64,
) -> Vec<Vec<(f64, u32)>> {
    let nearest = |(query, values): (usize, &[f32])| {
        let others = points.chunks_exact(dimensions).enumerate().filter(|&(point, _)| !is_itself(query, point));
        let mut others: Vec<(f64, u32)> = others.map(|(point, other)| (measure(values, other), point as u32)).collect();
        let order = |one: &(f64, u32), other: &(f64, u32)| one.partial_cmp(other).unwrap();
        if count < others.len() {
            others.select_nth_unstable_by(count, order);
            others.truncate(count);
        }
        others.sort_by(order);
        others
    };
    queries.chunks_exact(dimensions).enumerate().map(nearest).collect()
}

/// Whole numbers have exact distances, so that the very same neighbours must be found, ties and all.
fn check_exactly(found: &Neighbours, wanted: &[Vec<(f64, u32)>], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let distances = found.distances().chunks_exact(found.count());
    for ((point, wanted), distances) in wanted.iter().enumerate().zip(distances) {
        assert_eq!(
            found.of(point),
            wanted.iter().map(|&(_, index)| index).collect::<Vec<_>>(),
            "{what}, point {point}"
        );
        for (&distance, &(squared, _)) in distances.iter().zip(wanted) {
            assert_eq!(distance, (squared as f32).sqrt(), "{what}, point {point}");
        }
    }
}

/// Other numbers are rounded: neighbours at the same distances must be found.
fn check_nearly(found: &Neighbours, wanted: &[Vec<(f64, u32)>], measure: impl Fn(usize, u32) -> f64, tolerance: f64) {
    for (point, wanted) in wanted.iter().enumerate() {
        let found = found.of(point);
        assert_eq!(found.len(), wanted.len());
        let mut numbers = found.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), found.len(), "point {point} has a neighbour twice");
        for (&index, &(distance, _)) in found.iter().zip(wanted) {
            let found = measure(point, index);
            assert!((found - distance).abs() <= tolerance * distance, "point {point}: {found}, not {distance}");
        }
    }
}

/// Whole numbers below `values`.
fn whole_values(count: usize, values: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.below(values) as f32).collect()
}

#[test]
fn exact_neighbours_are_those_of_measuring_all() {
    for dimensions in [1, 2, 3, 65, 100, 784] {
        for points in [1, 2, 3, 5, 31, 64, 255, 256, 257, 513] {
            for count in [1, 3, 90] {
                let values = whole_values(points * dimensions, 5, (points + dimensions) as u64);
                let found = neighbours(&values, dimensions, count);
                assert_eq!(found.count(), count.min(points - 1));
                if points > 1 {
                    let wanted = plain_neighbours(&values, &values, dimensions, count, |i, j| i == j, squared_distance);
                    check_exactly(&found, &wanted, &format!("{points} points of {dimensions}, {count} neighbours"));
                }
            }
        }
    }
}

/// More than 2,500 points of more than 64 dimensions are compared by their principal components first.
#[test]
fn neighbours_are_exact_with_principal_components_too() {
    // Clusters, so that the components tell something, in numbers whose distances are exact.
    let (values, _) = clusters(2700, 100, 12, 3.0, 1);
    let values: Vec<f32> = values.into_iter().map(f32::round).collect();
    let wanted = plain_neighbours(&values, &values, 100, 90, |i, j| i == j, squared_distance);
    check_exactly(&neighbours(&values, 100, 90), &wanted, "clusters");
    // And noise, of which they tell nothing, with many ties.
    let values = whole_values(2600 * 66, 3, 2);
    let wanted = plain_neighbours(&values, &values, 66, 10, |i, j| i == j, squared_distance);
    check_exactly(&neighbours(&values, 66, 10), &wanted, "noise");
}

#[test]
fn many_points_in_the_same_place_are_each_others_neighbours() {
    // Two places; ties are broken by number, and a point is not its own neighbour.
    let values: Vec<f32> = (0..3000).flat_map(|point| vec![(point % 2) as f32 * 7.0; 70]).collect();
    let found = neighbours(&values, 70, 3);
    for point in 0..3000 {
        let wanted: Vec<u32> = (0..).map(|at| 2 * at + point % 2).filter(|&other| other != point).take(3).collect();
        assert_eq!(found.of(point as usize), wanted, "{point}");
    }
    assert!(found.distances().iter().all(|&distance| distance == 0.0));
}

#[test]
fn far_away_points_do_not_spoil_small_distances() {
    // The mean and the largest lengths are those of one outlier.
    let mut values = normal_values(600 * 3, 3);
    values[..3].fill(1e6);
    let found = neighbours(&values, 3, 10);
    let measure = |one: &[f32], other: &[f32]| squared_distance(one, other).sqrt();
    let wanted = plain_neighbours(&values, &values, 3, 10, |i, j| i == j, measure);
    check_nearly(&found, &wanted, |i, j| measure(&values[3 * i..][..3], &values[3 * j as usize..][..3]), 1e-6);
}

#[test]
fn an_offset_makes_no_difference() {
    // Whole numbers, and an offset that 32-bit numbers hold exactly with them.
    let values = whole_values(400 * 70, 8, 4);
    let offset: Vec<f32> = values.iter().map(|value| value + 1_000_000.0).collect();
    assert_eq!(neighbours(&values, 70, 20), neighbours(&offset, 70, 20));
}

fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot = |one: &[f32], other: &[f32]| {
        one.iter().zip(other).map(|(&one, &other)| f64::from(one) * f64::from(other)).sum::<f64>()
    };
    1.0 - dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}

#[test]
fn cosine_neighbours_are_those_of_the_smallest_angles() {
    for (points, dimensions) in [(50, 2), (300, 17), (2600, 80)] {
        let mut random = Random::new(points as u64);
        let values = normal_values(points * dimensions, points as u64);
        let lengths: Vec<f32> = (0..points).map(|_| (4.0 * random.normal()).exp() as f32).collect();
        let values: Vec<f32> = values.iter().enumerate().map(|(at, value)| value * lengths[at / dimensions]).collect();
        let found = Neighbours::exact(&Points::new(&values, dimensions).unwrap(), 7, Metric::Cosine).unwrap();
        let row = |point: usize| &values[point * dimensions..][..dimensions];
        let wanted = plain_neighbours(&values, &values, dimensions, 7, |i, j| i == j, cosine);
        for (point, wanted) in wanted.iter().enumerate() {
            let distances = &found.distances()[7 * point..][..7];
            for ((&index, &distance), &(wanted, _)) in found.of(point).iter().zip(distances).zip(wanted) {
                let exact = cosine(row(point), row(index as usize));
                assert!((exact - wanted).abs() < 1e-6 && (f64::from(distance) - exact).abs() < 1e-6, "point {point}");
            }
        }
    }
}

#[test]
fn cosine_neighbours_of_digits_match_numpy() {
    let digits = Digits::load();
    let found = Neighbours::exact(&digits.first(200), 10, Metric::Cosine).unwrap();
    for (point, wanted) in digits.reference["cosine_neighbours"].as_array().unwrap().iter().enumerate() {
        let wanted: Vec<u64> = wanted.as_array().unwrap().iter().map(|index| index.as_u64().unwrap()).collect();
        let found: Vec<u64> = found.of(point).iter().map(|&index| u64::from(index)).collect();
        assert_eq!(found, wanted, "digit {point}");
    }
}

#[test]
fn queries_find_their_nearest_points() {
    for (queries, points, dimensions) in [(1, 1, 3), (3, 500, 2), (700, 40, 65), (300, 2700, 90)] {
        let points_values = whole_values(points * dimensions, 6, 5);
        let queries_values = whole_values(queries * dimensions, 6, 6);
        let points = Points::new(&points_values, dimensions).unwrap();
        let queries = Points::new(&queries_values, dimensions).unwrap();
        let found = Neighbours::of_queries(&queries, &points, 12, Metric::Euclidean).unwrap();
        let wanted = plain_neighbours(&queries_values, &points_values, dimensions, 12, |_, _| false, squared_distance);
        check_exactly(&found, &wanted, &format!("{} queries of {} points", queries.len(), points.len()));
    }
}

#[test]
fn a_query_that_is_a_point_finds_itself_first() {
    let values = normal_values(300 * 8, 7);
    let points = Points::new(&values, 8).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let found = Neighbours::of_queries(&points, &points, 2, metric).unwrap();
        assert!((0..300).all(|point| found.of(point)[0] == point as u32));
    }
}

#[test]
fn approximate_neighbours_miss_few() {
    // Above the 20,000 points that are looked at anyway.
    let (values, _) = clusters(25_000, 20, 40, 1.0, 8);
    let points = Points::new(&values, 20).unwrap();
    let exact = Neighbours::exact(&points, 15, Metric::Euclidean).unwrap();
    let found = Neighbours::approximate(&points, 15, Metric::Euclidean).unwrap();
    let kept: usize = (0..points.len())
        .map(|point| exact.of(point).iter().filter(|index| found.of(point).contains(index)).count())
        .sum();
    let recall = kept as f64 / exact.indices().len() as f64;
    assert!(recall > 0.9, "{recall}");
    assert!((0..points.len()).all(|point| !found.of(point).contains(&(point as u32))));
    let distances = found.distances().chunks_exact(15);
    assert!(distances.into_iter().all(|distances| distances.is_sorted()));
}

#[test]
fn approximate_neighbours_are_found_in_clusters_far_apart() {
    // Each block of points has its nearest blocks elsewhere.
    let (values, _) = clusters(40_000, 50, 200, 0.05, 18);
    let points = Points::new(&values, 50).unwrap();
    let found = Neighbours::approximate(&points, 90, Metric::Euclidean).unwrap();
    let mut row = Vec::new();
    for (point, distances) in found.distances().chunks_exact(90).enumerate() {
        assert!(distances.is_sorted(), "of point {point}");
        row.clear();
        row.extend(found.of(point));
        row.sort_unstable();
        row.dedup();
        assert!(row.len() == 90 && !row.contains(&(point as u32)), "of point {point}");
    }
}

#[test]
fn approximate_neighbours_of_few_points_are_exact() {
    let values = whole_values(900 * 5, 9, 9);
    let points = Points::new(&values, 5).unwrap();
    let approximate = Neighbours::approximate(&points, 30, Metric::Euclidean).unwrap();
    assert_eq!(approximate, Neighbours::exact(&points, 30, Metric::Euclidean).unwrap());
}

#[test]
fn products_that_round_much_lose_no_neighbour() {
    // Two clusters far from their mean, of values that are all alike: the largest rounding errors that products can have.
    for (points, dimensions) in [(600, 512), (2600, 512), (2600, 4000)] {
        let noise = normal_values(points * dimensions, 19);
        let side = |at: usize| if (at / dimensions).is_multiple_of(2) { 1.3958 } else { -1.3958 };
        let values: Vec<f32> = noise.iter().enumerate().map(|(at, noise)| side(at) + 1e-4 * noise).collect();
        let found = neighbours(&values, dimensions, 5);
        let row = |point: usize| &values[point * dimensions..][..dimensions];
        for point in (0..points).step_by(199) {
            let mut others: Vec<(f64, usize)> = (0..points)
                .filter(|&other| other != point)
                .map(|other| (squared_distance(row(point), row(other)), other))
                .collect();
            others.sort_by(|one, other| one.0.total_cmp(&other.0));
            let farthest = others[4].0;
            for &index in found.of(point) {
                let distance = squared_distance(row(point), row(index as usize));
                assert!(distance <= farthest * (1.0 + 1e-4), "point {point} of {points}, {dimensions} dimensions");
            }
        }
    }
}

#[test]
fn there_are_no_more_neighbours_than_others() {
    let values = whole_values(5 * 3, 9, 10);
    let points = Points::new(&values, 3).unwrap();
    assert_eq!(Neighbours::exact(&points, 100, Metric::Euclidean).unwrap().count(), 4);
    assert_eq!(Neighbours::approximate(&points, 100, Metric::Euclidean).unwrap().count(), 4);
    assert_eq!(Neighbours::of_queries(&points, &points, 100, Metric::Euclidean).unwrap().count(), 5);
    assert!(Neighbours::exact(&points, 0, Metric::Euclidean).unwrap().is_empty());
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let (two, three) = ([1.0; 6], [1.0; 6]);
    let (two, three) = (Points::new(&two, 2).unwrap(), Points::new(&three, 3).unwrap());
    let error = Neighbours::of_queries(&two, &three, 1, Metric::Euclidean).unwrap_err();
    assert_eq!(error, Error::Dimensions { found: 2, wanted: 3 });
    let zero = [1.0, 2.0, 0.0, 0.0, 3.0, 4.0];
    let zero = Points::new(&zero, 2).unwrap();
    for found in [
        Neighbours::exact(&zero, 1, Metric::Cosine),
        Neighbours::approximate(&zero, 1, Metric::Cosine),
        Neighbours::of_queries(&zero, &two, 1, Metric::Cosine),
        Neighbours::of_queries(&two, &zero, 1, Metric::Cosine),
    ] {
        assert_eq!(found.unwrap_err(), Error::NoDirection { point: 1 });
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn exact_neighbours_of_any_points_are_those_of_measuring_all(
        points in 2usize..700, dimensions in 1usize..90, count in 1usize..40, places in 2usize..30, seed: u64,
    ) {
        let values = whole_values(points * dimensions, places, seed);
        let wanted = plain_neighbours(&values, &values, dimensions, count, |i, j| i == j, squared_distance);
        check_exactly(&neighbours(&values, dimensions, count), &wanted, "random points");
    }

    #[test]
    fn rounding_loses_no_neighbour(points in 2usize..600, dimensions in 1usize..90, scale in -12i32..13, seed: u64) {
        let scale = 10f32.powi(scale);
        let values: Vec<f32> = normal_values(points * dimensions, seed).iter().map(|value| value * scale).collect();
        let row = |point: usize| &values[point * dimensions..][..dimensions];
        let measure = |one: &[f32], other: &[f32]| squared_distance(one, other).sqrt();
        let wanted = plain_neighbours(&values, &values, dimensions, 10, |i, j| i == j, measure);
        check_nearly(&neighbours(&values, dimensions, 10), &wanted, |i, j| measure(row(i), row(j as usize)), 1e-5);
    }
}

#[test]
fn distances_from_elsewhere_have_the_same_neighbours() {
    // Whole numbers, so that many are equally near.
    let values: Vec<f32> = normal_values(2 * 90, 4).into_iter().map(|value| (3.0 * value).round()).collect();
    let pairs = values.chunks_exact(2).flat_map(|one| values.chunks_exact(2).map(move |other| (one, other)));
    let distances: Vec<f32> = pairs.map(|(one, other)| (squared_distance(one, other) as f32).sqrt()).collect();
    let points = Points::new(&values, 2).unwrap();
    for count in [1, 30, 89, 200] {
        let wanted = Neighbours::exact(&points, count, Metric::Euclidean).unwrap();
        assert_eq!(Neighbours::of_distances(&distances, count).unwrap(), wanted, "{count}");
    }
    assert_eq!(Neighbours::of_distances(&[0.0], 3).unwrap().count(), 0);
}

#[test]
fn what_is_no_table_of_distances_is_refused() {
    let refused = |distances: &[f32]| Neighbours::of_distances(distances, 1).unwrap_err();
    assert_eq!(refused(&[0.0; 6]), Error::Shape { values: 6, dimensions: 2 });
    assert_eq!(refused(&[]), Error::Shape { values: 0, dimensions: 0 });
    assert_eq!(refused(&[0.0, -1.0, 1.0, 0.0]), Error::Distance { point: 0, other: 1, value: -1.0 });
    assert!(matches!(refused(&[0.0, 1.0, f32::NAN, 0.0]), Error::Distance { point: 1, other: 0, .. }));
    // There are two zeros, and they are equally near.
    let found = Neighbours::of_distances(&[0.0, -0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0], 1).unwrap();
    assert_eq!(found.indices(), [1, 0, 1]);
}

#[test]
fn a_search_is_stopped() {
    let values = normal_values(4 * 3_000, 8);
    let points = Points::new(&values, 4).unwrap();
    let stop = AtomicBool::new(true);
    assert_eq!(Neighbours::exact_until(&stop, &points, 20, Metric::Cosine), Err(Error::Stopped));
    assert_eq!(Neighbours::approximate_until(&stop, &points, 20, Metric::Euclidean), Err(Error::Stopped));
}
