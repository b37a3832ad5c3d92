//! How a map gets on its way, and how that ends.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use modiste_tsne::optimiser::End;
use modiste_tsne::{Error, Initialisation, Method, Optimiser, Points, Progress, Tsne, divergence, initialisation};

use crate::support::{Forces, clusters, fit, is_finite, length, normal_values, some_affinities, wide};

fn go_on(_: Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn progress_is_told_every_so_many_steps() {
    let affinities = some_affinities(60, 1);
    let optimiser = Optimiser { iterations: 103, early_iterations: 30, report_every: 10, ..Default::default() };
    let mut told = Vec::new();
    let report = |progress: Progress<'_>| {
        assert_eq!(progress.map.len(), 60);
        assert!(progress.divergence.is_finite() && progress.gradient > 0.0);
        told.push((progress.iteration, progress.early));
        ControlFlow::Continue(())
    };
    let optimised = optimiser.run(&affinities, initialisation::random(60, 0), report).unwrap();
    assert_eq!((optimised.iterations, optimised.end), (103, End::Iterations));
    assert_eq!(told, (1..=10).map(|at| (10 * at, at <= 3)).collect::<Vec<_>>());
}

#[test]
fn the_divergence_that_is_told_is_that_of_the_map_before() {
    let affinities = some_affinities(60, 2);
    let optimiser = Optimiser { iterations: 200, early_iterations: 50, report_every: 1, ..Default::default() };
    let (mut before, mut last) = (initialisation::random(60, 0), f64::INFINITY);
    optimiser
        .run(&affinities, before.clone(), |progress| {
            let wanted = divergence(&affinities, &before).unwrap();
            let at = progress.iteration;
            assert!((progress.divergence - wanted).abs() < 1e-5, "{at}: {} for {wanted}", progress.divergence);
            before = progress.map.to_vec();
            last = progress.divergence;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(last < 1.0, "{last}");
}

#[test]
fn what_is_told_changes_nothing() {
    let affinities = some_affinities(60, 3);
    let run = |report_every| {
        let optimiser = Optimiser { iterations: 120, early_iterations: 40, report_every, ..Default::default() };
        optimiser.run(&affinities, initialisation::random(60, 0), go_on).unwrap().map
    };
    assert_eq!(run(1), run(50));
    assert_eq!(run(1), run(0));
}

#[test]
fn who_is_told_can_end_it() {
    let (values, _) = clusters(60, 4, 3, 5.0, 4);
    for (stop_at, iterations) in [(20, 20), (70, 70)] {
        let tsne = Tsne { optimiser: Optimiser { report_every: 10, ..Default::default() }, ..Default::default() };
        let mut last = Vec::new();
        let fitted = tsne
            .fit(&Points::new(&values, 4).unwrap(), |phase| match phase {
                modiste_tsne::Phase::Optimisation(progress) if progress.iteration >= stop_at => {
                    last = progress.map.to_vec();
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            })
            .unwrap();
        assert_eq!((fitted.end, fitted.iterations), (End::Cancelled, iterations));
        assert_eq!(fitted.map, last);
        assert!(fitted.divergence.is_finite());
    }
}

#[test]
fn a_small_gradient_ends_it_but_not_early() {
    let affinities = some_affinities(60, 5);
    let optimiser = Optimiser { early_iterations: 100, least_gradient: 1e9, report_every: 10, ..Default::default() };
    let optimised = optimiser.run(&affinities, initialisation::random(60, 0), go_on).unwrap();
    assert_eq!((optimised.end, optimised.iterations), (End::Gradient, 110));
}

#[test]
fn no_progress_ends_it() {
    let affinities = some_affinities(60, 6);
    let optimiser = Optimiser {
        iterations: 20_000,
        early_iterations: 100,
        patience: 50,
        least_gradient: 0.0,
        ..Default::default()
    };
    let mut told = Vec::new();
    let report = |progress: Progress<'_>| {
        told.push((progress.iteration, progress.divergence));
        ControlFlow::Continue(())
    };
    let optimised = optimiser.run(&affinities, initialisation::random(60, 0), report).unwrap();
    assert_eq!(optimised.end, End::Patience);
    assert!(optimised.iterations < 20_000);
    told.retain(|&(iteration, _)| iteration > 100);
    let (best, _) = told.iter().min_by(|one, other| one.1.total_cmp(&other.1)).unwrap();
    assert!(optimised.iterations > best + 50, "{} for {best}", optimised.iterations);
}

#[test]
fn without_steps_a_map_stays_as_it_is() {
    let affinities = some_affinities(60, 7);
    let first = initialisation::random(60, 0);
    let optimiser = Optimiser { iterations: 0, ..Default::default() };
    let optimised = optimiser.run(&affinities, first.clone(), |_| panic!("there is nothing to tell")).unwrap();
    assert_eq!((optimised.map, optimised.iterations, optimised.end), (first, 0, End::Iterations));
}

#[test]
fn only_early_steps_will_do() {
    let affinities = some_affinities(60, 8);
    let optimiser = Optimiser { iterations: 100, early_iterations: 500, ..Default::default() };
    let optimised = optimiser.run(&affinities, initialisation::random(60, 0), go_on).unwrap();
    assert_eq!(optimised.iterations, 100);
    assert!(is_finite(&optimised.map));
}

#[test]
fn a_map_goes_on_from_where_it_starts() {
    let (values, _) = clusters(100, 4, 4, 5.0, 9);
    let given: Vec<[f32; 2]> = normal_values(200, 10).chunks_exact(2).map(|place| [5.0 + place[0], place[1]]).collect();
    let tsne = Tsne {
        initialisation: Initialisation::Given(given.clone()),
        optimiser: Optimiser { iterations: 0, ..Default::default() },
        ..Default::default()
    };
    let first = fit(&tsne, &values, 4).map;
    // The same but for its size and where it is.
    let scale = (first[1][0] - first[0][0]) / (given[1][0] - given[0][0]);
    for point in 1..100 {
        for axis in 0..2 {
            let wanted = scale * (given[point][axis] - given[0][axis]);
            assert!((first[point][axis] - first[0][axis] - wanted).abs() < 1e-8, "point {point}");
        }
    }
    let deviation = (first.iter().map(|place| f64::from(place[0]).powi(2)).sum::<f64>() / 100.0).sqrt();
    assert!((deviation / 1e-4 - 1.0).abs() < 1e-3, "{deviation}");
}

#[test]
fn first_maps_are_small() {
    let (values, _) = clusters(500, 4, 4, 5.0, 11);
    let components = initialisation::principal_components(&Points::new(&values, 4).unwrap(), 0);
    for map in [components, initialisation::random(500, 0)] {
        let deviation = (map.iter().map(|place| f64::from(place[0]).powi(2)).sum::<f64>() / 500.0).sqrt();
        assert!((deviation / 1e-4 - 1.0).abs() < 0.1, "{deviation}");
    }
}

#[test]
fn a_finished_map_is_around_zero_and_its_gradient_is_small() {
    let affinities = some_affinities(300, 12);
    let optimiser = Optimiser { iterations: 3000, method: Method::Exact, ..Default::default() };
    let map = optimiser.run(&affinities, initialisation::random(300, 0), go_on).unwrap().map;
    for axis in 0..2 {
        let mean = map.iter().map(|place| f64::from(place[axis])).sum::<f64>() / 300.0;
        assert!(mean.abs() < 1e-3, "{mean}");
    }
    let forces = Forces::of(&affinities, &wide(&map));
    let left = length(&forces.gradient()) / length(&forces.attraction);
    assert!(left < 1e-2, "{left}");
}

#[test]
fn exaggeration_makes_denser_maps() {
    let (values, _) = clusters(300, 4, 4, 5.0, 13);
    let size = |exaggeration| {
        let optimiser = Optimiser { exaggeration, ..Default::default() };
        length(&wide(&fit(&Tsne { optimiser, ..Default::default() }, &values, 4).map))
    };
    assert!(size(4.0) < 0.5 * size(1.0));
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let affinities = some_affinities(60, 14);
    let usual = Optimiser::default;
    let wrong = [
        (Optimiser { early_exaggeration: 0.0, ..usual() }, "the early exaggeration is 0: "),
        (Optimiser { early_exaggeration: f64::NAN, ..usual() }, "the early exaggeration is NaN: "),
        (Optimiser { exaggeration: -1.0, ..usual() }, "the exaggeration is -1: "),
        (Optimiser { exaggeration: f64::INFINITY, ..usual() }, "the exaggeration is inf: "),
        (Optimiser { early_momentum: 1.0, ..usual() }, "the early momentum is 1: "),
        (Optimiser { momentum: -0.1, ..usual() }, "the momentum is -0.1: "),
        (Optimiser { momentum: f64::NAN, ..usual() }, "the momentum is NaN: "),
        (Optimiser { learning_rate: Some(0.0), ..usual() }, "the learning rate is 0: "),
        (Optimiser { learning_rate: Some(f64::INFINITY), ..usual() }, "the learning rate is inf: "),
    ];
    for (optimiser, wanted) in wrong {
        let error = optimiser.run(&affinities, initialisation::random(60, 0), go_on).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");
        let text = error.to_string();
        assert!(text.starts_with(wanted) && text.contains("give a "), "{text}");
    }
}

#[test]
fn a_first_map_of_other_points_is_refused() {
    let error = Optimiser::default().run(&some_affinities(60, 15), vec![[0.0; 2]; 59], go_on).unwrap_err();
    assert_eq!(error, Error::Count { what: "the map", found: 59, wanted: 60 });
}

#[test]
fn a_descent_is_stopped_between_two_iterations() {
    let affinities = some_affinities(60, 6);
    let first = initialisation::random(60, 0);
    let stop = AtomicBool::new(true);
    let optimised = Optimiser::default().run_until(&stop, &affinities, first.clone(), go_on).unwrap();
    assert_eq!((optimised.map, optimised.iterations, optimised.end), (first.clone(), 0, End::Cancelled));
    stop.store(false, Ordering::Relaxed);
    let report = |progress: Progress<'_>| {
        stop.store(progress.iteration == 100, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let optimised = Optimiser::default().run_until(&stop, &affinities, first.clone(), report).unwrap();
    assert_eq!((optimised.iterations, optimised.end), (100, End::Cancelled));
    let whole = Optimiser { iterations: 100, ..Optimiser::default() };
    assert_eq!(optimised.map, whole.run(&affinities, first, go_on).unwrap().map);
}
