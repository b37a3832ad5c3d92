//! From the parts that a form gives to a whole data set: what it keeps no test images of gets some.

use std::sync::Arc;

use modiste_data::{Dataset, Images, Preparation, stratified_split};

use crate::parts::Parts;

/// Share of the images that is kept for the final measurement where a set keeps none.
const TEST_SHARE: f64 = 0.2;
/// The same share in every command.
const SEED: u64 = 0;

/// A data set of these parts, and what is to be said of it.
pub(crate) fn complete(name: String, parts: Parts<Images>, preparation: Preparation) -> (Dataset, Vec<String>) {
    let Parts { class_names, train, validation, test, mut notes, .. } = parts;
    let (train, test) = match test {
        Some(test) => (train, test),
        None => {
            let split = stratified_split(train.labels(), class_names.len(), TEST_SHARE, SEED);
            notes.push(format!(
                "{name} keeps no test images: {} of its {} images are kept for testing, the same in every command{}",
                split.validation.len(),
                train.len(),
                untested(&train, &split.validation, &class_names)
            ));
            (train.chosen(&split.train), train.chosen(&split.validation))
        }
    };
    let (train, validation, test) = (Arc::new(train), validation.map(Arc::new), Arc::new(test));
    (Dataset { name, class_names, train, validation, test, preparation: Some(preparation) }, notes)
}

/// What is to be said of classes that have images, but too few for one to be kept.
fn untested(images: &Images, kept: &[u32], class_names: &[String]) -> String {
    let is_of = |class: usize| move |label: &u8| usize::from(*label) == class;
    let labels = images.labels();
    let few: Vec<&str> = (0..class_names.len())
        .filter(|&class| labels.iter().any(is_of(class)))
        .filter(|&class| !kept.iter().map(|&index| &labels[index as usize]).any(is_of(class)))
        .map(|class| class_names[class].as_str())
        .collect();
    match few.len() {
        0 => String::new(),
        1 => format!(", but none of class {}, which has too few", few[0]),
        _ => format!(", but none of classes {}, which have too few", few.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;

    use super::*;

    fn images(labels: &[u8]) -> Images {
        let shape = ImageShape { height: 1, width: 2, channels: 1 };
        let pixels = (0..labels.len() as u8).flat_map(|index| [index, index]).collect();
        Images::new(shape, pixels, labels.to_vec(), 3).unwrap()
    }

    fn parts(test: Option<Images>) -> Parts<Images> {
        Parts {
            class_names: ["ant", "bee", "cat"].map(String::from).to_vec(),
            train: images(&[[0; 10], [1; 10]].concat().into_iter().chain([2]).collect::<Vec<u8>>()),
            validation: None,
            test,
            notes: Vec::new(),
            left_out: Vec::new(),
        }
    }

    #[test]
    fn a_fifth_of_each_class_is_kept_where_a_set_keeps_none() {
        let preparation = Preparation::of(ImageShape { height: 1, width: 2, channels: 1 });
        let complete = |test| complete("animals".to_owned(), parts(test), preparation);
        let (dataset, notes) = complete(None);
        assert_eq!((dataset.train.len(), dataset.test.labels()), (17, &[0, 0, 1, 1][..]));
        assert!(notes[0].contains("4 of its 21 images") && notes[0].contains("none of class cat"), "{notes:?}");
        let all: std::collections::BTreeSet<u8> =
            dataset.parts().flat_map(|images| (0..images.len()).map(|index| images.image(index)[0])).collect();
        assert_eq!(all.len(), 21);
        assert_eq!(complete(None).0.fingerprint(), dataset.fingerprint());
        let (dataset, notes) = complete(Some(images(&[2])));
        assert_eq!((dataset.train.len(), dataset.test.len(), notes.len()), (21, 1, 0));
    }
}
