//! A confusion matrix: true classes down, predicted classes across.

use plotters::prelude::{DrawingBackend, IntoFont, Rectangle, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::area::{Area, Drawn, rgb};
use crate::names;
use crate::palette::{LINES, mixed};
use crate::picture::{Colour, INK};

/// Characters of the name of a class.
const LONGEST_NAME: usize = 16;
const CHARACTER: i32 = 18;
const LINE: i32 = 44;
const MARGIN: i32 = 16;

/// A confusion matrix.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) classes: Vec<String>,
    /// `[true class][predicted class]`
    pub(crate) confusion: Vec<Vec<u64>>,
}

/// How strong the colour of a cell is, from 0 to 1: of right ones as their share of the class, of wrong ones full from a tenth on.
pub(crate) fn strength(share: f64, is_right: bool) -> f64 {
    if is_right { share } else { (share * 10.0).min(1.0).sqrt() }
}

/// The colour of a cell: blue where it is right, orange where it is wrong.
fn shade(share: f64, is_right: bool) -> Colour {
    mixed([255; 3], LINES[usize::from(!is_right)], strength(share, is_right) as f32)
}

/// Whether words on this colour are white, or else black: the one with more contrast.
pub(crate) fn is_dark(colour: Colour) -> bool {
    let [red, green, blue] = colour.map(crate::palette::to_linear);
    let light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    // Contrasts as WCAG 2 has them: 1.05 / (light + 0.05) and (light + 0.05) / 0.05.
    (light + 0.05) * (light + 0.05) < 1.05 * 0.05
}

impl Matrix {
    /// Columns and rows of a cell.
    fn cell(&self) -> i32 {
        let digits = self.confusion.iter().flatten().max().map_or(1, |most| most.to_string().len()) as i32;
        if self.shows_counts() { (digits * CHARACTER + 16).max(LINE + 16) } else { LINE }
    }

    /// Whether there is room for numbers: not of very many classes.
    fn shows_counts(&self) -> bool {
        self.classes.len() <= 30
    }

    fn names(&self) -> Vec<String> {
        let short = names::distinct(&self.classes, LONGEST_NAME, "…", |character| !character.is_control());
        short.into_iter().enumerate().map(|(class, name)| format!("{class}  {name}")).collect()
    }

    fn left(&self) -> i32 {
        let longest = self.names().iter().map(|name| name.chars().count()).max().unwrap_or(0) as i32;
        2 * MARGIN + longest * CHARACTER
    }

    pub(super) fn size(&self) -> (u32, u32) {
        let side = self.cell() * self.classes.len() as i32;
        let width = (self.left() + side).max(self.left() + 16 * CHARACTER) + MARGIN;
        (width as u32, (2 * LINE + MARGIN + side + MARGIN) as u32)
    }

    pub(super) fn draw<B: DrawingBackend>(&self, root: &Area<B>) -> Drawn<B> {
        let (left, top, cell) = (self.left(), 2 * LINE + MARGIN, self.cell());
        let words = |colour: Colour, h_pos| {
            ("sans-serif", 32.0).into_font().color(&rgb(colour)).pos(Pos::new(h_pos, VPos::Center))
        };
        root.draw(&Text::new("predicted class", (left, LINE / 2), words(INK, HPos::Left)))?;
        root.draw(&Text::new("true class", (MARGIN, LINE + LINE / 2), words(INK, HPos::Left)))?;
        for (class, name) in self.names().into_iter().enumerate() {
            let middle = class as i32 * cell + cell / 2;
            root.draw(&Text::new(class.to_string(), (left + middle, LINE + LINE / 2), words(INK, HPos::Center)))?;
            root.draw(&Text::new(name, (MARGIN, top + middle), words(INK, HPos::Left)))?;
        }
        for (truth, row) in self.confusion.iter().enumerate() {
            let total: u64 = row.iter().sum();
            for (guess, &count) in row.iter().enumerate() {
                let (x, y) = (left + guess as i32 * cell, top + truth as i32 * cell);
                let colour = shade(count as f64 / total.max(1) as f64, truth == guess);
                root.draw(&Rectangle::new([(x, y), (x + cell - 2, y + cell - 2)], rgb(colour).filled()))?;
                if count > 0 && self.shows_counts() {
                    let ink = if is_dark(colour) { [255; 3] } else { [0; 3] };
                    let place = (x + cell / 2, y + cell / 2);
                    root.draw(&Text::new(count.to_string(), place, words(ink, HPos::Center)))?;
                }
            }
        }
        Ok(())
    }
}
