//! The snapshot of a data set: a grid of samples, a row for each class with its name beside it.
//!
//! ```text
//! fashion-mnist
//! 60,000 training images, 28x28 grey, 10 classes
//!
//! T-shirt/top   ▣ ▣ ▣ ▣ ▣ ▣ ▣ ▣
//!               ▣ ▣ ▣ ▣ ▣ ▣ ▣ ▣
//!
//! Trouser       ▣ ▣ ▣ ▣ ▣ ▣ ▣ ▣
//! ```

use modiste_data::{ImageShape, Images};

use crate::names;
use crate::numbers::counted;
use crate::picture::{FAINT_INK, INK, PAPER, Picture};
use crate::text::{ELLIPSIS, Style, is_drawn};
use crate::thumbnail;

/// Samples of a class, side by side; a class of a few images shows all it has.
pub const COLUMNS: usize = 16;

/// Sides of a sample on the picture, at least and at most; in between it is twice its size or a whole multiple.
const SMALLEST: usize = 48;
const LARGEST: usize = 128;

const MARGIN: usize = 40;
const GAP: usize = 4;
const NAME_GAP: usize = 24;
const LONGEST_NAME: usize = 24;

/// Where things are on a snapshot of such images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// First column of the first sample.
    pub left: usize,
    /// First row of the first sample.
    pub top: usize,
    /// Columns and rows of one sample.
    pub sample: (usize, usize),
    /// From one sample to the next, in columns and rows.
    pub pitch: (usize, usize),
}

impl Layout {
    /// For images of this shape whose classes have these names.
    pub fn new(shape: ImageShape, class_names: &[String]) -> Self {
        let name = Style::body(INK);
        let widest = called(class_names).iter().map(|class| name.width(class)).max().unwrap_or(0);
        let sample = thumbnail::size(shape, SMALLEST, LARGEST);
        Self {
            left: MARGIN + widest + NAME_GAP,
            top: MARGIN + Style::title(INK).line_height() + 4 + name.line_height() + 28,
            sample,
            pitch: (sample.0 + GAP, sample.1.max(name.line_height()) + GAP),
        }
    }

    /// Top left corner of a sample.
    pub fn corner(&self, class: usize, column: usize) -> (usize, usize) {
        (self.left + column * self.pitch.0, self.top + class * self.pitch.1)
    }
}

/// Draws samples of each class, spread evenly over the set. `kind` says which images they are, as in `training`.
///
/// Images of one channel are grey, of three or more red, green and blue; pixels of two channels show the first.
pub fn draw(data: &str, kind: &str, class_names: &[String], images: &Images) -> Picture {
    let shape = images.shape();
    let layout = Layout::new(shape, class_names);
    let (title, name, note) = (Style::title(INK), Style::body(INK), Style::body(FAINT_INK));
    let caption = format!(
        "{}, {}\u{d7}{} {}, {}",
        counted(images.len() as u64, &format!("{kind} image")),
        shape.height,
        shape.width,
        if shape.channels >= 3 { "colour" } else { "grey" },
        counted(class_names.len() as u64, "class")
    );
    let grid_end = layout.corner(class_names.len(), COLUMNS);
    let words_end = MARGIN + title.width(data).max(note.width(&caption));
    let width = (grid_end.0 - GAP).max(words_end) + MARGIN;
    let mut picture = Picture::new(width, grid_end.1 - GAP + MARGIN, PAPER);

    title.draw(&mut picture, MARGIN, MARGIN, data);
    note.draw(&mut picture, MARGIN, MARGIN + title.line_height() + 4, &caption);
    for (class, class_name) in called(class_names).iter().enumerate() {
        let (left, top) = layout.corner(class, 0);
        let middle = top + (layout.pitch.1 - GAP - name.line_height()) / 2;
        name.draw(&mut picture, left - NAME_GAP - name.width(class_name), middle, class_name);
        for (column, index) in samples(images, class).into_iter().enumerate() {
            let pixels = thumbnail::scaled(shape, images.image(index), layout.sample);
            picture.paste(layout.corner(class, column), layout.sample.0, pixels);
        }
    }
    picture
}

/// What stands beside the rows of these classes.
fn called(class_names: &[String]) -> Vec<String> {
    names::distinct(class_names, LONGEST_NAME, ELLIPSIS, is_drawn)
}

/// Up to [`COLUMNS`] images of a class, spread evenly over the set.
fn samples(images: &Images, class: usize) -> Vec<usize> {
    let members: Vec<usize> = (0..images.len()).filter(|&index| usize::from(images.labels()[index]) == class).collect();
    let count = members.len().min(COLUMNS);
    (0..count).map(|sample| members[sample * members.len() / count]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every image of class c is filled with 40 c + its number within the class.
    fn set_of(shape: ImageShape, classes: usize, each: usize) -> Images {
        let labels: Vec<u8> = (0..classes * each).map(|index| (index % classes) as u8).collect();
        let fill = |index: usize| (40 * (index % classes) + index / classes) as u8;
        let pixels = (0..labels.len()).flat_map(|index| vec![fill(index); shape.len()]).collect();
        Images::new(shape, pixels, labels, classes).unwrap()
    }

    fn names(classes: usize) -> Vec<String> {
        (0..classes).map(|class| format!("class {class}")).collect()
    }

    #[test]
    fn a_row_holds_images_of_its_class_in_order() {
        let shape = ImageShape { height: 28, width: 28, channels: 1 };
        let (images, names) = (set_of(shape, 5, 32), names(5));
        let picture = draw("test", "training", &names, &images);
        let layout = Layout::new(shape, &names);
        assert_eq!(layout.sample, (56, 56));
        for class in 0..5 {
            for column in 0..COLUMNS {
                let grey = (40 * class + 2 * column) as u8;
                let (left, top) = layout.corner(class, column);
                for (x, y) in [(0, 0), (55, 0), (0, 55), (55, 55), (20, 30)] {
                    assert_eq!(picture.get(left + x, top + y), Some([grey; 3]), "class {class}, column {column}");
                }
                assert_eq!(picture.get(left + 56, top + 56), Some(PAPER));
            }
        }
    }

    #[test]
    fn the_names_of_classes_stand_beside_their_rows() {
        let shape = ImageShape { height: 28, width: 28, channels: 1 };
        let images = set_of(shape, 2, 3);
        let ink_beside = |names: &[String], class: usize| {
            let picture = draw("test", "test", names, &images);
            let (left, top) = Layout::new(shape, names).corner(class, 0);
            (0..left)
                .flat_map(|x| (top..top + 56).map(move |y| (x, y)))
                .filter(|&(x, y)| picture.get(x, y) != Some(PAPER))
                .count()
        };
        // Neither is in the font, and still they do not look the same.
        let foreign = ["犬".to_owned(), "猫".to_owned()];
        assert_ne!(ink_beside(&foreign, 0), ink_beside(&foreign, 1));
        let names = ["Bag".to_owned(), String::new()];
        assert!(ink_beside(&names, 0) > 50);
        assert_eq!(ink_beside(&names, 1), 0);
    }

    #[test]
    fn pixels_keep_their_place_and_colour() {
        let shape = ImageShape { height: 2, width: 1, channels: 3 };
        let images = Images::new(shape, vec![255, 0, 0, 0, 0, 255], vec![0], 1).unwrap();
        let picture = draw("test", "test", &names(1), &images);
        let layout = Layout::new(shape, &names(1));
        let (left, top) = layout.corner(0, 0);
        assert_eq!(layout.sample, (24, 48));
        assert_eq!(picture.get(left + 23, top + 23), Some([255, 0, 0]));
        assert_eq!(picture.get(left, top + 24), Some([0, 0, 255]));
    }

    #[test]
    fn odd_sets_have_a_snapshot_too() {
        for (height, width, channels) in [(1, 1, 1), (64, 64, 4), (1000, 10, 1), (3, 900, 2)] {
            let shape = ImageShape { height, width, channels };
            let picture = draw("test", "test", &names(3), &set_of(shape, 3, 1));
            assert!(picture.width() < 3000 && picture.height() < 3000, "{shape:?}");
        }
        let shape = ImageShape { height: 28, width: 28, channels: 1 };
        let none = Images::new(shape, Vec::new(), Vec::new(), 0).unwrap();
        assert!(draw(&"long ".repeat(100), "test", &[], &none).width() > 5000);
    }
}
