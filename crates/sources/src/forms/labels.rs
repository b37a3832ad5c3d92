//! Classes from labels as they stand in files: whole numbers or words, of any part of a set.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use crate::error::Error;
use crate::natural_order;

/// A label is a byte.
const MOST_CLASSES: usize = 256;

/// The labels of one part, each of which is kept once.
pub(super) struct Labels {
    /// What a place is called: `line`, `label` …
    place: &'static str,
    different: Vec<Different>,
    numbers: HashMap<String, u16>,
    /// Which of the different ones, `[n]`.
    each: Vec<u16>,
}

/// A label and where it stands first.
struct Different {
    text: String,
    place: usize,
}

impl Labels {
    pub(super) fn new(place: &'static str) -> Self {
        Self { place, different: Vec::new(), numbers: HashMap::new(), each: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.each.len()
    }

    /// The next label, which stands at `place`.
    pub(super) fn push(&mut self, label: &str, place: usize) -> Result<(), String> {
        let label = label.trim();
        if let Some(&number) = self.numbers.get(label) {
            self.each.push(number);
            return Ok(());
        }
        if label.is_empty() || label.eq_ignore_ascii_case("nan") {
            return Err(format!("{} {place} has no label; give it one, or leave it out", self.place));
        }
        // 7.0 is class 7, and not another one.
        let text = whole(label).map_or_else(|| label.to_owned(), |number| number.to_string());
        let number = match self.numbers.get(&text) {
            Some(&number) => number,
            None => {
                let number = self.different.len() as u16;
                self.different.push(Different { text: text.clone(), place });
                self.numbers.insert(text, number);
                number
            }
        };
        if self.different.len() > MOST_CLASSES {
            self.check_numbers()?;
            return Err(format!(
                "it has more than {MOST_CLASSES} different labels; say which column or array has them"
            ));
        }
        self.each.push(number);
        Ok(())
    }

    /// The next label, a number.
    pub(super) fn push_number(&mut self, label: f64, place: usize) -> Result<(), String> {
        self.push(&label.to_string(), place)
    }

    fn are_numbers(&self) -> bool {
        self.different.iter().all(|label| number(&label.text).is_some())
    }

    /// Refuses numbers that are no labels, where all labels are numbers.
    fn check_numbers(&self) -> Result<(), String> {
        let is_label = |text: &str| whole(text).is_some_and(|number| (0..MOST_CLASSES as i64).contains(&number));
        if !self.are_numbers() {
            return Ok(());
        }
        match self.different.iter().find(|label| !is_label(&label.text)) {
            Some(Different { text, place }) => Err(format!(
                "{} {place} has label {text}, where labels are whole numbers of 0 to {}; number the classes so",
                self.place,
                MOST_CLASSES - 1
            )),
            None => Ok(()),
        }
    }
}

/// The names of the classes that labels of several parts have between them, and each part's labels as their numbers.
///
/// Numbers are in their order and names in a natural one. A number without an image is no class.
pub(super) fn into_classes(parts: &[(&Path, Labels)]) -> Result<(Vec<String>, Vec<Vec<u8>>), Error> {
    if parts.iter().all(|(_, labels)| labels.are_numbers()) {
        for (path, labels) in parts {
            labels.check_numbers().map_err(|why| Error::form(path, why))?;
        }
    }
    let different: BTreeSet<&str> =
        parts.iter().flat_map(|(_, labels)| &labels.different).map(|label| label.text.as_str()).collect();
    let mut names: Vec<String> = different.into_iter().map(str::to_owned).collect();
    names.sort_by(|first, second| natural_order::compare(first, second));
    if let (true, Some((path, _))) = (names.len() > MOST_CLASSES, parts.first()) {
        let count = names.len();
        let why = format!("it has {count} different labels in all its parts, where {MOST_CLASSES} can be told apart");
        return Err(Error::form(path, why));
    }
    let numbers: HashMap<&str, u8> = names.iter().map(String::as_str).zip(0..=u8::MAX).collect();
    let of_part = |(_, labels): &(&Path, Labels)| {
        let classes: Vec<u8> = labels.different.iter().map(|label| numbers[label.text.as_str()]).collect();
        labels.each.iter().map(|&label| classes[usize::from(label)]).collect()
    };
    let labels = parts.iter().map(of_part).collect();
    Ok((names, labels))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn whole(text: &str) -> Option<i64> {
    number(text).filter(|number| number.fract() == 0.0 && number.abs() < 1e15).map(|number| number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(parts: &[&[&str]]) -> Result<(Vec<String>, Vec<Vec<u8>>), String> {
        let mut collected = Vec::new();
        for part in parts {
            let mut labels = Labels::new("line");
            for (at, label) in part.iter().enumerate() {
                labels.push(label, at + 1)?;
            }
            collected.push((Path::new("a.csv"), labels));
        }
        into_classes(&collected).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_and_words_become_classes_that_follow_one_another() {
        let (names, labels) = classes(&[&["10", "2", "2.0", "7"], &["3"]]).unwrap();
        assert_eq!(names, ["2", "3", "7", "10"]);
        assert_eq!(labels, [vec![3, 0, 0, 2], vec![1]]);
        let (names, labels) = classes(&[&["a10", "a2", " a2 "]]).unwrap();
        assert_eq!((names, labels), (vec!["a2".into(), "a10".into()], vec![vec![1, 0, 0]]));
    }

    #[test]
    fn what_is_no_label_is_named_with_its_place() {
        for (labels, words) in [
            (&["1", "-1"][..], "line 2 has label -1"),
            (&["1", "256"], "line 2 has label 256"),
            (&["0.5"], "line 1 has label 0.5"),
            (&["1", ""], "line 2 has no label"),
            (&["cat", "nan"], "line 2 has no label"),
        ] {
            let why = classes(&[labels]).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        let many: Vec<String> = (0..300).map(|number| format!("a{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(classes(&[&many]).unwrap_err().contains("256 different"));
        assert!(classes(&[&many[..200], &many[100..]]).unwrap_err().contains("300 different"));
    }
}
