//! Maps that are kept, and new points that are put into them.

use std::sync::LazyLock;

use modiste_tsne::{Error, Map, Metric, Neighbours, Points, Tsne};
use proptest::prelude::*;

use crate::digits::{DIMENSIONS, Digits};
use crate::support::{cases, fit, is_finite, normal_values};

static DIGITS: LazyLock<Digits> = LazyLock::new(Digits::load);

/// Every fifth digit is new.
fn is_new(digit: usize) -> bool {
    digit.is_multiple_of(5)
}

/// Values and labels of the new digits, or of the others.
fn part(new: bool) -> (Vec<f32>, Vec<u8>) {
    let chosen = (0..DIGITS.labels.len()).filter(|&digit| is_new(digit) == new);
    let values = chosen.clone().flat_map(|digit| &DIGITS.values[digit * DIMENSIONS..][..DIMENSIONS]).copied();
    (values.collect(), chosen.map(|digit| DIGITS.labels[digit]).collect())
}

/// The map of the digits that are not new.
static MAP: LazyLock<Map> = LazyLock::new(|| {
    let (values, _) = part(false);
    let coordinates = fit(&Tsne::default(), &values, DIMENSIONS).map;
    Map::new(&Points::new(&values, DIMENSIONS).unwrap(), coordinates, Metric::Euclidean).unwrap()
});

fn put(values: &[f32]) -> Vec<[f32; 2]> {
    MAP.transform(&Points::new(values, DIMENSIONS).unwrap(), 5.0).unwrap()
}

fn distance(one: [f32; 2], other: [f32; 2]) -> f32 {
    (one[0] - other[0]).hypot(one[1] - other[1])
}

#[test]
fn new_digits_find_their_kind() {
    let ((_, labels), (values, wanted)) = (part(false), part(true));
    let places = put(&values);
    let map = Points::new(MAP.coordinates().as_flattened(), 2).unwrap();
    let nearest =
        Neighbours::of_queries(&Points::new(places.as_flattened(), 2).unwrap(), &map, 1, Metric::Euclidean).unwrap();
    let right = nearest.indices().iter().zip(&wanted).filter(|&(&old, &label)| labels[old as usize] == label).count();
    let accuracy = right as f64 / wanted.len() as f64;
    assert!(accuracy > 0.96, "{accuracy}");
}

#[test]
fn old_digits_find_their_place_again() {
    let places = put(&part(false).0);
    let mut distances: Vec<f32> =
        places.iter().zip(MAP.coordinates()).map(|(&one, &other)| distance(one, other)).collect();
    distances.sort_by(f32::total_cmp);
    let at = |share: f64| distances[(share * (distances.len() - 1) as f64) as usize];
    let largest = MAP.coordinates().as_flattened().iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    assert!(at(0.5) < 0.01 * largest, "the median is {}, of {largest}", at(0.5));
    assert!(at(0.95) < 0.1 * largest, "one in twenty is more than {} away, of {largest}", at(0.95));
}

#[test]
fn each_new_point_is_put_for_itself() {
    let (values, _) = part(true);
    let together = put(&values);
    for digit in [0, 7, 200] {
        assert_eq!(put(&values[digit * DIMENSIONS..][..DIMENSIONS]), [together[digit]], "digit {digit}");
    }
    // In another order, too.
    let turned: Vec<f32> = values.chunks_exact(DIMENSIONS).rev().flatten().copied().collect();
    assert!(put(&turned).iter().eq(together.iter().rev()));
}

#[test]
fn new_points_stay_within_the_map() {
    let noise: Vec<f32> = normal_values(100 * DIMENSIONS, 1).iter().map(|value| 100.0 * value).collect();
    let places = put(&noise);
    assert!(is_finite(&places));
    for axis in 0..2 {
        let all = MAP.coordinates().iter().map(|place| place[axis]);
        let (low, high) = (all.clone().fold(f32::INFINITY, f32::min), all.fold(f32::NEG_INFINITY, f32::max));
        assert!(places.iter().all(|place| (low..=high).contains(&place[axis])));
    }
}

#[test]
fn any_perplexity_that_the_map_has_points_for_will_do() {
    let (values, _) = part(true);
    let few = Points::new(&values[..10 * DIMENSIONS], DIMENSIONS).unwrap();
    for perplexity in [1.0, 2.5, 50.0, 400.0] {
        assert!(is_finite(&MAP.transform(&few, perplexity).unwrap()), "{perplexity}");
    }
    for perplexity in [0.5, f64::NAN, f64::INFINITY] {
        assert!(matches!(MAP.transform(&few, perplexity).unwrap_err(), Error::Perplexity { .. }), "{perplexity}");
    }
    let error = MAP.transform(&few, 1000.0).unwrap_err();
    assert!(matches!(error, Error::TooFewPoints { .. }), "{error}");
}

#[test]
fn points_of_another_kind_are_refused() {
    let values = normal_values(63, 2);
    let error = MAP.transform(&Points::new(&values, 63).unwrap(), 5.0).unwrap_err();
    assert_eq!(error, Error::Dimensions { found: 63, wanted: 64 });
    assert!(error.to_string().contains("63 dimensions") && error.to_string().contains("64"), "{error}");
}

#[test]
fn a_map_needs_a_place_for_each_point() {
    let values = normal_values(20, 3);
    let points = Points::new(&values, 2).unwrap();
    let error = Map::new(&points, vec![[0.0; 2]; 9], Metric::Euclidean).unwrap_err();
    assert_eq!(error, Error::Count { what: "the map", found: 9, wanted: 10 });
    let error = Map::new(&points, vec![[0.0, f32::INFINITY]; 10], Metric::Euclidean).unwrap_err();
    assert!(matches!(error, Error::NotFinite { point: 0, dimension: 1, .. }), "{error}");
}

#[test]
fn the_cosine_puts_points_by_their_directions() {
    let (values, _) = part(false);
    let map = Map::new(&Points::new(&values, DIMENSIONS).unwrap(), MAP.coordinates().to_vec(), Metric::Cosine).unwrap();
    let (new, _) = part(true);
    let longer: Vec<f32> = new.iter().map(|value| 4.0 * value).collect();
    let put = |values: &[f32]| map.transform(&Points::new(values, DIMENSIONS).unwrap(), 5.0).unwrap();
    assert_eq!(put(&new), put(&longer));
    let error = map.transform(&Points::new(&[0.0; DIMENSIONS], DIMENSIONS).unwrap(), 5.0).unwrap_err();
    assert_eq!(error, Error::NoDirection { point: 0 });
}

fn small_map(metric: Metric) -> Map {
    let (values, coordinates) = (normal_values(20 * 3, 4), normal_values(40, 5));
    let coordinates = coordinates.chunks_exact(2).map(|at| [at[0], at[1]]).collect();
    Map::new(&Points::new(&values, 3).unwrap(), coordinates, metric).unwrap()
}

#[test]
fn a_kept_map_is_the_same() {
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let map = small_map(metric);
        let back = Map::from_bytes(&map.to_bytes().unwrap()).unwrap();
        assert_eq!(back, map);
        assert_eq!(back.to_bytes().unwrap(), map.to_bytes().unwrap());
    }
    assert_ne!(small_map(Metric::Euclidean), small_map(Metric::Cosine));
}

#[test]
fn a_part_of_a_kept_map_is_refused() {
    let bytes = small_map(Metric::Euclidean).to_bytes().unwrap();
    for length in 0..bytes.len() {
        let error = Map::from_bytes(&bytes[..length]).unwrap_err();
        assert!(error.to_string().starts_with("this is not a saved map: "), "{length}: {error}");
    }
}

#[test]
fn a_kept_map_with_a_place_that_is_none_is_refused() {
    let bytes = small_map(Metric::Euclidean).to_bytes().unwrap();
    for at in [1, 60] {
        let mut broken = bytes.clone();
        let end = broken.len() - 4 * at;
        broken[end..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(matches!(Map::from_bytes(&broken).unwrap_err(), Error::NotFinite { .. }), "{at}");
    }
}

#[test]
fn files_of_something_else_are_refused() {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let metric = |name: &str| Some([("metric".to_owned(), name.to_owned())].into());
    let view = |shape: &[usize]| {
        let bytes: &'static [u8] = &[0; 4096];
        TensorView::new(Dtype::F32, shape.to_vec(), &bytes[..4 * shape.iter().product::<usize>()]).unwrap()
    };
    let file = |points: &[usize], map: &[usize], name: &str| {
        serialize([("points", view(points)), ("map", view(map))], metric(name)).unwrap()
    };
    assert!(Map::from_bytes(&file(&[9, 3], &[9, 2], "euclidean")).is_ok());
    for (points, map, name) in [
        (&[9, 3][..], &[9, 2][..], "manhattan"),
        (&[9, 3], &[8, 2], "euclidean"),
        (&[9, 3], &[9, 3], "euclidean"),
        (&[9, 3], &[18], "euclidean"),
        (&[9, 0], &[9, 2], "euclidean"),
        (&[0, 3], &[0, 2], "euclidean"),
        (&[3, 3, 3], &[9, 2], "euclidean"),
    ] {
        assert!(Map::from_bytes(&file(points, map, name)).is_err(), "{points:?}, {map:?}, {name}");
    }
    let unnamed = serialize([("points", view(&[9, 3])), ("map", view(&[9, 2]))], None).unwrap();
    assert!(Map::from_bytes(&unnamed).unwrap_err().to_string().contains("metric"));
    assert!(Map::from_bytes(&serialize([("points", view(&[9, 3]))], metric("euclidean")).unwrap()).is_err());
    assert!(Map::from_bytes(&serialize([("map", view(&[9, 2]))], metric("euclidean")).unwrap()).is_err());
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_bytes_are_a_map_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Map::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_broken_byte_does_no_harm(at: prop::sample::Index, byte: u8) {
        let mut bytes = small_map(Metric::Euclidean).to_bytes().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(map) = Map::from_bytes(&bytes) {
            // Not put into the map, which may be of any width now.
            prop_assert!(is_finite(map.coordinates()));
        }
    }
}

#[test]
fn points_of_the_map_stay_where_they_are() {
    let (known, _) = part(false);
    let (new, _) = part(true);
    let known = &known[..20 * DIMENSIONS];
    // One known and one new in turn.
    let rows = known.chunks_exact(DIMENSIONS).zip(new.chunks_exact(DIMENSIONS));
    let values: Vec<f32> = rows.flat_map(|(known, new)| [known, new]).flatten().copied().collect();
    let found = MAP.transform_unless_known(&Points::new(&values, DIMENSIONS).unwrap(), 5.0).unwrap();
    let wanted = put(&new[..20 * DIMENSIONS]);
    for (at, pair) in found.chunks_exact(2).enumerate() {
        assert_eq!(pair, [MAP.coordinates()[at], wanted[at]]);
    }
    let other = MAP.transform_unless_known(&Points::new(&[1.0; 3], 3).unwrap(), 5.0).unwrap_err();
    assert!(matches!(other, Error::Dimensions { found: 3, .. }));
}
