//! The same on any number of threads, and all that is random from the seed.

use modiste_tsne::{
    Affinities, Initialisation, Map, Method, Metric, Neighbours, Optimiser, Perplexity, Points, Search, Tsne,
    divergence, gradient, initialisation, quality,
};

use crate::support::{METHODS, clusters, fit, normal_values, on_threads, some_affinities};

const THREADS: [usize; 3] = [1, 2, 4];

/// Asserts that work gives the same on each number of threads.
fn check<R: PartialEq + Send>(what: &str, work: impl Fn() -> R + Sync) {
    let wanted = on_threads(THREADS[0], &work);
    for threads in &THREADS[1..] {
        // Twice, since threads may happen to keep to an order.
        for _ in 0..2 {
            assert!(on_threads(*threads, &work) == wanted, "{what}, {threads} threads");
        }
    }
}

#[test]
fn neighbours_are_the_same() {
    for (points, dimensions) in [(500, 3), (3000, 80)] {
        let (values, _) = clusters(points, dimensions, 7, 2.0, 1);
        let points = Points::new(&values, dimensions).unwrap();
        for metric in [Metric::Euclidean, Metric::Cosine] {
            check("exact", || Neighbours::exact(&points, 20, metric).unwrap());
            check("queries", || Neighbours::of_queries(&points, &points, 20, metric).unwrap());
        }
    }
    let (values, _) = clusters(15_000, 8, 7, 2.0, 2);
    let points = Points::new(&values, 8).unwrap();
    check("approximate", || Neighbours::approximate(&points, 10, Metric::Euclidean).unwrap());
}

#[test]
fn affinities_are_the_same() {
    let values = normal_values(3000 * 4, 3);
    let points = Points::new(&values, 4).unwrap();
    let neighbours = Neighbours::exact(&points, 30, Metric::Euclidean).unwrap();
    check("affinities", || Affinities::new(neighbours.clone(), &Perplexity::Single(10.0)).unwrap());
}

#[test]
fn first_maps_are_the_same() {
    let values = normal_values(5000 * 30, 4);
    let points = Points::new(&values, 30).unwrap();
    check("components", || initialisation::principal_components(&points, 5));
}

#[test]
fn gradients_and_divergences_are_the_same() {
    // More than one grid, and several blocks of each method.
    let affinities = some_affinities(9000, 5);
    let map: Vec<[f32; 2]> = normal_values(18_000, 6).chunks_exact(2).map(|at| [20.0 * at[0], 9.0 * at[1]]).collect();
    for method in METHODS {
        check(&method.to_string(), || gradient(&affinities, &map, method).unwrap());
    }
    check("divergence", || divergence(&affinities, &map).unwrap());
}

#[test]
fn maps_are_the_same() {
    let (values, _) = clusters(2000, 10, 5, 3.0, 7);
    for method in METHODS {
        for search in [Search::Exact, Search::Approximate] {
            let optimiser = Optimiser { method, iterations: 60, early_iterations: 30, ..Default::default() };
            let tsne = Tsne { optimiser, search, ..Default::default() };
            check(&method.to_string(), || {
                let fitted = fit(&tsne, &values, 10);
                (fitted.map, fitted.divergence)
            });
        }
    }
}

#[test]
fn new_points_and_measures_are_the_same() {
    let (values, labels) = clusters(1500, 10, 5, 3.0, 8);
    let (new, _) = clusters(700, 10, 5, 3.0, 9);
    let points = Points::new(&values, 10).unwrap();
    let coordinates: Vec<[f32; 2]> = normal_values(3000, 10).chunks_exact(2).map(|at| [9.0 * at[0], at[1]]).collect();
    let map = Map::new(&points, coordinates.clone(), Metric::Euclidean).unwrap();
    check("new points", || map.transform(&Points::new(&new, 10).unwrap(), 5.0).unwrap());
    check("trustworthiness", || quality::trustworthiness(&points, &coordinates, 10, Metric::Euclidean).unwrap());
    check("label accuracy", || quality::label_accuracy(&coordinates, &labels).unwrap());
}

#[test]
fn the_seed_decides_what_is_random() {
    let (values, _) = clusters(200, 5, 3, 3.0, 11);
    let of = |initialisation: Initialisation, seed: u64| {
        let optimiser = Optimiser { iterations: 100, method: Method::Exact, ..Default::default() };
        fit(&Tsne { initialisation, seed, optimiser, ..Default::default() }, &values, 5).map
    };
    for initialisation in [Initialisation::Random, Initialisation::PrincipalComponents] {
        assert_eq!(of(initialisation.clone(), 1), of(initialisation.clone(), 1), "{initialisation:?}");
        assert_ne!(of(initialisation.clone(), 1), of(initialisation.clone(), 2), "{initialisation:?}");
    }
}
