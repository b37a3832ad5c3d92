//! Thumbnails as they lie on a picture: an image, a line of its class's colour round it, paper round that; or ink, if
//! the image is predicted wrongly.

use super::thumbnails::{self, Area, Thumbnail};
use super::{Map, MapImages};
use crate::palette;
use crate::picture::{Colour, INK, PAPER, Picture};
use crate::thumbnail;

/// Sides of an image, at least and at most.
const SMALLEST: usize = 48;
const LARGEST: usize = 64;

/// Widths of the line and of the paper round it.
const LINE: usize = 3;
const HALO: usize = 2;

/// The thumbnails of a map.
#[derive(Default)]
pub(super) struct Cards {
    chosen: Vec<Thumbnail>,
    /// Columns and rows of an image.
    sample: (usize, usize),
    /// Columns and rows of a card.
    size: (usize, usize),
    /// Whether images are grey on black, which looks best on paper when turned round.
    negative: bool,
}

impl Cards {
    /// For points at their places on the picture.
    pub(super) fn new(map: &Map, images: MapImages, places: &[[f32; 2]], area: Area) -> Self {
        let sample = thumbnail::size(images.shape, SMALLEST, LARGEST);
        let around = 2 * (LINE + HALO);
        let size = (sample.0 + around, sample.1 + around);
        let chosen = thumbnails::choose(map, places, area, size);
        let negative = images.shape.channels < 3 && is_dark(map, &chosen);
        Self { chosen, sample, size, negative }
    }

    /// Whether a card covers a place or comes within `reach` of it, in columns and rows.
    pub(super) fn cover(&self, [x, y]: [f32; 2], reach: (f32, f32)) -> bool {
        let near = |place: f32, corner: usize, size: usize, reach: f32| {
            (corner as f32 - reach..(corner + size) as f32 + reach).contains(&place)
        };
        self.chosen.iter().any(|Thumbnail { corner, .. }| {
            near(x, corner.0, self.size.0, reach.0) && near(y, corner.1, self.size.1, reach.1)
        })
    }

    pub(super) fn draw(&self, picture: &mut Picture, map: &Map) {
        let Some(MapImages { shape, .. }) = map.images else { return };
        for &Thumbnail { point, corner } in &self.chosen {
            let Some(image) = map.image(point) else { continue };
            let inside = |by: usize| (corner.0 + by, corner.1 + by);
            let frame = (self.sample.0 + 2 * LINE, self.sample.1 + 2 * LINE);
            picture.fill(corner, self.size, if map.is_mistake(point) { INK } else { PAPER });
            picture.fill(inside(HALO), frame, palette::colour(map.class(point)));
            let shown = |colour| if self.negative { on_paper(colour) } else { colour };
            let pixels = thumbnail::scaled(shape, image, self.sample).map(shown);
            picture.paste(inside(HALO + LINE), self.sample.0, pixels);
        }
    }
}

/// A shade of grey as ink on paper, where black is paper and white is ink.
fn on_paper(colour: Colour) -> Colour {
    std::array::from_fn(|channel| {
        let (paper, ink) = (f32::from(PAPER[channel]), f32::from(INK[channel]));
        (paper + (ink - paper) * f32::from(colour[channel]) / 255.0).round() as u8
    })
}

/// Whether the middle one of all pixels is close to black.
fn is_dark(map: &Map, chosen: &[Thumbnail]) -> bool {
    let pixels = || chosen.iter().filter_map(|thumbnail| map.image(thumbnail.point)).flatten();
    2 * pixels().filter(|&&value| value < 48).count() > pixels().count()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Drawn, GREY};
    use super::*;

    #[test]
    fn light_on_dark_becomes_ink_on_paper() {
        assert_eq!([on_paper([0; 3]), on_paper([255; 3])], [PAPER, INK]);
        let mut drawn = Drawn::new(2, 1, GREY);
        let negative = |drawn: &Drawn| {
            drawn.with_map(|map| is_dark(&map, &[0, 1].map(|point| Thumbnail { point, corner: (0, 0) })))
        };
        assert!(!negative(&drawn));
        drawn.pixels[0].fill(0);
        drawn.pixels[1][..100].fill(3);
        assert!(negative(&drawn));
    }

    #[test]
    fn a_card_covers_what_lies_under_it() {
        let chosen = vec![Thumbnail { point: 0, corner: (10, 20) }];
        let cards = Cards { chosen, size: (30, 40), ..Cards::default() };
        for (place, covered) in [([25.0, 40.0], true), ([6.0, 40.0], true), ([4.0, 40.0], false), ([25.0, 62.0], false)]
        {
            assert_eq!(cards.cover(place, (5.0, 1.0)), covered, "{place:?}");
        }
    }
}
