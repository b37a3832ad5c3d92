//! The gradient, by each of its three ways, against its definition in plain f64, and that against finite differences of the
//! divergence.

use std::ops::ControlFlow;

use modiste_tsne::initialisation::random;
use modiste_tsne::{Affinities, Method, Optimiser, Perplexity, divergence, gradient};

use crate::support::{
    Forces, METHODS, Random, affinities, clusters, length, plain_divergence, plain_normalisation, some_affinities, wide,
};

/// Sizes around those of registers, strips, leaves of the tree and blocks.
const SIZES: [usize; 7] = [4, 5, 31, 32, 33, 257, 3000];

/// How far a gradient may be from the plain one, as a share of the forces.
fn tolerance(method: Method) -> f64 {
    match method {
        Method::Exact => 1e-5,
        Method::Fourier => 0.02,
        _ => 0.05,
    }
}

/// How far it may be for this map. Each point counts 1 to Z by itself, which is taken off again: where points are so far
/// apart that next to nothing is left, 32-bit numbers have few digits for it.
fn tolerance_of(method: Method, map: &[[f32; 2]]) -> f64 {
    let lost = map.len() as f64 / plain_normalisation(&wide(map));
    match method {
        Method::Fourier => tolerance(method) + 1e-5 * lost,
        _ => tolerance(method) + 2e-7 * lost,
    }
}

/// A place for the point of this number.
type Kind = fn(usize, &mut Random) -> [f64; 2];

/// Maps as they come up on the way, and worse.
const KINDS: [(&str, Kind); 8] = [
    ("early", |_, random| [1e-4 * random.normal(), 1e-4 * random.normal()]),
    ("small", |_, random| [0.1 * random.normal(), 0.1 * random.normal()]),
    ("medium", |_, random| [10.0 * random.normal(), 10.0 * random.normal()]),
    ("wide", |_, random| [300.0 * random.uniform(), 300.0 * random.uniform()]),
    ("elongated", |_, random| [600.0 * random.uniform(), 0.01 * random.normal()]),
    ("clustered", |point, random| {
        let (row, column) = (point % 10 / 4, point % 10 % 4);
        [30.0 * column as f64 + 0.1 * random.normal(), 25.0 * row as f64 + 0.1 * random.normal()]
    }),
    ("with duplicates", |point, _| [(point % 7) as f64, (point % 3) as f64 * 0.5]),
    ("far from zero", |_, random| [10.0 * random.normal() + 1000.0, 10.0 * random.normal() - 500.0]),
];

fn map(kind: Kind, points: usize) -> Vec<[f32; 2]> {
    let mut random = Random::new(points as u64);
    (0..points).map(|point| kind(point, &mut random).map(|value| value as f32)).collect()
}

#[test]
fn every_method_gives_the_gradient_of_the_definition() {
    let mut wrong = Vec::new();
    for points in SIZES {
        let affinities = some_affinities(points, 1);
        for (name, kind) in KINDS {
            let map = map(kind, points);
            let forces = Forces::of(&affinities, &wide(&map));
            for method in METHODS {
                let error = forces.error(&gradient(&affinities, &map, method).unwrap());
                if error.is_nan() || error > tolerance_of(method, &map) {
                    wrong.push(format!("{method}, {points} points, {name}: {error:.2e}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_method_gives_the_gradient_on_the_way_of_a_map() {
    let (values, _) = clusters(3000, 10, 8, 2.0, 1);
    let affinities = affinities(&values, 10, &Perplexity::usual(3000));
    let mut wrong = Vec::new();
    Optimiser { report_every: 10, ..Default::default() }
        .run(&affinities, random(3000, 0), |progress| {
            if [10, 50, 100, 250, 260, 300, 500, 1000].contains(&progress.iteration) {
                let forces = Forces::of(&affinities, &wide(progress.map));
                for method in METHODS {
                    let error = forces.error(&gradient(&affinities, progress.map, method).unwrap());
                    if error.is_nan() || error > tolerance(method) {
                        wrong.push(format!("{method}, after {} steps: {error:.2e}", progress.iteration));
                    }
                }
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_gradient_is_the_slope_of_the_divergence() {
    for points in [5, 33] {
        let affinities = some_affinities(points, 2);
        for (name, kind) in KINDS {
            let map = wide(&map(kind, points));
            // Small beside the map and the width of the similarity, 1, but not so small that it leaves no digits of the
            // divergence.
            let step = (1e-2 * length(&map) / (points as f64).sqrt()).min(1e-4);
            let (forces, slopes) = (Forces::of(&affinities, &map), slopes(&affinities, &map, step));
            let narrow: Vec<[f32; 2]> = slopes.iter().map(|slope| slope.map(|value| value as f32)).collect();
            let error = forces.error(&narrow);
            assert!(error < 1e-5, "{points} points, {name}: {error:.2e}");
        }
    }
}

/// Finite differences of the divergence by each coordinate.
fn slopes(affinities: &Affinities, map: &[[f64; 2]], step: f64) -> Vec<[f64; 2]> {
    let slope = |point: usize, axis: usize| {
        let at = |step: f64| {
            let mut moved = map.to_vec();
            moved[point][axis] += step;
            plain_divergence(affinities, &moved)
        };
        (at(step) - at(-step)) / (2.0 * step)
    };
    (0..map.len()).map(|point| [slope(point, 0), slope(point, 1)]).collect()
}

#[test]
fn the_divergence_is_that_of_the_definition() {
    for points in SIZES {
        let affinities = some_affinities(points, 3);
        for (name, kind) in KINDS {
            let map = map(kind, points);
            let (found, wanted) = (divergence(&affinities, &map).unwrap(), plain_divergence(&affinities, &wide(&map)));
            let tolerance = tolerance_of(Method::Exact, &map);
            assert!((found - wanted).abs() < tolerance, "{points} points, {name}: {found}, not {wanted}");
        }
    }
}

#[test]
fn auto_takes_one_of_the_methods() {
    for points in [257, 3000] {
        let affinities = some_affinities(points, 4);
        let map = map(KINDS[2].1, points);
        let found = gradient(&affinities, &map, Method::Auto).unwrap();
        let chosen = Method::Auto.for_points(points);
        assert_ne!(chosen, Method::Auto);
        assert_eq!(found, gradient(&affinities, &map, chosen).unwrap(), "{points}");
    }
}

#[test]
fn auto_manages_maps_of_any_width() {
    let affinities = some_affinities(3000, 5);
    let mut wrong = Vec::new();
    for side in [1.5e3, 2.5e3, 1e5, 1e6] {
        let mut random = Random::new(6);
        let mut place = || ((random.uniform() - 0.5) * side) as f32;
        let map: Vec<[f32; 2]> = (0..3000).map(|_| [place(), place()]).collect();
        let found = gradient(&affinities, &map, Method::Auto).unwrap();
        let error = Forces::of(&affinities, &wide(&map)).error(&found);
        if error.is_nan() || error > tolerance(Method::BarnesHut) {
            wrong.push(format!("side {side}: {error:.2e}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn forces_are_balanced() {
    // What pushes one point pushes another the other way, so that nothing pushes all of them together.
    let affinities = some_affinities(3000, 7);
    for (name, kind) in KINDS {
        let map = map(kind, 3000);
        for method in [Method::Exact, Method::Fourier] {
            let found = gradient(&affinities, &map, method).unwrap();
            let sum = |axis: usize| found.iter().map(|force| f64::from(force[axis])).sum::<f64>();
            let size = |axis: usize| found.iter().map(|force| f64::from(force[axis].abs())).sum::<f64>();
            let (sum, size) = (sum(0).hypot(sum(1)), size(0).hypot(size(1)));
            assert!(sum < 1e-3 * size, "{method}, {name}: {sum:.2e} of {size:.2e}");
        }
    }
}
