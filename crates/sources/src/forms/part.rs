//! A set out of parts whose images are in memory already.

use std::path::{Path, PathBuf};

use modiste_data::{ImageShape, Images};

use super::labels::{self, Labels};
use super::shapes;
use super::values::Pixels;
use crate::error::Error;
use crate::part_name::PartName;
use crate::parts::Parts;

/// Images and labels as they stand in a file.
pub(super) struct Part {
    pub(super) name: PartName,
    pub(super) path: PathBuf,
    pub(super) shape: ImageShape,
    /// `[n, height, width, channels]`
    pub(super) pixels: Pixels,
    /// `[n]`
    pub(super) labels: Labels,
}

/// Joins parts, which have a scale, a shape and classes between them.
///
/// `place` is where a part is missing from.
pub(super) fn join(
    place: &Path,
    parts: Vec<Part>,
    mut notes: Vec<String>,
    left_out: Vec<(String, String)>,
) -> Result<Parts<Images>, Error> {
    let Some(train) = parts.iter().find(|part| part.name == PartName::Train && part.labels.len() > 0) else {
        return Err(Error::form(place, "it has no training images; put some in"));
    };
    for part in &parts {
        check_shape(train, part)?;
    }
    let shape = train.shape;
    let (mut places, mut pixels, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        places.push((part.name, part.path));
        pixels.push(part.pixels);
        labels.push(part.labels);
    }
    let (pixels, note) = Pixels::into_bytes(pixels);
    notes.extend(note);
    let labels: Vec<_> = places.iter().map(|(_, path)| path.as_path()).zip(labels).collect();
    let (class_names, labels) = labels::into_classes(&labels)?;
    let (mut train, mut validation, mut test) = (None, None, None);
    for (((name, path), pixels), labels) in places.iter().zip(pixels).zip(labels) {
        let images = Images::new(shape, pixels, labels, class_names.len());
        let images = images.map_err(|why| Error::form(path, format!("{why}; save a label with each image")))?;
        *match name {
            PartName::Train => &mut train,
            PartName::Validation => &mut validation,
            PartName::Test => &mut test,
        } = Some(images);
    }
    let train = train.ok_or_else(|| Error::form(place, "it has no training images; put some in"))?;
    Ok(Parts { class_names, train, validation, test, notes, left_out })
}

fn check_shape(train: &Part, other: &Part) -> Result<(), Error> {
    if train.shape == other.shape {
        return Ok(());
    }
    let why = format!("it has images of {} and of {} pixels", shapes::text(train.shape), shapes::text(other.shape));
    if train.path == other.path {
        return Err(Error::form(&other.path, why + "; bring all to one size"));
    }
    let why = why.trim_start_matches("it has ");
    Err(Error::pair(&train.path, &other.path, why))
}
