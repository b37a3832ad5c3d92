//! What is to be known of training images before a recipe can be chosen for them.

use modiste_data::{ImageShape, Subset, mirrored_classes, one_sided_classes};

/// Of the images that a run learns from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Height, width and channels of each.
    pub(super) shape: ImageShape,
    /// How many there are.
    pub(super) images: usize,
    /// Classes that have any.
    pub(super) classes: usize,
    /// Images of the largest class.
    pub(super) largest: usize,
    /// Images of the smallest class that has any.
    pub(super) smallest: usize,
    /// Why images must not be mirrored, if they must not.
    pub(super) one_sided: Option<OneSided>,
}

/// Why images must not be mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OneSided {
    /// Classes are each other's mirror image.
    Mirrored,
    /// So many classes do not look like themselves when they are mirrored, and these are most of them.
    Classes(usize),
    /// The classes are called as letters and digits are.
    Names,
}

impl Facts {
    /// Of these training images. `class_names` are those of the whole set.
    pub(super) fn of(train: &Subset, class_names: &[String]) -> Self {
        let mut sizes = vec![0; class_names.len()];
        train.indices.iter().for_each(|&index| sizes[usize::from(train.images.labels()[index as usize])] += 1);
        sizes.retain(|&size| size > 0);
        Self {
            shape: train.images.shape(),
            images: train.len(),
            classes: sizes.len(),
            largest: sizes.iter().copied().max().unwrap_or(0),
            smallest: sizes.iter().copied().min().unwrap_or(0),
            one_sided: one_sided(train, class_names, sizes.len()),
        }
    }
}

fn one_sided(train: &Subset, class_names: &[String], classes: usize) -> Option<OneSided> {
    if are_characters(class_names) {
        return Some(OneSided::Names);
    }
    if !mirrored_classes(train).is_empty() {
        return Some(OneSided::Mirrored);
    }
    let one_sided = one_sided_classes(train).len();
    (2 * one_sided >= classes && one_sided > 0).then_some(OneSided::Classes(one_sided))
}

/// Whether classes are called by single characters, not all of them digits: that is how classes without names are called, too.
fn are_characters(class_names: &[String]) -> bool {
    let character = |name: &String| name.chars().next().filter(|first| name.len() == first.len_utf8());
    let characters: Option<Vec<char>> = class_names.iter().map(character).collect();
    characters.is_some_and(|all| {
        all.iter().all(|character| character.is_alphanumeric())
            && all.iter().any(|character| !character.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_known_by_their_names_and_classes_without_names_are_not() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert!(are_characters(&names(&["A", "b", "7"])) && are_characters(&names(&["あ", "い"])));
        assert!(!are_characters(&names(&["0", "1", "2"])));
        assert!(!are_characters(&names(&["A", "bag"])) && !are_characters(&names(&["+", "-"])));
    }
}
