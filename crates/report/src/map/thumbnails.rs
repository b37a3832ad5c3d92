//! Which images stand on a map, and where, so that they speak for their neighbourhood and none covers another.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::Map;

/// Points of a class in a cell that are too few to be shown, as a part of all points: on a large map they are strays.
const FEW: usize = 10_000;

/// An image on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thumbnail {
    pub point: usize,
    /// Top left corner of its card.
    pub corner: (usize, usize),
}

/// Where thumbnails may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    /// First column and row.
    pub corner: (usize, usize),
    /// Columns and rows.
    pub size: (usize, usize),
    /// From the edge of one card to the edge of the next, at least.
    pub gap: usize,
}

impl Area {
    /// The corner of a card whose middle is at a place, moved inside where it stands out.
    fn corner_of(&self, [x, y]: [f32; 2], card: (usize, usize)) -> (usize, usize) {
        let inside = |place: f32, first: usize, size: usize, card: usize| {
            let corner = (place - card as f32 / 2.0).round().max(0.0) as usize;
            corner.clamp(first, first + size.saturating_sub(card))
        };
        (inside(x, self.corner.0, self.size.0, card.0), inside(y, self.corner.1, self.size.1, card.1))
    }

    fn are_apart(&self, a: (usize, usize), b: (usize, usize), card: (usize, usize)) -> bool {
        a.0.abs_diff(b.0) >= card.0 + self.gap || a.1.abs_diff(b.1) >= card.1 + self.gap
    }
}

/// Chooses thumbnails, of whose cards the columns and rows are given, for points at their places on the picture.
///
/// The map is cut into cells of a card's size. Of each class in a cell the image most like their mean is proposed; classes
/// that have most points in their cell are heard first, those that have very few not at all.
pub(super) fn choose(map: &Map, places: &[[f32; 2]], area: Area, card: (usize, usize)) -> Vec<Thumbnail> {
    let cell = |[x, y]: [f32; 2]| (x as usize / card.0.max(1), y as usize / card.1.max(1));
    let mut members: HashMap<_, Vec<usize>> = HashMap::new();
    for (point, &place) in places.iter().enumerate().filter(|&(point, _)| map.image(point).is_some()) {
        members.entry((cell(place), map.class(point))).or_default().push(point);
    }
    let mut groups: Vec<_> = members.into_iter().collect();
    groups.sort_by_key(|(key, points)| (Reverse(points.len()), *key));

    let mut chosen: Vec<Thumbnail> = Vec::new();
    for (_, points) in groups.into_iter().filter(|(_, points)| points.len() * FEW >= places.len()) {
        let Some(point) = most_typical(map, &points) else { continue };
        let corner = area.corner_of(places[point], card);
        if chosen.iter().all(|other| area.are_apart(other.corner, corner, card)) {
            chosen.push(Thumbnail { point, corner });
        }
    }
    chosen
}

/// The point whose image is nearest to the mean image of all.
fn most_typical(map: &Map, points: &[usize]) -> Option<usize> {
    let images = || points.iter().filter_map(|&point| map.image(point));
    let mut mean = vec![0.0_f32; map.images?.shape.len()];
    for image in images() {
        mean.iter_mut().zip(image).for_each(|(sum, &value)| *sum += f32::from(value) / points.len() as f32);
    }
    let distance = |image: &[u8]| -> f32 { mean.iter().zip(image).map(|(m, &v)| (m - f32::from(v)).powi(2)).sum() };
    let distances = images().map(distance);
    points.iter().copied().zip(distances).min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(point, _)| point)
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;

    use super::super::testing::{Drawn, GREY};
    use super::*;

    #[test]
    fn no_thumbnail_covers_another() {
        for (count, card, gap) in [(1, 62, 40), (900, 62, 0), (900, 20, 5), (3000, 40, 60)] {
            let drawn = Drawn::new(count, 4, GREY);
            let places: Vec<[f32; 2]> =
                drawn.coordinates.iter().map(|&[x, y]| [500.0 + 12.0 * x, 500.0 + 12.0 * y]).collect();
            let area = Area { corner: (30, 40), size: (900, 920), gap };
            let chosen = drawn.with_map(|map| choose(&map, &places, area, (card, card + 7)));
            assert!(!chosen.is_empty() && (count < 900 || chosen.len() > 20), "{count}: {}", chosen.len());
            let mut taken = vec![false; 1000 * 1000];
            for Thumbnail { corner, .. } in chosen {
                assert!(corner.0 >= 30 && corner.0 + card <= 930 && corner.1 >= 40 && corner.1 + card + 7 <= 960);
                for (x, y) in (0..card).flat_map(|x| (0..card + 7).map(move |y| (corner.0 + x, corner.1 + y))) {
                    assert!(!std::mem::replace(&mut taken[y * 1000 + x], true), "two at {x}, {y}");
                }
            }
        }
    }

    #[test]
    fn a_neighbourhood_is_shown_by_its_most_typical_image() {
        let mut drawn = Drawn::new(5, 1, ImageShape { height: 1, width: 1, channels: 1 });
        drawn.pixels = [0, 90, 100, 110, 255].map(|value| vec![value]).to_vec();
        let area = Area { corner: (0, 0), size: (100, 100), gap: 0 };
        let chosen = drawn.with_map(|map| choose(&map, &[[20.0; 2]; 5], area, (50, 50)));
        assert_eq!(chosen, [Thumbnail { point: 3, corner: (0, 0) }]);
    }
}
