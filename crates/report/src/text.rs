//! Words on a picture: in Hack, which has Latin, Greek and Cyrillic, and in a font that the user names for what it lacks.

use std::sync::{LazyLock, OnceLock};

use ab_glyph::{Font, FontArc, GlyphId, Point, PxScale};
use thiserror::Error;

use crate::picture::{Colour, Picture};

/// Pixels of a line of words.
const TITLE: usize = 32;
const SUBTITLE: usize = 24;
const BODY: usize = 20;

static OWN: LazyLock<FontArc> = LazyLock::new(|| {
    // It comes with the program and is read whenever a test draws.
    FontArc::try_from_slice(epaint_default_fonts::HACK_REGULAR).expect("a font")
});
static ADDED: OnceLock<FontArc> = OnceLock::new();

/// What was to be a font is none.
#[derive(Debug, Error)]
#[error("it is no TrueType or OpenType font")]
pub struct NotAFont;

/// Has all pictures of this process take characters that the program's font lacks from another one, a TrueType or OpenType file.
/// The first one stays.
///
/// # Errors
/// When the bytes are no such font.
pub fn add_font(bytes: Vec<u8>) -> Result<(), NotAFont> {
    let font = FontArc::try_from_vec(bytes).map_err(|_| NotAFont)?;
    // Nothing without a height can be drawn to scale.
    if !(font.height_unscaled() > 0.0 && font.units_per_em().is_some()) {
        return Err(NotAFont);
    }
    ADDED.get_or_init(|| font);
    Ok(())
}

/// Whether a font has a character.
pub fn is_drawn(character: char) -> bool {
    find(character).is_some()
}

/// The font that has a character, and its glyph there.
fn find(character: char) -> Option<(&'static FontArc, GlyphId)> {
    let fonts = [Some(&*OWN), ADDED.get()];
    let found = |font: &'static FontArc| (font, font.glyph_id(character));
    fonts.into_iter().flatten().map(found).find(|(_, glyph)| *glyph != GlyphId(0))
}

/// What stands for what is cut out of words.
pub(crate) const ELLIPSIS: &str = "…";

/// How words look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    line_height: usize,
    colour: Colour,
}

impl Style {
    pub(crate) const fn title(colour: Colour) -> Self {
        Self { line_height: TITLE, colour }
    }

    pub(crate) const fn subtitle(colour: Colour) -> Self {
        Self { line_height: SUBTITLE, colour }
    }

    /// On figures.
    pub(crate) const fn figure(colour: Colour) -> Self {
        Self { line_height: TITLE, colour }
    }

    /// A short word in place of a dot.
    pub(crate) const fn mark(colour: Colour) -> Self {
        Self { line_height: SUBTITLE, colour }
    }

    pub(crate) const fn body(colour: Colour) -> Self {
        Self { line_height: BODY, colour }
    }

    /// Rows that a line of words takes.
    pub(crate) fn line_height(&self) -> usize {
        self.line_height
    }

    /// Columns that words take.
    pub(crate) fn width(&self, words: &str) -> usize {
        self.glyphs(words).map(|glyph| glyph.advance).sum::<f32>().ceil() as usize
    }

    /// Draws words with their top left corner at (x, y). What no font has becomes a question mark.
    pub(crate) fn draw(&self, picture: &mut Picture, x: usize, y: usize, words: &str) {
        let baseline = y as f32 + OWN.ascent_unscaled() / OWN.height_unscaled() * self.line_height as f32;
        let mut left = x as f32;
        for Glyph { font, id, scale, advance } in self.glyphs(words) {
            let place = Point { x: left, y: baseline };
            left += advance;
            let Some(outline) = font.outline_glyph(id.with_scale_and_position(scale, place)) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|column, row, opacity| {
                // What lies above or to the left of the picture is cut off, as it is below and to the right.
                let (x, y) = (corner.x as i64 + i64::from(column), corner.y as i64 + i64::from(row));
                if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
                    picture.blend(x, y, self.colour, (opacity.min(1.0) * 255.0).round() as u8);
                }
            });
        }
    }

    fn glyphs(&self, words: &str) -> impl Iterator<Item = Glyph> {
        let em = self.line_height as f32 / OWN.height_unscaled() * em(&OWN);
        words.chars().filter_map(move |character| {
            let (font, id) = find(character).or_else(|| find('?'))?;
            let to_em = em / self::em(font);
            let scale = PxScale::from(font.height_unscaled() * to_em);
            Some(Glyph { font, id, scale, advance: font.h_advance_unscaled(id) * to_em })
        })
    }
}

/// A character as it is drawn.
struct Glyph {
    font: &'static FontArc,
    id: GlyphId,
    scale: PxScale,
    /// Columns to the next one.
    advance: f32,
}

/// The units of a font that are as long as its characters are large, so that characters of two fonts are as large as each other.
fn em(font: &FontArc) -> f32 {
    font.units_per_em().unwrap_or_else(|| font.height_unscaled())
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
        for (one, other) in [("a", "b"), ("ё", "ж"), ("λ", "σ"), ("é", "e")] {
            assert_ne!(drawn(one), drawn(other));
            assert_ne!(drawn(one), drawn("?"));
        }
        assert_eq!(drawn(" "), Picture::new(drawn(" ").width(), drawn(" ").height(), PAPER));
        assert_eq!(Style::body(INK).width("mm"), Style::body(INK).width("il"));
    }

    #[test]
    fn a_font_that_is_added_has_what_the_first_one_lacks() {
        assert!(!is_drawn('🐶'));
        assert_eq!(drawn("🐶"), drawn("?"));
        let letter = drawn("a");
        assert!(add_font(b"no font".to_vec()).is_err() && add_font(Vec::new()).is_err());
        add_font(epaint_default_fonts::NOTO_EMOJI_REGULAR.to_vec()).unwrap();
        assert!(is_drawn('🐶'));
        assert_ne!(drawn("🐶"), drawn("?"));
        assert_eq!(drawn("a"), letter);
    }
}
