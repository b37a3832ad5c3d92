//! The file of a kept set: safetensors of bytes, with a checksum over all of it.

use std::collections::BTreeMap;
use std::path::Path;

use modiste_data::{ImageShape, Images, Preparation};
use modiste_files::FileError;
use modiste_files::tensor_file::{self, Tensor, TensorFile, Values};
use serde::{Deserialize, Serialize};

use crate::parts::Parts;

/// The text that says of which content the set was made.
const KEY: &str = "content";
/// The text with all that is no image.
const SET: &str = "set";

/// What is kept of a set besides its images.
#[derive(Serialize, Deserialize)]
struct Described {
    class_names: Vec<String>,
    preparation: Preparation,
    notes: Vec<String>,
    left_out: Vec<(String, String)>,
    train: Stored,
    validation: Option<Stored>,
    test: Option<Stored>,
}

/// How many images a part has, and of which shape.
#[derive(Serialize, Deserialize)]
struct Stored {
    count: usize,
    shape: ImageShape,
}

impl Stored {
    fn of(images: &Images) -> Self {
        Self { count: images.len(), shape: images.shape() }
    }
}

/// Writes the images that were made of the content `key`.
pub(super) fn write(path: &Path, key: &str, parts: &Parts<Images>, preparation: &Preparation) -> Result<(), FileError> {
    let described = Described {
        class_names: parts.class_names.clone(),
        preparation: *preparation,
        notes: parts.notes.clone(),
        left_out: parts.left_out.clone(),
        train: Stored::of(&parts.train),
        validation: parts.validation.as_ref().map(Stored::of),
        test: parts.test.as_ref().map(Stored::of),
    };
    let set = serde_json::to_string(&described).map_err(|error| FileError::io("write", path, error.into()))?;
    let texts = BTreeMap::from([(KEY, key.to_owned()), (SET, set)]);
    let every =
        [("train", Some(&parts.train)), ("validation", parts.validation.as_ref()), ("test", parts.test.as_ref())];
    let mut tensors = Vec::new();
    for (name, images) in every {
        let Some(images) = images else { continue };
        let ImageShape { height, width, channels } = images.shape();
        let shape = vec![images.len(), height, width, channels];
        tensors.push(Tensor { name: pixels(name), shape, values: Values::Bytes(images.pixels()) });
        tensors.push(Tensor { name: labels(name), shape: vec![images.len()], values: Values::Bytes(images.labels()) });
    }
    tensor_file::write_unsynced(path, &texts, &tensors)
}

/// Reads what `write` wrote. None where it was made of another content.
pub(super) fn read(path: &Path, key: &str) -> Result<Option<(Parts<Images>, Preparation)>, FileError> {
    let file = TensorFile::read(path, "cache")?;
    if file.text(KEY)? != key {
        return Ok(None);
    }
    let Described { class_names, preparation, notes, left_out, train, validation, test } = file.document(SET)?;
    let images = |name: &str, Stored { count, shape }: Stored| {
        let ImageShape { height, width, channels } = shape;
        let pixels = file.bytes(&pixels(name), &[count, height, width, channels])?.to_vec();
        let labels = file.bytes(&labels(name), &[count])?.to_vec();
        Images::new(shape, pixels, labels, class_names.len()).map_err(|why| file.invalid(why.to_string()))
    };
    let train = images("train", train)?;
    let validation = validation.map(|stored| images("validation", stored)).transpose()?;
    let test = test.map(|stored| images("test", stored)).transpose()?;
    Ok(Some((Parts { class_names, train, validation, test, notes, left_out }, preparation)))
}

fn pixels(part: &str) -> String {
    format!("{part}.pixels")
}

fn labels(part: &str) -> String {
    format!("{part}.labels")
}
