//! Images that a network is wrong about, each with its class and what it was taken for.

use modiste_data::ImageShape;

use crate::names;
use crate::picture::{FAINT_INK, INK, PAPER, Picture};
use crate::text::{ELLIPSIS, Style, is_drawn};
use crate::thumbnail;

const COLUMNS: usize = 4;
const MARGIN: usize = 24;
const GAP: usize = 24;
const SMALLEST: usize = 84;
const LARGEST: usize = 128;
const LONGEST_NAME: usize = 16;

/// An image that was taken for another class than its own.
#[derive(Clone, Copy, Debug)]
pub struct Mistake<'a> {
    /// Its pixels.
    pub image: &'a [u8],
    /// Its class.
    pub truth: usize,
    /// What it was taken for.
    pub predicted: usize,
    /// The probability of that, from 0 to 1.
    pub confidence: f64,
}

/// Draws these, in their order; without any, a word that there are none.
pub fn draw(shape: ImageShape, class_names: &[String], mistakes: &[Mistake<'_>]) -> Picture {
    let (name, note) = (Style::body(INK), Style::body(FAINT_INK));
    let names = names::distinct(class_names, LONGEST_NAME, ELLIPSIS, is_drawn);
    let called = |class: usize| names.get(class).map_or_else(|| class.to_string(), Clone::clone);
    let words: Vec<[String; 2]> = mistakes
        .iter()
        .map(|mistake| {
            let taken = format!("taken for {} {:.0}%", called(mistake.predicted), mistake.confidence * 100.0);
            [called(mistake.truth), taken]
        })
        .collect();
    let none = "no mistake";
    let widest = words.iter().flatten().map(|words| name.width(words)).max().unwrap_or(name.width(none));
    let sample = thumbnail::size(shape, SMALLEST, LARGEST);
    let (width, line) = (widest.max(sample.0), name.line_height());
    let height = sample.1 + 6 + 2 * line;
    let columns = mistakes.len().clamp(1, COLUMNS);
    let rows = mistakes.len().div_ceil(columns).max(1);
    let side = |count: usize, size: usize| 2 * MARGIN + count * size + (count - 1) * GAP;
    let mut picture = Picture::new(side(columns, width), side(rows, height), PAPER);

    if mistakes.is_empty() {
        note.draw(&mut picture, MARGIN, MARGIN, none);
    }
    for (place, (mistake, [truth, taken])) in mistakes.iter().zip(&words).enumerate() {
        let (left, top) = (MARGIN + place % columns * (width + GAP), MARGIN + place / columns * (height + GAP));
        picture.paste((left, top), sample.0, thumbnail::scaled(shape, mistake.image, sample));
        name.draw(&mut picture, left, top + sample.1 + 6, truth);
        note.draw(&mut picture, left, top + sample.1 + 6 + line, taken);
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { height: 28, width: 28, channels: 1 };

    #[test]
    fn each_image_is_there_with_its_words() {
        let names = ["bag".to_owned(), "boot".to_owned()];
        let images: Vec<Vec<u8>> = (0..6).map(|grey| vec![grey * 40; SHAPE.len()]).collect();
        let mistake = |image| Mistake { image, truth: 0, predicted: 1, confidence: 0.987 };
        let mistakes: Vec<_> = images.iter().map(|image| mistake(image)).collect();
        let picture = draw(SHAPE, &names, &mistakes);
        let pixels = |grey: u8| {
            let columns = |y| (0..picture.width()).filter(move |&x| (x, y) != (0, 0));
            (0..picture.height())
                .flat_map(|y| columns(y).map(move |x| (x, y)))
                .filter(|&(x, y)| picture.get(x, y) == Some([grey; 3]))
                .count()
        };
        for grey in 0..6 {
            assert!(pixels(grey * 40) >= 84 * 84, "{grey}");
        }
    }

    #[test]
    fn where_nothing_is_wrong_that_is_said() {
        let picture = draw(SHAPE, &[], &[]);
        let ink = (0..picture.width()).filter(|&x| (0..picture.height()).any(|y| picture.get(x, y) != Some(PAPER)));
        assert!(ink.count() > 30);
    }
}
