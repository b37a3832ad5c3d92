//! A picture, and beside it what a network sees of it.

use modiste_data::ImageShape;

use crate::picture::{FAINT_INK, INK, PAPER, Picture};
use crate::text::Style;
use crate::thumbnail;

/// Pixels of the longer side of each, at least and at most.
const SIDE: (usize, usize) = (320, 480);
/// Around and between everything.
const GAP: usize = 24;

/// A picture and what was made of it. Images are bytes `[height, width, channels]`.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// As it was brought.
    pub original: (ImageShape, &'a [u8]),
    /// As the network sees it.
    pub image: (ImageShape, &'a [u8]),
    /// `shoe.png`
    pub title: &'a str,
    /// `inverted, cropped to the object and centred`
    pub subtitle: &'a str,
}

impl Seen<'_> {
    /// The original at the left, what the network sees at the right.
    pub fn draw(&self) -> Picture {
        let (title, subtitle) = (Style::title(INK), Style::subtitle(FAINT_INK));
        let images = [self.original, self.image];
        let sizes = images.map(|(shape, _)| thumbnail::size(shape, SIDE.0, SIDE.1));
        let top = GAP + title.line_height() + subtitle.line_height() + GAP;
        let columns = sizes.iter().map(|(width, _)| width + GAP).sum::<usize>() + GAP;
        let words = title.width(self.title).max(subtitle.width(self.subtitle)) + 2 * GAP;
        let rows = sizes.iter().map(|&(_, height)| height).max().unwrap_or(0);
        let mut picture = Picture::new(columns.max(words), top + rows + GAP, PAPER);
        title.draw(&mut picture, GAP, GAP, self.title);
        subtitle.draw(&mut picture, GAP, GAP + title.line_height(), self.subtitle);
        let mut left = GAP;
        for ((shape, image), size) in images.into_iter().zip(sizes) {
            picture.paste((left, top), size.0, thumbnail::scaled(shape, image, size));
            left += size.0 + GAP;
        }
        picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_stands_left_of_what_is_seen() {
        let grey = ImageShape { height: 1, width: 1, channels: 1 };
        let colour = ImageShape { channels: 3, ..grey };
        let seen = Seen { original: (colour, &[255, 0, 0]), image: (grey, &[9]), title: "a.png", subtitle: "grey" };
        let picture = seen.draw();
        let row = picture.height() - GAP - 1;
        assert_eq!(picture.get(GAP, row), Some([255, 0, 0]));
        assert_eq!(picture.get(GAP + 320 + GAP, row), Some([9; 3]));
        assert_eq!(picture.get(GAP + 320, row), Some(PAPER));
    }
}
