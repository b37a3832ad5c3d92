//! Maps whose points have been driven far apart, by steps that are too long or by somebody else: an error, or a map of
//! numbers, and no more memory than there is. A failure here may end the whole program, with the tests that run beside it.

use std::ops::ControlFlow;

use modiste_tsne::{Map, Method, Metric, Optimiser, Points, divergence, gradient, initialisation};

use crate::support::{METHODS, is_finite, normal_values, plain_divergence, some_affinities, wide};

/// As far apart as a map may be.
fn widest_map(points: usize) -> Vec<[f32; 2]> {
    let corners = [[-1e6, -1e6], [1e6, -1e6], [-1e6, 1e6], [1e6, 1e6]];
    let places = normal_values(2 * points, 1);
    let place = |point: usize| corners.get(point).copied().unwrap_or([places[2 * point], places[2 * point + 1]]);
    (0..points).map(place).collect()
}

fn check_long_steps(method: Method) {
    let affinities = some_affinities(300, 2);
    for learning_rate in [1e7, 1e30, 1e300] {
        let optimiser = Optimiser { method, learning_rate: Some(learning_rate), ..Default::default() };
        let found = optimiser.run(&affinities, initialisation::random(300, 0), |_| ControlFlow::Continue(()));
        match found {
            Ok(optimised) => {
                assert!(is_finite(&optimised.map), "{method}, {learning_rate:e}: {:?}", &optimised.map[..2])
            }
            Err(error) => assert!(learning_rate > 1e30 && error.to_string().contains("the learning rate"), "{error}"),
        }
    }
}

#[test]
fn the_widest_maps_have_a_gradient() {
    let affinities = some_affinities(300, 3);
    for method in METHODS.into_iter().chain([Method::Auto]) {
        assert!(is_finite(&gradient(&affinities, &widest_map(300), method).unwrap()), "{method}");
    }
}

#[test]
fn new_points_find_a_place_in_the_widest_maps() {
    let values = normal_values(300 * 3, 4);
    let points = Points::new(&values, 3).unwrap();
    let map = Map::new(&points, widest_map(300), Metric::Euclidean).unwrap();
    assert!(is_finite(&map.transform(&points, 5.0).unwrap()));
}

#[test]
fn steps_that_are_too_long_do_no_harm() {
    check_long_steps(Method::Exact);
}

#[test]
fn steps_that_are_too_long_do_no_harm_to_trees() {
    check_long_steps(Method::BarnesHut);
}

#[test]
fn steps_that_are_too_long_do_no_harm_to_grids() {
    check_long_steps(Method::Fourier);
}

#[test]
fn few_points_far_apart_have_the_divergence_of_the_definition() {
    for points in [4, 8, 16, 17, 24, 300] {
        let affinities = some_affinities(points, 9);
        for apart in [1e3, 1e4, 1e5] {
            let map: Vec<[f32; 2]> = (0..points).map(|point| [apart * point as f32 / points as f32, 0.0]).collect();
            let wanted = plain_divergence(&affinities, &wide(&map));
            let found = divergence(&affinities, &map).unwrap();
            assert!((found - wanted).abs() < 1e-3, "{points} points, {apart:e}: {found} for {wanted}");
            for method in METHODS {
                assert!(
                    is_finite(&gradient(&affinities, &map, method).unwrap()),
                    "{method}, {points} points, {apart:e}"
                );
            }
        }
    }
}

#[test]
fn maps_as_small_as_numbers_can_be_have_a_gradient() {
    let affinities = some_affinities(400, 10);
    for side in [1e-30, 1e-36, 1e-38, 1e-40] {
        let map: Vec<[f32; 2]> =
            normal_values(800, 11).as_chunks().0.iter().map(|at: &[f32; 2]| at.map(|at| at * side)).collect();
        for method in METHODS {
            assert!(is_finite(&gradient(&affinities, &map, method).unwrap()), "{method}, {side:e}");
        }
    }
}
