//! Clusters that are apart stay apart.

use modiste_tsne::quality::label_accuracy;
use modiste_tsne::{Initialisation, Metric, Optimiser, Perplexity, Tsne};

use crate::support::{METHODS, clusters, fit, neighbours};

/// Five clusters, their centres ten times as far apart as their points.
fn five() -> (Vec<f32>, Vec<u8>) {
    clusters(1000, 20, 5, 10.0, 1)
}

/// Every point's nearest are of its cluster, and no cluster reaches into another.
fn check(map: &[[f32; 2]], labels: &[u8], what: &str) {
    let nearest = neighbours(map.as_flattened(), 2, 10);
    for (point, label) in labels.iter().enumerate() {
        let of_its_own = nearest.of(point).iter().all(|&other| labels[other as usize] == *label);
        assert!(of_its_own, "{what}: point {point} has lost its cluster");
    }
    let count = usize::from(*labels.iter().max().unwrap()) + 1;
    let members = |cluster: usize| map.iter().zip(labels).filter(move |&(_, &label)| usize::from(label) == cluster);
    let centre = |cluster: usize| {
        let n = members(cluster).count() as f32;
        members(cluster).fold([0.0; 2], |sum, (at, _)| [sum[0] + at[0] / n, sum[1] + at[1] / n])
    };
    let centres: Vec<[f32; 2]> = (0..count).map(centre).collect();
    let distance = |one: [f32; 2], other: [f32; 2]| (one[0] - other[0]).hypot(one[1] - other[1]);
    let radius = |cluster: usize| members(cluster).map(|(&at, _)| distance(at, centres[cluster])).fold(0.0, f32::max);
    for one in 0..count {
        for other in 0..one {
            let (apart, reach) = (distance(centres[one], centres[other]), radius(one) + radius(other));
            assert!(apart > reach, "{what}: clusters {one} and {other} are {apart} apart and reach {reach}");
        }
    }
}

#[test]
fn clusters_stay_apart() {
    let (values, labels) = five();
    for method in METHODS {
        let optimiser = Optimiser { method, ..Default::default() };
        let fitted = fit(&Tsne { optimiser, ..Default::default() }, &values, 20);
        check(&fitted.map, &labels, &method.to_string());
        assert_eq!(label_accuracy(&fitted.map, &labels).unwrap(), 1.0);
    }
}

#[test]
fn clusters_find_together_from_anywhere() {
    let (values, labels) = five();
    for seed in 0..3 {
        let tsne = Tsne { initialisation: Initialisation::Random, seed, ..Default::default() };
        let map = fit(&tsne, &values, 20).map;
        // They may be left in parts, but hardly any point is left among others.
        let accuracy = label_accuracy(&map, &labels).unwrap();
        assert!(accuracy > 0.99, "seed {seed}: {accuracy}");
    }
}

#[test]
fn clusters_of_directions_stay_apart_by_the_cosine() {
    let (mut values, labels) = five();
    // Lengths say nothing then.
    for (point, values) in values.chunks_exact_mut(20).enumerate() {
        values.iter_mut().for_each(|value| *value *= [1.0, 100.0][point / 5 % 2]);
    }
    let fitted = fit(&Tsne { metric: Metric::Cosine, ..Default::default() }, &values, 20);
    check(&fitted.map, &labels, "cosine");
}

#[test]
fn clusters_stay_apart_at_several_perplexities() {
    let (values, labels) = five();
    let perplexity = Some(Perplexity::Multiscale(vec![5.0, 30.0, 60.0]));
    check(&fit(&Tsne { perplexity, ..Default::default() }, &values, 20).map, &labels, "multiscale");
}
