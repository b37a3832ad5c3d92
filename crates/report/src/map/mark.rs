//! What stands for a point on a map: a dot, or the number of its class.

use super::Map;
use crate::coverage;
use crate::palette;
use crate::picture::{INK, Picture};
use crate::text::Style;

/// Up to so many points are drawn as the number of their class, more as dots.
const MOST_NUMBERS: usize = 2500;

/// What stands for a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Dot,
    /// The number of its class.
    Number,
}

impl Mark {
    pub(super) fn of(map: &Map) -> Self {
        let classes_known = map.labels.is_some() || map.predicted.is_some();
        if classes_known && map.len() <= MOST_NUMBERS { Self::Number } else { Self::Dot }
    }

    /// The ring that says a point is a mistake.
    pub(super) fn draw_mistake(self, picture: &mut Picture, place: [f32; 2]) {
        let (radius, width) = match self {
            // So fine that many of them close together let the colours through.
            Self::Dot => (3.6, 0.4),
            Self::Number => (14.0, 1.6),
        };
        picture.shape(coverage::ring(place, radius, width), INK);
    }

    /// A number with its middle at a place.
    pub(super) fn draw_number(picture: &mut Picture, place: [f32; 2], class: u8) {
        let (style, words) = (Style::mark(palette::colour(Some(class))), class.to_string());
        let corner = |place: f32, size: usize| (place - size as f32 / 2.0).round().max(0.0) as usize;
        style.draw(picture, corner(place[0], style.width(&words)), corner(place[1], style.line_height()), &words);
    }
}
