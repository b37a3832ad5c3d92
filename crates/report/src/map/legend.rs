//! What the colours of a map's picture mean.

use super::Map;
use super::mark::Mark;
use crate::coverage;
use crate::names;
use crate::numbers::{counted, grouped};
use crate::palette;
use crate::picture::{FAINT_INK, INK, Picture};
use crate::text::{ELLIPSIS, Style, is_drawn};

const LONGEST_NAME: usize = 24;

/// Columns from the middle of an entry's mark to its name, and from one entry to the next at least.
const MARK: usize = 24;
const GAP: usize = 40;

const LINE: usize = 38;

/// More classes than this are counted, not named.
const MOST_CLASSES: usize = 60;

/// Entries in rows, each row as long as the others.
pub(super) struct Legend {
    entries: Vec<Entry>,
    columns: usize,
    /// From one entry to the next.
    pitch: usize,
}

struct Entry {
    kind: Kind,
    name: String,
    note: String,
}

#[derive(Clone, Copy)]
enum Kind {
    Class(u8),
    Mistake,
    /// Has no mark of its own.
    Rest,
}

impl Legend {
    pub(super) fn new(map: &Map, width: usize) -> Self {
        let classes = map.classes();
        let number = |count: usize| grouped(count as u64);
        let last = classes.last().map_or(0, |&(class, _)| usize::from(class) + 1);
        let all: Vec<String> = (0..=u8::MAX).take(last).map(|class| map.class_name(class)).collect();
        let called = names::distinct(&all, LONGEST_NAME, ELLIPSIS, is_drawn);
        let mut entries: Vec<Entry> = classes
            .iter()
            .take(MOST_CLASSES)
            .map(|&(class, count)| Entry {
                kind: Kind::Class(class),
                name: called[usize::from(class)].clone(),
                note: number(count),
            })
            .collect();
        if classes.len() > MOST_CLASSES {
            let name = format!("and {}", counted((classes.len() - MOST_CLASSES) as u64, "more class"));
            entries.push(Entry { kind: Kind::Rest, name, note: String::new() });
        }
        if map.is_judged() {
            let mistakes = (0..map.len()).filter(|&point| map.is_mistake(point)).count();
            entries.push(Entry { kind: Kind::Mistake, name: "predicted wrongly".into(), note: number(mistakes) });
        }
        let widest = entries.iter().map(Entry::width).max().unwrap_or(0);
        let most_columns = ((width + GAP) / (widest + GAP)).max(1);
        let rows = entries.len().div_ceil(most_columns).max(1);
        let columns = entries.len().div_ceil(rows).max(1);
        Self { entries, columns, pitch: widest + GAP }
    }

    /// Rows it takes.
    pub(super) fn height(&self) -> usize {
        self.entries.len().div_ceil(self.columns) * LINE
    }

    pub(super) fn draw(&self, picture: &mut Picture, (left, top): (usize, usize), mark: Mark) {
        let (name, note) = (Style::subtitle(INK), Style::subtitle(FAINT_INK));
        for (index, entry) in self.entries.iter().enumerate() {
            let (x, y) = (left + index % self.columns * self.pitch, top + index / self.columns * LINE);
            let middle = [x as f32 + 10.0, y as f32 + name.line_height() as f32 / 2.0];
            match (entry.kind, mark) {
                (Kind::Class(class), Mark::Number) => Mark::draw_number(picture, middle, class),
                (Kind::Class(class), Mark::Dot) => {
                    picture.shape(coverage::disc(middle, 8.0), palette::colour(Some(class)))
                }
                (Kind::Mistake, _) => mark.draw_mistake(picture, middle),
                (Kind::Rest, _) => {}
            }
            let start = x + 10 + MARK;
            name.draw(picture, start, y, &entry.name);
            note.draw(picture, start + name.width(&entry.name) + name.width(" "), y, &entry.note);
        }
    }
}

impl Entry {
    fn width(&self) -> usize {
        10 + MARK
            + Style::subtitle(INK).width(&self.name)
            + Style::subtitle(INK).width(" ")
            + Style::subtitle(INK).width(&self.note)
    }
}
