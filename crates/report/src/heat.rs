//! What decided for a class, laid over the image that it was decided of.

use modiste_data::ImageShape;

use crate::picture::{Colour, FAINT_INK, INK, PAPER, Picture};
use crate::text::Style;
use crate::thumbnail;

/// Pixels of the longer side of the image, at least and at most.
const SIDE: (usize, usize) = (320, 480);
/// Around and between everything.
const GAP: usize = 24;
/// Columns of the colour bar.
const BAR: usize = 20;
/// Columns for the numbers beside it.
const NUMBERS: usize = 96;
/// What speaks for the class, and what speaks against it: told apart by those who do not tell red from green.
const FOR: Colour = [213, 94, 0];
const AGAINST: Colour = [0, 114, 178];
/// The most of the image that colour covers.
const LARGEST_OPACITY: f32 = 200.0;

/// An image and what its pixels do for its class.
#[derive(Clone, Copy, Debug)]
pub struct Heat<'a> {
    /// Of the image.
    pub shape: ImageShape,
    /// Its bytes, `[height, width, channels]`.
    pub image: &'a [u8],
    /// What hiding each pixel takes from the class, `[height, width]`, in nats of log-odds.
    pub importance: &'a [f32],
    /// `Ankle boot, 0.987`
    pub title: &'a str,
    /// `shoe.png`
    pub subtitle: &'a str,
}

impl Heat<'_> {
    /// The image, and beside it the same with what decides in colour, and a bar that says what the colours are worth.
    pub fn draw(&self) -> Picture {
        let (title, subtitle, body) = (Style::title(INK), Style::subtitle(FAINT_INK), Style::body(INK));
        let (width, height) = thumbnail::size(self.shape, SIDE.0, SIDE.1);
        let top = GAP + title.line_height() + subtitle.line_height() + GAP;
        let columns = 2 * (GAP + width) + GAP + BAR + NUMBERS;
        let words = title.width(self.title).max(subtitle.width(self.subtitle)) + 2 * GAP;
        let mut picture = Picture::new(columns.max(words), top + height + GAP, PAPER);
        title.draw(&mut picture, GAP, GAP, self.title);
        subtitle.draw(&mut picture, GAP, GAP + title.line_height(), self.subtitle);

        let lefts = [GAP, 2 * GAP + width];
        for left in lefts {
            picture.paste((left, top), width, thumbnail::scaled(self.shape, self.image, (width, height)));
        }
        let largest = self.importance.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let pixel = y * self.shape.height / height * self.shape.width + x * self.shape.width / width;
            let (colour, opacity) = shade(self.importance[pixel], largest);
            picture.blend(lefts[1] + x, top + y, colour, opacity);
        }

        let left = lefts[1] + width + GAP;
        for y in 0..height {
            let value = largest * (1.0 - 2.0 * y as f32 / (height.max(2) - 1) as f32);
            let (colour, opacity) = shade(value, largest);
            picture.fill((left, top + y), (BAR, 1), PAPER);
            (0..BAR).for_each(|x| picture.blend(left + x, top + y, colour, opacity));
        }
        let line = body.line_height();
        for (value, y) in
            [(largest, 0), (0.0, (height.saturating_sub(line)) / 2), (-largest, height.saturating_sub(line))]
        {
            body.draw(&mut picture, left + BAR + 8, top + y, &format!("{value:+.1}"));
        }
        picture
    }
}

/// The colour of a value, and how much of the image it covers.
fn shade(value: f32, largest: f32) -> (Colour, u8) {
    let share = if largest > 0.0 { value.abs() / largest } else { 0.0 };
    (if value >= 0.0 { FOR } else { AGAINST }, (LARGEST_OPACITY * share) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_is_coloured_and_the_image_beside_it_is_not() {
        let shape = ImageShape { height: 2, width: 2, channels: 1 };
        let heat =
            Heat { shape, image: &[0, 100, 200, 255], importance: &[4.0, 0.0, 0.0, -4.0], title: "a", subtitle: "b" };
        let picture = heat.draw();
        let top = picture.height() - GAP - 320;
        let (plain, over) =
            (|x, y| picture.get(GAP + x, top + y).unwrap(), |x, y| picture.get(2 * GAP + 320 + x, top + y).unwrap());
        assert_eq!((plain(0, 0), plain(319, 0)), ([0; 3], [100; 3]));
        assert!(over(0, 0)[0] > 100 && over(0, 0)[2] == 0, "{:?}", over(0, 0));
        assert_eq!(over(319, 0), [100; 3]);
        assert!(over(319, 319)[2] > over(319, 319)[0]);
    }

    #[test]
    fn nothing_decides_where_nothing_changes() {
        let shape = ImageShape { height: 1, width: 3, channels: 3 };
        Heat { shape, image: &[7; 9], importance: &[0.0; 3], title: "", subtitle: "" }.draw();
    }
}
