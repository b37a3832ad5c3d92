//! A confusion matrix: a row for each class, a column for each class that its images were taken for.

use crate::names;
use crate::picture::{Colour, FAINT_INK, INK, PAPER, Picture};
use crate::text::{ELLIPSIS, Style, is_drawn};

const MARGIN: usize = 24;
const GAP: usize = 2;
const LONGEST_NAME: usize = 16;
/// With more classes cells are small, and there are no words.
const MOST_NAMED: usize = 60;
const SMALL: usize = 8;

/// What a full cell is filled with: where the class is right, and where it is not.
const RIGHT: Colour = [38, 84, 138];
const WRONG: Colour = [176, 64, 26];

/// Draws how many images of each true class (outer) were taken for each class (inner).
pub fn draw(class_names: &[String], confusion: &[Vec<u64>]) -> Picture {
    let classes = confusion.len();
    let (name, note) = (Style::body(INK), Style::body(FAINT_INK));
    let names: Vec<String> = if classes > MOST_NAMED {
        Vec::new()
    } else {
        let short = names::distinct(class_names, LONGEST_NAME, ELLIPSIS, is_drawn);
        short.iter().enumerate().map(|(class, name)| format!("{name} {class:>2}")).collect()
    };
    let widest = confusion.iter().flatten().map(|count| name.width(&count.to_string())).max().unwrap_or(0);
    let cell = if names.is_empty() { SMALL } else { widest.max(name.line_height()) + 12 };
    let left = MARGIN + names.iter().map(|words| name.width(words) + 12).max().unwrap_or(0);
    let top = MARGIN + if names.is_empty() { 0 } else { 2 * name.line_height() + 12 };
    let end = classes * cell;
    let heading = "columns: predicted";
    let width = (left + end).max(left + note.width(heading)) + MARGIN;
    let mut picture = Picture::new(width, top + end + MARGIN, PAPER);

    if !names.is_empty() {
        note.draw(&mut picture, left, MARGIN, heading);
    }
    let middle = |place: usize, size: usize| place + (cell - GAP).saturating_sub(size) / 2;
    for (class, words) in names.iter().enumerate() {
        let (column, row) = (left + class * cell, top + class * cell);
        name.draw(&mut picture, left - 12 - name.width(words), middle(row, name.line_height()), words);
        let number = class.to_string();
        note.draw(&mut picture, middle(column, note.width(&number)), MARGIN + name.line_height() + 6, &number);
    }
    for (class, counts) in confusion.iter().enumerate() {
        let all = counts.iter().sum::<u64>().max(1);
        for (predicted, &count) in counts.iter().enumerate() {
            let corner = (left + predicted * cell, top + class * cell);
            let share = count as f64 / all as f64;
            // Mistakes are few: a tenth of a class is a full cell.
            let (full, strength) =
                if class == predicted { (RIGHT, share) } else { (WRONG, (share * 10.0).min(1.0).sqrt()) };
            picture.fill(corner, (cell - GAP, cell - GAP), mixed(full, strength));
            if count > 0 && !names.is_empty() {
                let words = count.to_string();
                let ink = Style::body(if strength > 0.5 { PAPER } else { INK });
                let place = (middle(corner.0, ink.width(&words)), middle(corner.1, ink.line_height()));
                ink.draw(&mut picture, place.0, place.1, &words);
            }
        }
    }
    picture
}

/// White with so much of a colour, from 0 to 1.
fn mixed(colour: Colour, strength: f64) -> Colour {
    colour.map(|channel| (255.0 - (255.0 - f64::from(channel)) * strength) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours(picture: &Picture) -> Vec<Colour> {
        (0..picture.height()).flat_map(|y| (0..picture.width()).filter_map(move |x| picture.get(x, y))).collect()
    }

    #[test]
    fn what_is_right_and_what_is_wrong_have_their_colours() {
        let names = ["cat".to_owned(), "dog".to_owned()];
        let found = |confusion: [[u64; 2]; 2], colour: Colour| {
            colours(&draw(&names, &confusion.map(|row| row.to_vec()))).contains(&colour)
        };
        assert!(found([[5, 0], [0, 7]], RIGHT) && !found([[5, 0], [0, 7]], WRONG));
        assert!(found([[0, 5], [7, 0]], WRONG) && !found([[0, 5], [7, 0]], RIGHT));
    }

    #[test]
    fn no_class_and_very_many_have_a_picture_too() {
        assert!(draw(&[], &[]).width() > 0);
        let names: Vec<String> = (0..256).map(|class| format!("class {class}")).collect();
        let picture = draw(&names, &vec![vec![1; 256]; 256]);
        assert!(picture.width() < 2200 && picture.height() < 2200);
    }
}
