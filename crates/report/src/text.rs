//! Words on a picture, in Noto Sans Mono, whose glyphs come drawn as shades of grey.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::picture::{Colour, Picture};

/// How words look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    weight: FontWeight,
    size: RasterHeight,
    colour: Colour,
}

impl Style {
    pub(crate) const fn title(colour: Colour) -> Self {
        Self { weight: FontWeight::Bold, size: RasterHeight::Size32, colour }
    }

    pub(crate) const fn subtitle(colour: Colour) -> Self {
        Self { weight: FontWeight::Regular, size: RasterHeight::Size24, colour }
    }

    /// On figures.
    pub(crate) const fn figure(colour: Colour) -> Self {
        Self { weight: FontWeight::Regular, size: RasterHeight::Size32, colour }
    }

    /// A short word in place of a dot.
    pub(crate) const fn mark(colour: Colour) -> Self {
        Self { weight: FontWeight::Bold, size: RasterHeight::Size24, colour }
    }

    pub(crate) const fn body(colour: Colour) -> Self {
        Self { weight: FontWeight::Regular, size: RasterHeight::Size20, colour }
    }

    /// Rows that a line of words takes.
    pub(crate) fn line_height(&self) -> usize {
        self.size.val()
    }

    /// Columns that words take.
    pub(crate) fn width(&self, words: &str) -> usize {
        words.chars().count() * get_raster_width(self.weight, self.size)
    }

    /// Draws words with their top left corner at (x, y). What the font lacks becomes a question mark.
    pub(crate) fn draw(&self, picture: &mut Picture, x: usize, y: usize, words: &str) {
        let glyph = |character| get_raster(character, self.weight, self.size);
        for (index, character) in words.chars().enumerate() {
            let Some(glyph) = glyph(character).or_else(|| glyph('?')) else { continue };
            let left = x + index * glyph.width();
            for (row, shades) in glyph.rows().enumerate() {
                for (column, &opacity) in shades.iter().enumerate() {
                    picture.blend(left + column, y + row, self.colour, opacity);
                }
            }
        }
    }
}

/// What stands for what is cut out of words: the font has no ellipsis.
pub(crate) const ELLIPSIS: &str = "...";

/// Whether the font has a character.
pub(crate) fn is_drawn(character: char) -> bool {
    get_raster(character, FontWeight::Regular, RasterHeight::Size20).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: Colour = [0, 0, 0];
    const PAPER: Colour = [255, 255, 255];

    fn drawn(words: &str) -> Picture {
        let style = Style::body(INK);
        let mut picture = Picture::new(style.width(words), style.line_height(), PAPER);
        style.draw(&mut picture, 0, 0, words);
        picture
    }

    #[test]
    fn different_letters_look_different() {
        assert_ne!(drawn("a"), drawn("b"));
        assert_eq!(drawn("\u{5927}"), drawn("?"));
        assert_eq!(drawn(" "), Picture::new(drawn(" ").width(), drawn(" ").height(), PAPER));
    }
}
