//! The `data` of a tensor in JSON: numbers in one list, or in lists of lists.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

/// Deepest lists that are read: a batch of images has four.
const DEEPEST: usize = 8;

/// Numbers, row by row.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) values: Vec<f32>,
    /// Lengths of lists, from the outermost inwards.
    pub(crate) shape: Vec<usize>,
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut numbers = Self::default();
        deserializer.deserialize_seq(List { numbers: &mut numbers, depth: 0 })?;
        Ok(numbers)
    }
}

/// A list at some depth, whose numbers go to the end of all.
struct List<'a> {
    numbers: &'a mut Numbers,
    depth: usize,
}

/// What stands in a list: a number, or a list again.
struct Element<'a> {
    numbers: &'a mut Numbers,
    depth: usize,
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { numbers, depth } = self;
        let is_first = numbers.shape.len() == depth;
        if is_first {
            if depth == DEEPEST {
                return Err(A::Error::custom(format_args!("lists lie deeper than {DEEPEST}")));
            }
            numbers.shape.push(usize::MAX);
        }
        let mut length = 0;
        while elements.next_element_seed(Element { numbers, depth: depth + 1 })?.is_some() {
            length += 1;
        }
        match numbers.shape[depth] {
            usize::MAX => numbers.shape[depth] = length,
            known if known != length => return Err(A::Error::custom("lists beside one another differ in length")),
            _ => {}
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Element<'_> {
    fn add<E: Error>(self, value: f64) -> Result<(), E> {
        // Numbers stand where the innermost lists are, and nowhere else.
        if self.numbers.shape.len() != self.depth {
            return Err(E::custom("numbers and lists stand side by side"));
        }
        self.numbers.values.push(value as f32);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number or a list of numbers")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.add(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.add(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.add(value as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        if self.depth == self.numbers.shape.len() && !self.numbers.values.is_empty() {
            return Err(A::Error::custom("numbers and lists stand side by side"));
        }
        List { numbers: self.numbers, depth: self.depth }.visit_seq(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Numbers, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn flat_and_nested_lists_are_the_same_numbers() {
        let flat = read("[1, 2.5, -3, 4e1, 0, 255]").unwrap();
        assert_eq!(
            (flat.values.as_slice(), flat.shape.as_slice()),
            (&[1.0, 2.5, -3.0, 40.0, 0.0, 255.0][..], &[6][..])
        );
        let nested = read("[[[1, 2.5], [-3, 4e1], [0, 255]]]").unwrap();
        assert_eq!((nested.values, nested.shape.as_slice()), (flat.values, &[1, 3, 2][..]));
        assert_eq!(read("[]").unwrap().shape, [0]);
    }

    #[test]
    fn lists_that_are_no_tensor_are_refused() {
        let deep = format!("{}1{}", "[".repeat(9), "]".repeat(9));
        for text in
            ["[[1], [1, 2]]", "[1, [2]]", "[[1], 2]", "[[[1]], [2]]", "['a']", "[\"a\"]", "[null]", "{}", "3", &deep]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
