//! What is to be known of training images before a recipe can be chosen for them.

use modiste_data::{Appearance, ImageShape, Likeness, Subset, mirrored_classes};

/// Of the images that a run learns from.
#[derive(Clone, Debug, PartialEq)]
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
    /// Whether most images lie on black.
    pub(super) on_black: bool,
    /// Why images must not be mirrored, if they must not.
    pub(super) one_sided: Option<OneSided>,
}

/// Why images must not be mirrored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum OneSided {
    /// Classes are each other's mirror image.
    Mirrored,
    /// They do not look like images of their class any more.
    Unlike(Likeness),
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
            on_black: on_black(train),
            one_sided: one_sided(train, class_names),
        }
    }
}

/// Values up to this are black, but for the trace of an encoder.
const BLACK: u8 = 16;

fn on_black(train: &Subset) -> bool {
    let appearance = Appearance::of(train);
    appearance
        .is_some_and(|appearance| appearance.is_plain() && appearance.background.iter().all(|&value| value <= BLACK))
}

fn one_sided(train: &Subset, class_names: &[String]) -> Option<OneSided> {
    if are_characters(class_names) {
        return Some(OneSided::Names);
    }
    if !mirrored_classes(train).is_empty() {
        return Some(OneSided::Mirrored);
    }
    let likeness = Likeness::of(train);
    (!likeness.is_kept()).then_some(OneSided::Unlike(likeness))
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
