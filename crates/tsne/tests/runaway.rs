//! Maps whose points have been driven far apart, by steps that are too long or by somebody else: an error, or a map of
//! numbers, and no more memory than there is. A file by itself, since a failure here ends the whole program.

mod support;

use std::ops::ControlFlow;

use modiste_tsne::{Map, Method, Metric, Optimiser, Points, gradient, initialisation};
use support::{METHODS, is_finite, normal_values, some_affinities};

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
        if let Ok(optimised) = found {
            assert!(is_finite(&optimised.map), "{method}, {learning_rate:e}: {:?}", &optimised.map[..2]);
        }
    }
}

#[test]
fn the_widest_maps_have_a_gradient() {
    let affinities = some_affinities(300, 3);
    for method in METHODS.into_iter().chain([Method::Auto]) {
        if let Ok(found) = gradient(&affinities, &widest_map(300), method) {
            assert!(is_finite(&found), "{method}");
        }
    }
}

#[test]
fn new_points_find_a_place_in_the_widest_maps() {
    let values = normal_values(300 * 3, 4);
    let points = Points::new(&values, 3).unwrap();
    let map = Map::new(&points, widest_map(300), Metric::Euclidean).unwrap();
    if let Ok(found) = map.transform(&points, 5.0) {
        assert!(is_finite(&found));
    }
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
