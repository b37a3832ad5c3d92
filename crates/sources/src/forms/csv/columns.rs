//! Which columns of a table hold labels and pixels.

use ::csv::ByteRecord;

/// What a column of labels is called, in any case; the first that is there is taken.
const LABELS: [&str; 5] = ["label", "labels", "class", "target", "y"];
/// What columns are called that number the images, in any case.
const NUMBERS: [&str; 4] = ["", "id", "index", "unnamed: 0"];

pub(super) struct Columns {
    /// All of them.
    pub(super) count: usize,
    /// Where the labels are.
    pub(super) label: usize,
    /// Those that number the images, in order, and their names.
    pub(super) left_out: Vec<(usize, String)>,
    /// Whether the first line is no image.
    pub(super) is_header: bool,
    /// Whether the label's column is called so, and not only the first one.
    pub(super) has_label_name: bool,
}

impl Columns {
    /// What the first line says.
    pub(super) fn of_first(first: &ByteRecord) -> Self {
        let names: Vec<String> = first.iter().map(|name| String::from_utf8_lossy(name).to_ascii_lowercase()).collect();
        let named = LABELS.iter().find_map(|label| names.iter().position(|name| name == label));
        // Some have columns of numbers behind a `label`; others a class in words before numbers, and no header.
        let words = names.iter().filter(|name| name.parse::<f64>().is_err()).count();
        let is_header = named.is_some() || 2 * words > names.len();
        let numbers = |(at, name): (usize, &String)| {
            let is_number = is_header && Some(at) != named && NUMBERS.contains(&name.as_str());
            is_number.then(|| (at, String::from_utf8_lossy(&first[at]).into_owned()))
        };
        let left_out: Vec<(usize, String)> = names.iter().enumerate().filter_map(numbers).collect();
        // They stand in order, so the first place at which another column stands is none of them.
        let kept = (0..left_out.len()).find(|&at| left_out[at].0 != at).unwrap_or(left_out.len());
        let label = named.unwrap_or(if kept < names.len() { kept } else { 0 });
        Self { count: names.len(), label, left_out, is_header, has_label_name: named.is_some() }
    }

    /// Whether a column numbers the images. A line may have a million of them.
    pub(super) fn is_left_out(&self, column: usize) -> bool {
        self.left_out.binary_search_by_key(&column, |(left_out, _)| *left_out).is_ok()
    }

    /// Columns of pixels.
    pub(super) fn pixels(&self) -> usize {
        (self.count - self.left_out.len()).saturating_sub(1)
    }

    /// Whether there is a column for each of so many pixels and none for labels.
    pub(super) fn are_unlabelled(&self, pixels: usize) -> bool {
        !self.has_label_name && self.pixels() + 1 == pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_where_the_labels_are() {
        for (line, label, pixels, is_header) in [
            ("label,p1,p2,p3,p4", 0, 4, true),
            ("p1,p2,p3,p4,Label", 4, 4, true),
            ("CLASS,0,1,2,3", 0, 4, true),
            ("kind,p1,p2,p3,p4", 0, 4, true),
            (",label,p1,p2,p3,p4", 1, 4, true),
            ("id,kind,p1,p2,p3,p4", 1, 4, true),
            ("7,0,0,255,3", 0, 4, false),
            ("cat,0,0,255,3", 0, 4, false),
            ("id", 0, 0, true),
            ("id,index,kind,", 2, 0, true),
        ] {
            let found = Columns::of_first(&line.split(',').collect::<Vec<_>>().into());
            assert_eq!((found.label, found.pixels(), found.is_header), (label, pixels, is_header), "{line}");
        }
    }
}
