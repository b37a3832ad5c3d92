//! Images and labels between arrays and data sets.

use std::sync::Arc;

use modiste_data::{Dataset, ImageShape, Images};
use numpy::{
    IntoPyArray, PyArray1, PyArray4, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray4, PyUntypedArrayMethods,
};
use pyo3::prelude::*;

use crate::errors::value_error;

/// Images `[n, height, width, channels]`, a byte a value, and their classes' numbers, `[n]`.
pub(crate) type LabelledArrays<'py> = (PyReadonlyArray4<'py, u8>, PyReadonlyArray1<'py, u8>);

/// What training needs of its images is there for as long as it lasts, whatever becomes of the arrays: so they are copied.
pub(crate) fn images((pixels, labels): &LabelledArrays<'_>, classes: usize) -> PyResult<Images> {
    let labels = labels.as_slice()?.to_vec();
    Images::new(shape(pixels), pixels.as_slice()?.to_vec(), labels, classes).map_err(value_error)
}

/// Of each image.
pub(crate) fn shape(pixels: &PyReadonlyArray4<'_, u8>) -> ImageShape {
    let shape = pixels.shape();
    ImageShape { height: shape[1], width: shape[2], channels: shape[3] }
}

/// A data set of arrays. What is held out is measured after each epoch and at the end.
///
/// Where nothing is held out, the first image stands for those of the test: a run measures something at its end, and of one
/// image that costs nothing. Nobody is told what it comes to.
pub(crate) fn dataset(
    class_names: Vec<String>,
    train: &LabelledArrays<'_>,
    held_out: Option<&LabelledArrays<'_>>,
) -> PyResult<Dataset> {
    let train = Arc::new(images(train, class_names.len())?);
    let validation = held_out.map(|arrays| images(arrays, class_names.len()).map(Arc::new)).transpose()?;
    let test = validation.clone().unwrap_or_else(|| Arc::new(train.chosen(&[0])));
    Ok(Dataset { name: "arrays".to_owned(), class_names, train, validation, test, preparation: None })
}

/// New arrays of images `[n, height, width, channels]` and labels `[n]`.
type NewArrays<'py> = (Bound<'py, PyArray4<u8>>, Bound<'py, PyArray1<u8>>);

/// Images and labels as arrays.
pub(crate) fn arrays<'py>(py: Python<'py>, images: &Images) -> PyResult<NewArrays<'py>> {
    let ImageShape { height, width, channels } = images.shape();
    let pixels = PyArray1::from_slice(py, images.pixels()).reshape([images.len(), height, width, channels])?;
    Ok((pixels, images.labels().to_vec().into_pyarray(py)))
}
