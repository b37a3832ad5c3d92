//! The same classes under other numbers: a data set as a network has numbered its classes.

use std::sync::Arc;

use crate::dataset::{Dataset, Images};

/// A data set has a class that a network does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownClass {
    /// Both have names, and this one is not among the network's.
    #[error("its class '{name}' is none of the network's: {known}")]
    Name {
        /// The class.
        name: String,
        /// The network's.
        known: String,
    },
    /// One has numbers only, and this one is not among the network's.
    #[error("it has images of class {label}, and the network knows {known} classes, from 0 on")]
    Number {
        /// The class.
        label: usize,
        /// How many the network knows.
        known: usize,
    },
}

impl Dataset {
    /// How many images each class has, `[classes]`, in all parts together.
    pub fn class_sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.class_names.len()];
        for &label in self.parts().flat_map(|images| images.labels()) {
            sizes[usize::from(label)] += 1;
        }
        sizes
    }

    /// The same images with the numbers that their classes have among `names`: by name where both have names, else by number.
    /// Classes that it lacks have no images then.
    ///
    /// # Errors
    /// When one of its classes is not among them.
    pub fn with_classes(self, names: &[String]) -> Result<Self, UnknownClass> {
        if self.class_names == names {
            return Ok(self);
        }
        let numbers = if are_names(&self.class_names) && are_names(names) {
            let number = |name: &String| {
                names.iter().position(|known| known == name).map(|number| number as u8).ok_or_else(|| {
                    let (name, known) = (name.clone(), names.join(", "));
                    UnknownClass::Name { name, known }
                })
            };
            self.class_names.iter().map(number).collect::<Result<Vec<u8>, _>>()?
        } else {
            let beyond = self.class_sizes().iter().skip(names.len()).position(|&size| size > 0);
            if let Some(beyond) = beyond {
                return Err(UnknownClass::Number { label: names.len() + beyond, known: names.len() });
            }
            (0..=u8::MAX).collect()
        };
        let renumbered = |images: Arc<Images>| Arc::new(images.with_labels(|label| numbers[usize::from(label)]));
        Ok(Self {
            train: renumbered(self.train),
            validation: self.validation.map(renumbered),
            test: renumbered(self.test),
            class_names: names.to_vec(),
            name: self.name,
            preparation: self.preparation,
        })
    }
}

/// More are not named one by one.
const NAMED: usize = 10;

/// `class a`, `classes a, b and 3 more`
pub fn listed_classes(names: &[impl AsRef<str>]) -> String {
    let named = names.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len() {
        1 => format!("class {named}"),
        count if count > NAMED => format!("classes {named} and {} more", count - NAMED),
        _ => format!("classes {named}"),
    }
}

/// Whether classes have names, and not only their numbers: `0`, `1` and so on.
pub fn are_names(names: &[String]) -> bool {
    names.iter().enumerate().any(|(number, name)| *name != number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::ImageShape;

    fn dataset(labels: &[u8], names: &[&str]) -> Dataset {
        let shape = ImageShape { height: 1, width: 1, channels: 1 };
        let images = Images::new(shape, vec![0; labels.len()], labels.to_vec(), names.len()).unwrap();
        let images = Arc::new(images);
        Dataset {
            name: "a".to_owned(),
            class_names: words(names),
            train: Arc::clone(&images),
            validation: None,
            preparation: None,
            test: images,
        }
    }

    fn words(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn labels(dataset: Dataset, names: &[&str]) -> Result<Vec<u8>, UnknownClass> {
        dataset.with_classes(&words(names)).map(|dataset| {
            assert_eq!(dataset.class_names, words(names));
            dataset.test.labels().to_vec()
        })
    }

    #[test]
    fn names_decide_where_both_have_some() {
        let known = ["ant", "bee", "cat"];
        assert_eq!(labels(dataset(&[0, 1, 2], &["cat", "bee", "ant"]), &known), Ok(vec![2, 1, 0]));
        assert_eq!(labels(dataset(&[0, 1, 1], &["cat", "ant"]), &known), Ok(vec![2, 0, 0]));
        let problem = labels(dataset(&[0, 1], &["ant", "kat"]), &known).unwrap_err();
        assert_eq!(problem.to_string(), "its class 'kat' is none of the network's: ant, bee, cat");
    }

    #[test]
    fn numbers_decide_where_one_has_no_names() {
        assert_eq!(labels(dataset(&[0, 2], &["0", "1", "2"]), &["ant", "bee", "cat", "dog"]), Ok(vec![0, 2]));
        assert_eq!(labels(dataset(&[0, 1], &["ant", "bee", "cat"]), &["0", "1"]), Ok(vec![0, 1]));
        let problem = labels(dataset(&[0, 2], &["ant", "bee", "cat"]), &["0", "1"]).unwrap_err();
        assert_eq!(problem, UnknownClass::Number { label: 2, known: 2 });
    }

    #[test]
    fn sizes_are_of_both_parts() {
        assert_eq!(dataset(&[0, 2, 2], &["0", "1", "2"]).class_sizes(), [2, 0, 4]);
    }
}
