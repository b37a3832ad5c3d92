//! Input that is hardly any, or worse: an error that says what to do, or a map of numbers, but never a panic.

use std::ops::ControlFlow;

use modiste_tsne::optimiser::End;
use modiste_tsne::{Error, Initialisation, Map, Method, Metric, Optimiser, Perplexity, Phase, Points, Search, Tsne};
use proptest::prelude::*;

use crate::support::{METHODS, Random, cases, fit, is_finite, normal_values, silent};

/// Fewer points than this are left to Auto, which never takes Fourier transforms for them, but for the test of just that.
const FEW: usize = 60;
/// A map with larger coordinates is too much for Fourier transforms: a step takes seconds, and gigabytes soon after.
const AWAY: f32 = 300.0;

/// Maps by each method, from components and from anywhere, are numbers.
fn check(values: &[f32], dimensions: usize, what: &str) {
    let points = values.len() / dimensions;
    let few = |method: &Method| *method == Method::Fourier && points < FEW;
    for method in METHODS.into_iter().chain([Method::Auto]).filter(|method| !few(method)) {
        for initialisation in [Initialisation::PrincipalComponents, Initialisation::Random] {
            let tsne = Tsne { initialisation, ..short(method, 200) };
            check_fit(&tsne, values, dimensions, &format!("{what}, {method}"));
        }
    }
}

fn check_fit(tsne: &Tsne, values: &[f32], dimensions: usize, what: &str) {
    let is_away = |map: &[[f32; 2]]| map.iter().flatten().any(|value| value.abs() > AWAY);
    let stop_if_away = |phase: Phase<'_>| match phase {
        Phase::Optimisation(progress) if tsne.optimiser.method == Method::Fourier && is_away(progress.map) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    };
    let fitted = tsne.fit(&Points::new(values, dimensions).unwrap(), stop_if_away);
    let fitted = fitted.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(fitted.map.len(), values.len() / dimensions, "{what}");
    assert!(is_finite(&fitted.map), "{what}: {:?}", &fitted.map[..4]);
    assert!(fitted.divergence.is_finite(), "{what}: {}", fitted.divergence);
    assert_ne!(fitted.end, End::Cancelled, "{what}: the map ran away in {} steps", fitted.iterations);
}

/// Few steps, most of them after the early ones.
fn short(method: Method, iterations: usize) -> Tsne {
    let optimiser = Optimiser { iterations, early_iterations: 100, method, report_every: 5, ..Default::default() };
    Tsne { optimiser, ..Default::default() }
}

fn refusal(values: &[f32], dimensions: usize, tsne: &Tsne) -> Error {
    tsne.fit(&Points::new(values, dimensions).unwrap(), silent).unwrap_err()
}

#[test]
fn numbers_that_are_none_are_named() {
    for (bad, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let mut values = normal_values(50 * 3, 1);
        values[3 * 17 + 2] = bad;
        let error = Points::new(&values, 3).unwrap_err().to_string();
        assert!(error.contains("point 17") && error.contains("dimension 2") && error.contains(name), "{error}");
    }
}

#[test]
fn values_beyond_reach_are_refused_and_those_within_are_mapped() {
    for scale in [1e16, 1e38, 1e-16, 1e-38] {
        let values: Vec<f32> = normal_values(40, 2).iter().map(|value| value * scale).collect();
        let error = Points::new(&values, 2).unwrap_err().to_string();
        assert!(error.contains("scale all values"), "{scale}: {error}");
    }
    for scale in [2e14, 1e6, 1e-6, 1e-14] {
        let values: Vec<f32> = normal_values(60 * 5, 2).iter().map(|value| value * scale).collect();
        check(&values, 5, &format!("values of about {scale:e}"));
    }
    // All at once.
    let mut random = Random::new(3);
    let values: Vec<f32> =
        (0..60 * 5).map(|_| (random.normal() * 10f64.powf(28.0 * random.uniform() - 14.0)) as f32).collect();
    check(&values, 5, "values of all sizes");
}

#[test]
fn values_of_all_sizes_and_the_smallest_there_are_do_no_harm() {
    let mut values = normal_values(60 * 3, 4);
    values[5] = f32::MIN_POSITIVE;
    values[6] = f32::MIN_POSITIVE / 8.0;
    values[7] = -0.0;
    check(&values, 3, "denormal values");
}

#[test]
fn three_points_are_too_few_and_four_are_enough() {
    for points in 1..4 {
        let error = refusal(&normal_values(points * 2, 5), 2, &Tsne::default()).to_string();
        assert!(error.contains(&format!("there are {points}")) && error.contains("at least 4 points"), "{error}");
    }
    for points in 4..12 {
        for dimensions in [1, 2, 3] {
            check(&normal_values(points * dimensions, 5), dimensions, &format!("{points} points of {dimensions}"));
        }
    }
}

#[test]
fn few_points_are_mapped_by_fourier_transforms_too() {
    for points in [10, 20, 50] {
        check_fit(&short(Method::Fourier, 300), &normal_values(points * 10, 13), 10, &format!("{points} points"));
    }
}

#[test]
fn a_perplexity_for_more_points_is_refused() {
    let tsne = Tsne { perplexity: Some(Perplexity::Single(30.0)), ..Default::default() };
    let error = refusal(&normal_values(80 * 2, 6), 2, &tsne).to_string();
    assert!(
        error.contains("needs 91 points") && error.contains("there are 80") && error.contains("at most 26.3"),
        "{error}"
    );
    // And what is advised is accepted.
    let tsne = Tsne { perplexity: Some(Perplexity::Single(26.3)), ..short(Method::Auto, 20) };
    assert!(is_finite(&fit(&tsne, &normal_values(80 * 2, 6), 2).map));
}

#[test]
fn fewer_points_than_usual_get_a_smaller_perplexity() {
    for points in [10, 50, 90] {
        let fitted = fit(&short(Method::Auto, 20), &normal_values(points * 3, 7), 3);
        assert_eq!(fitted.map.len(), points);
    }
}

#[test]
fn points_that_are_all_the_same_are_mapped() {
    for points in [4, 100, 400] {
        check(&vec![3.5; points * 4], 4, &format!("{points} equal points"));
        check(&vec![0.0; points * 4], 4, &format!("{points} zeros"));
    }
}

#[test]
fn equal_points_do_not_stay_in_one_place() {
    for method in METHODS {
        let map = fit(&short(method, 300), &[3.5; 400], 4).map;
        assert!((1..100).all(|point| map[point] != map[0]), "{method}");
    }
}

#[test]
fn duplicates_are_mapped() {
    // More of them than a point has neighbours, so that some points have none but duplicates.
    for (points, places) in [(300, 2), (300, 3), (300, 7), (120, 40), (1000, 5)] {
        let mut random = Random::new(8);
        let kinds = normal_values(places * 6, 9);
        let values: Vec<f32> = (0..points).flat_map(|_| kinds[6 * random.below(places)..][..6].to_vec()).collect();
        check(&values, 6, &format!("{points} points in {places} places"));
    }
    let mut values = normal_values(200 * 6, 10);
    values[..600].fill(1.0);
    check(&values, 6, "half of the points in one place");
}

#[test]
fn one_dimension_is_enough() {
    check(&normal_values(200, 11), 1, "a line");
    let steps: Vec<f32> = (0..200).map(|at| at as f32).collect();
    check(&steps, 1, "equal steps");
}

#[test]
fn columns_that_say_nothing_do_no_harm() {
    let noise = normal_values(200 * 10, 12);
    let constant: Vec<f32> =
        noise.iter().enumerate().map(|(at, &value)| if at % 10 < 8 { 1e6 } else { value }).collect();
    check(&constant, 10, "two columns of ten that vary");
    let one: Vec<f32> = noise.iter().enumerate().map(|(at, &value)| if at % 10 < 9 { -7.25 } else { value }).collect();
    check(&one, 10, "one column of ten that varies");
    let few: Vec<f32> = noise.chunks_exact(2).flat_map(|pair| [pair[0], 2.0 * pair[0], -pair[0], 0.0]).collect();
    check(&few, 4, "columns that say the same");
}

#[test]
fn more_dimensions_than_points_do_no_harm() {
    check(&normal_values(20 * 1000, 13), 1000, "20 points of 1,000 dimensions");
}

#[test]
fn an_outlier_does_no_harm() {
    let mut values = normal_values(200 * 5, 14);
    values[..5].fill(1e12);
    check(&values, 5, "an outlier");
}

#[test]
fn two_clusters_infinitely_apart_do_no_harm() {
    let values: Vec<f32> =
        normal_values(200 * 5, 15).iter().enumerate().map(|(at, value)| value + (at / 5 % 2) as f32 * 1e7).collect();
    check(&values, 5, "two clusters far apart");
}

#[test]
fn a_zero_has_no_cosine() {
    let mut values = normal_values(50 * 4, 16);
    values[4 * 9..][..4].fill(0.0);
    let points = Points::new(&values, 4).unwrap();
    for search in [Search::Auto, Search::Exact, Search::Approximate] {
        let error = Tsne { metric: Metric::Cosine, search, ..Default::default() }.fit(&points, silent).unwrap_err();
        assert_eq!(error, Error::NoDirection { point: 9 });
        assert!(error.to_string().contains("point 9") && error.to_string().contains("Euclidean"), "{error}");
    }
    let error = modiste_tsne::quality::trustworthiness(&points, &[[0.0; 2]; 50], 5, Metric::Cosine).unwrap_err();
    assert_eq!(error, Error::NoDirection { point: 9 });
}

#[test]
fn directions_of_long_and_short_points_are_mapped() {
    let mut random = Random::new(17);
    let lengths: Vec<f32> = (0..100).map(|_| 10f32.powf(28.0 * random.uniform() as f32 - 14.0)).collect();
    let values: Vec<f32> =
        normal_values(100 * 4, 18).iter().enumerate().map(|(at, value)| 0.1 * value * lengths[at / 4]).collect();
    let tsne = Tsne { metric: Metric::Cosine, ..short(Method::Auto, 200) };
    assert!(is_finite(&fit(&tsne, &values, 4).map));
    // One direction only: all distances are zero.
    let values: Vec<f32> = lengths.iter().flat_map(|length| [*length, 2.0 * length]).collect();
    assert!(is_finite(&fit(&tsne, &values, 2).map));
}

#[test]
fn a_first_map_must_fit_the_points() {
    let values = normal_values(50 * 4, 19);
    let given = |map| Tsne { initialisation: Initialisation::Given(map), ..short(Method::Auto, 50) };
    let error = refusal(&values, 4, &given(vec![[0.0; 2]; 49])).to_string();
    assert!(error.contains("49 points") && error.contains("there are 50"), "{error}");
    let mut map = vec![[0.0, 1.0]; 50];
    map[13][1] = f32::NAN;
    let error = refusal(&values, 4, &given(map)).to_string();
    assert!(error.contains("point 13") && error.contains("NaN"), "{error}");
}

#[test]
fn first_maps_of_any_size_will_do() {
    let values = normal_values(50 * 4, 20);
    for scale in [1e-38, 1e-10, 1.0, 1e5] {
        for flat in [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]] {
            let given: Vec<[f32; 2]> = normal_values(100, 21)
                .chunks_exact(2)
                .map(|place| [place[0] * scale * flat[0], place[1] * scale * flat[1]])
                .collect();
            let tsne = Tsne { initialisation: Initialisation::Given(given), ..short(Method::Auto, 200) };
            assert!(is_finite(&fit(&tsne, &values, 4).map), "{scale} {flat:?}");
        }
    }
}

#[test]
fn new_points_may_be_anywhere() {
    let values = normal_values(100 * 3, 22);
    let points = Points::new(&values, 3).unwrap();
    let map = Map::new(&points, fit(&short(Method::Auto, 300), &values, 3).map, Metric::Euclidean).unwrap();
    let new = [0.0, 0.0, 0.0, 1e14, -1e14, 1e14, 1e-30, 0.0, 5.0];
    let places = map.transform(&Points::new(&new, 3).unwrap(), 5.0).unwrap();
    assert!(is_finite(&places), "{places:?}");
    // In a map that is a single place, too.
    let map = Map::new(&points, vec![[2.0, -3.0]; 100], Metric::Euclidean).unwrap();
    assert_eq!(map.transform(&Points::new(&new, 3).unwrap(), 5.0).unwrap(), [[2.0, -3.0]; 3]);
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn any_points_are_mapped_or_refused(
        points in 1usize..50, dimensions in 1usize..6, places in 1usize..50, exponent in -18f32..18.0, cosine: bool,
        method in 0usize..2, seed: u64,
    ) {
        let mut random = Random::new(seed);
        let scale = 10f32.powf(exponent);
        let values: Vec<f32> = (0..points * dimensions).map(|_| scale * random.below(places) as f32).collect();
        let metric = if cosine { Metric::Cosine } else { Metric::Euclidean };
        let tsne = Tsne { metric, ..short(METHODS[method], 150) };
        match Points::new(&values, dimensions).and_then(|points| tsne.fit(&points, silent)) {
            Ok(fitted) => prop_assert!(is_finite(&fitted.map) && fitted.divergence.is_finite()),
            Err(Error::Scale { .. } | Error::TooFewPoints { .. } | Error::NoDirection { .. }) => {}
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }
}
