//! Maps of scikit-learn's digits, against the map that scikit-learn makes of them.

use std::sync::LazyLock;

use modiste_tsne::quality::{label_accuracy, trustworthiness};
use modiste_tsne::{Fitted, Initialisation, Method, Metric, Optimiser, Perplexity, Tsne, divergence};

use crate::digits::{DIMENSIONS, Digits};
use crate::support::{METHODS, affinities, fit};

static DIGITS: LazyLock<Digits> = LazyLock::new(Digits::load);

/// scikit-learn's map is one of many as good, between which chance decides; another's divergence may be larger by this share.
const CHANCE: f64 = 0.01;

fn fit_with(method: Method) -> Fitted {
    fit(
        &Tsne { optimiser: Optimiser { method, ..Default::default() }, ..Default::default() },
        &DIGITS.values,
        DIMENSIONS,
    )
}

fn check(fitted: &Fitted, what: &str) {
    let wanted = DIGITS.number("/map/kl_divergence");
    let affinities = affinities(&DIGITS.values, DIMENSIONS, &Perplexity::Single(30.0));
    assert_eq!(fitted.affinities, affinities, "{what}");
    let found = divergence(&affinities, &fitted.map).unwrap();
    assert_eq!(fitted.divergence, found, "{what}");
    let trusted = trustworthiness(&DIGITS.points(), &fitted.map, 5, Metric::Euclidean).unwrap();
    let accuracy = label_accuracy(&fitted.map, &DIGITS.labels).unwrap();
    assert!(found < (1.0 + CHANCE) * wanted, "{what}: {found}, but scikit-learn reaches {wanted}");
    assert!(trusted > DIGITS.number("/map/trustworthiness") - 0.003, "{what}: {trusted}");
    assert!(accuracy > DIGITS.number("/map/label_accuracy") - 0.01, "{what}: {accuracy}");
}

#[test]
fn the_usual_map_is_as_good() {
    let fitted = fit(&Tsne::default(), &DIGITS.values, DIMENSIONS);
    assert_eq!(fitted.iterations, 1000);
    check(&fitted, "auto");
}

#[test]
fn each_methods_map_is_as_good() {
    for method in METHODS {
        check(&fit_with(method), &method.to_string());
    }
}

#[test]
fn a_map_from_anywhere_is_nearly_as_good() {
    let tsne = Tsne { initialisation: Initialisation::Random, ..Default::default() };
    let fitted = fit(&tsne, &DIGITS.values, DIMENSIONS);
    assert!(fitted.divergence < 1.05 * DIGITS.number("/map/kl_divergence"), "{}", fitted.divergence);
}

#[test]
fn the_divergence_of_its_map_is_the_reference() {
    let affinities = affinities(&DIGITS.values, DIMENSIONS, &Perplexity::Single(30.0));
    let found = divergence(&affinities, &DIGITS.map).unwrap();
    let wanted = DIGITS.number("/map/kl_divergence");
    assert!((found - wanted).abs() < 1e-5, "{found}, not {wanted}");
}

#[test]
fn the_label_accuracy_of_its_map_is_the_reference() {
    let found = label_accuracy(&DIGITS.map, &DIGITS.labels).unwrap();
    let wanted = DIGITS.number("/map/label_accuracy");
    assert!((found - wanted).abs() < 1e-12, "{found}, not {wanted}");
}

#[test]
fn the_trustworthiness_of_its_map_is_the_reference() {
    // The library takes 1,000 of the points, the reference all.
    let found = trustworthiness(&DIGITS.points(), &DIGITS.map, 5, Metric::Euclidean).unwrap();
    let wanted = DIGITS.number("/map/trustworthiness_ties_by_index");
    assert!((found - wanted).abs() < 5e-4, "{found}, not {wanted}");
}
