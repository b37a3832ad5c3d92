//! A map as one picture: every point in the colour of its class, and some of the images themselves.

use super::cards::Cards;
use super::legend::Legend;
use super::mark::Mark;
use super::thumbnails::Area;
use super::{Map, scatter};
use crate::names::shortened;
use crate::palette;
use crate::picture::{Colour, FAINT_INK, INK, PAPER, Picture};
use crate::text::{ELLIPSIS, Style};

const WIDTH: usize = 2000;
const MARGIN: usize = 40;

/// From the edge of the map to the outermost points.
const PADDING: usize = 40;

/// How far the number of a class reaches from its middle, in columns and rows.
const REACH: (f32, f32) = (7.0, 9.0);

/// From card to card of the images among numbers, and among dots: where there are so many points that they show shapes
/// of their own, images keep out of their way.
const GAPS: (usize, usize) = (36, 90);

/// Draws a map: title, legend, points, and thumbnails, none of which covers another.
///
/// Both axes have the same scale. A point predicted wrongly has a ring round it.
pub fn draw(map: &Map) -> Picture {
    let (title, subtitle) = (Style::title(INK), Style::subtitle(FAINT_INK));
    let legend = Legend::new(map, WIDTH - 2 * MARGIN);
    let subtitle_top = MARGIN + title.line_height() + 8;
    let legend_top = subtitle_top + subtitle.line_height() + 28;
    let ground = Ground::new(map.coordinates, legend_top + legend.height());
    let mut picture = Picture::new(WIDTH, ground.top + ground.size.1 + MARGIN, PAPER);

    let fitting = |style: &Style, words: &str| shortened(words, (WIDTH - 2 * MARGIN) / style.width("m"), ELLIPSIS);
    title.draw(&mut picture, MARGIN, MARGIN, &fitting(&title, map.title));
    subtitle.draw(&mut picture, MARGIN, subtitle_top, &fitting(&subtitle, map.subtitle));
    let mark = Mark::of(map);
    legend.draw(&mut picture, (MARGIN, legend_top), mark);

    let places = ground.places(map.coordinates);
    let gap = if mark == Mark::Number { GAPS.0 } else { GAPS.1 };
    let area = Area { corner: (MARGIN, ground.top), size: ground.size, gap };
    let cards = map.images.map(|images| Cards::new(map, images, &places, area)).unwrap_or_default();
    match mark {
        Mark::Dot => draw_dots(&mut picture, map, &places),
        Mark::Number => draw_numbers(&mut picture, map, &places, &cards),
    }
    cards.draw(&mut picture, map);
    picture
}

/// Where on the picture the map lies.
struct Ground {
    top: usize,
    /// Columns and rows.
    size: (usize, usize),
    /// The coordinates of its middle.
    middle: [f32; 2],
    /// Pixels for each unit of the coordinates.
    scale: f32,
}

impl Ground {
    /// As high as the map needs, at least half and at most all of its width.
    fn new(coordinates: &[[f32; 2]], top: usize) -> Self {
        let [(left, right), (bottom, upper)] = [0, 1].map(|axis| {
            let along = || coordinates.iter().map(|place| place[axis]);
            (along().fold(f32::INFINITY, f32::min), along().fold(f32::NEG_INFINITY, f32::max))
        });
        // Points that all lie at one place have no extent; any finite scale does, as they come to lie in the middle.
        let extent = [right - left, upper - bottom].map(|extent| extent.max(1e-30));
        let width = WIDTH - 2 * MARGIN;
        let room = |pixels: usize| (pixels - 2 * PADDING) as f32;
        let needed = room(width) * (extent[1] / extent[0]).min(1.0);
        let height = (needed as usize + 2 * PADDING).clamp(width / 2, width);
        let scale = (room(width) / extent[0]).min(room(height) / extent[1]);
        Self { top, size: (width, height), middle: [(left + right) / 2.0, (bottom + upper) / 2.0], scale }
    }

    /// Where on the picture the points are; the second coordinate grows upwards.
    fn places(&self, coordinates: &[[f32; 2]]) -> Vec<[f32; 2]> {
        let (x, y) = (MARGIN as f32 + self.size.0 as f32 / 2.0, self.top as f32 + self.size.1 as f32 / 2.0);
        let along = |axis: usize, place: &[f32; 2]| (place[axis] - self.middle[axis]) * self.scale;
        coordinates.iter().map(|place| [x + along(0, place), y - along(1, place)]).collect()
    }
}

fn draw_dots(picture: &mut Picture, map: &Map, places: &[[f32; 2]]) {
    let colours: Vec<Colour> = (0..map.len()).map(|point| palette::colour(map.class(point))).collect();
    scatter::draw(picture, places, &colours);
    for (_, &place) in places.iter().enumerate().filter(|&(point, _)| map.is_mistake(point)) {
        Mark::Dot.draw_mistake(picture, place);
    }
}

/// Numbers that a card would cut are left out.
fn draw_numbers(picture: &mut Picture, map: &Map, places: &[[f32; 2]], cards: &Cards) {
    for (point, &place) in places.iter().enumerate().filter(|&(_, &place)| !cards.cover(place, REACH)) {
        if let Some(class) = map.class(point) {
            Mark::draw_number(picture, place, class);
        }
        if map.is_mistake(point) {
            Mark::Number.draw_mistake(picture, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use modiste_data::ImageShape;

    use super::super::testing::{Drawn, GREY};
    use super::*;

    fn colours(picture: &Picture, rows: std::ops::Range<usize>) -> HashSet<Colour> {
        rows.flat_map(|y| (0..picture.width()).filter_map(move |x| picture.get(x, y))).collect()
    }

    #[test]
    fn every_class_is_seen_on_the_map_and_in_the_legend() {
        for (count, classes) in [(400, 10), (4000, 10), (4000, 30)] {
            let drawn = Drawn::new(count, classes, GREY);
            let picture = drawn.with_map(|map| draw(&Map { images: None, predicted: None, ..map }));
            let (above, below) = (colours(&picture, 0..350), colours(&picture, 350..picture.height()));
            for class in 0..classes as u8 {
                let colour = palette::colour(Some(class));
                assert!(above.contains(&colour), "class {class} of {classes}, legend");
                // A dot lets a little of the paper through.
                let close = |seen: &Colour| (0..3).all(|channel| seen[channel].abs_diff(colour[channel]) < 40);
                assert!(below.iter().any(close), "class {class} of {classes}, {count} points");
            }
        }
    }

    #[test]
    fn thumbnails_show_their_images_in_frames() {
        let mut drawn = Drawn::new(1, 1, ImageShape { height: 2, width: 2, channels: 3 });
        drawn.pixels = vec![vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]];
        drawn.predicted = vec![0];
        drawn.with_map(|map| {
            let picture = draw(&map);
            let ground = Ground::new(map.coordinates, picture.height() - MARGIN - (WIDTH - 2 * MARGIN));
            let [x, y] = ground.places(map.coordinates)[0].map(|place| place as usize);
            assert_eq!((x, y), (WIDTH / 2, picture.height() - MARGIN - (WIDTH - 2 * MARGIN) / 2));
            let seen = |dx: isize, dy: isize| {
                picture.get(x.checked_add_signed(dx).unwrap(), y.checked_add_signed(dy).unwrap())
            };
            assert_eq!([seen(-5, -5), seen(5, -5)], [Some([255, 0, 0]), Some([0, 255, 0])]);
            assert_eq!([seen(-23, 23), seen(5, 5)], [Some([0, 0, 255]), Some([9; 3])]);
            assert_eq!([seen(-25, 0), seen(-28, 0)], [Some(palette::colour(Some(0))), Some(PAPER)]);
            let mistake = draw(&Map { predicted: Some(&[1]), ..map });
            assert_eq!([x - 25, x - 28].map(|x| mistake.get(x, y)), [Some(palette::colour(Some(0))), Some(INK)]);
        });
    }

    #[test]
    fn mistakes_are_ringed() {
        let drawn = Drawn::new(50, 2, GREY);
        let ink = |predicted: &[u8]| {
            let picture = drawn.with_map(|map| draw(&Map { images: None, predicted: Some(predicted), ..map }));
            (200..picture.height())
                .flat_map(|y| (0..WIDTH).map(move |x| (x, y)))
                .filter(|&(x, y)| picture.get(x, y) == Some(INK))
                .count()
        };
        assert_eq!(ink(&drawn.labels), 0);
        assert!(ink(&drawn.predicted) > 8 * 30);
    }

    #[test]
    fn odd_maps_have_a_picture_too() {
        let shape = |height, width, channels| ImageShape { height, width, channels };
        for (count, shape) in
            [(0, GREY), (1, shape(1, 1, 1)), (30, shape(3, 900, 2)), (3000, shape(64, 64, 4)), (9, shape(0, 5, 1))]
        {
            let drawn = Drawn::new(count, 200, shape);
            let one_place = vec![[7e3, -2e-5]; count];
            let line: Vec<[f32; 2]> = (0..count).map(|point| [0.0, point as f32 * 1e30]).collect();
            drawn.with_map(|map| {
                for coordinates in [map.coordinates, &one_place, &line] {
                    for (labels, predicted, images) in
                        [(map.labels, map.predicted, map.images), (None, map.predicted, None), (None, None, map.images)]
                    {
                        let long = "long ".repeat(100);
                        let picture = draw(&Map { title: &long, coordinates, labels, predicted, images, ..map });
                        assert!(picture.width() == WIDTH && picture.height() < 3000, "{shape:?}");
                    }
                }
            });
        }
    }
}
