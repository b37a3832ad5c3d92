//! A trained network in Python's hands.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

use modiste_executors::Device;
use modiste_files::{FileError, atomic, regular_file};
use modiste_inference::Predictor;
use modiste_inference::occlusion::occluded_images;
use modiste_network::Layer;
use modiste_onnx::{Layout, Options, Pixels};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray4, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::{file_error, value_error};
use crate::interrupt::beside_python;

/// What errors call a model that was no file.
const BYTES: &str = "the pickled model";

/// A network with its weights: what a model file holds.
#[pyclass(frozen, module = "modiste._modiste")]
pub(crate) struct Model {
    /// The file.
    bytes: Vec<u8>,
    model: modiste_network::Model,
    compiled: Mutex<Option<Compiled>>,
}

/// A network that is ready to run.
struct Compiled {
    predictor: Predictor,
    /// What it was made for.
    key: Key,
}

/// A network is compiled again where one of these is another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    /// Whose threads it has: those of another process are not here.
    process: u32,
    threads: usize,
    batch: usize,
}

impl Model {
    pub(crate) fn model(&self) -> &modiste_network::Model {
        &self.model
    }

    /// Of the content of a model file; `name` is what errors call it.
    fn of_bytes(name: &Path, bytes: Vec<u8>) -> PyResult<Self> {
        let model = modiste_network::Model::of_bytes(name, bytes.clone()).map_err(|error| file_error(&error))?;
        Ok(Self { bytes, model, compiled: Mutex::new(None) })
    }

    /// Has the network, compiled for `threads` threads and up to `images` images at a time, do something.
    fn predict<T: Send>(
        &self,
        py: Python<'_>,
        threads: usize,
        images: usize,
        work: impl FnOnce(&mut Predictor) -> T + Send,
    ) -> PyResult<T> {
        let device = Device::cpu(threads).map_err(value_error)?;
        let key = Key { process: process::id(), threads, batch: Predictor::batch_size(&self.model, images) };
        beside_python(py, |_| {
            let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
            match compiled.take() {
                Some(found) if found.key == key => *compiled = Some(found),
                // Its threads stayed behind in the process that was forked: it would wait for them to end.
                Some(found) if found.key.process != key.process => std::mem::forget(found),
                _ => {}
            }
            let Compiled { predictor, .. } = compiled
                .get_or_insert_with(|| Compiled { predictor: Predictor::new(&self.model, &device, key.batch), key });
            work(predictor)
        })
    }
}

#[pymethods]
impl Model {
    /// The model of a file.
    #[staticmethod]
    fn open(path: PathBuf) -> PyResult<Self> {
        let bytes = regular_file::read(&path).map_err(|error| file_error(&FileError::io("read", &path, error)))?;
        Self::of_bytes(&path, bytes)
    }

    /// The model of a file's content.
    #[staticmethod]
    fn from_bytes(bytes: Vec<u8>) -> PyResult<Self> {
        Self::of_bytes(Path::new(BYTES), bytes)
    }

    /// The content of its file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.bytes)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((slf.get_type().getattr("from_bytes")?, (slf.get().to_bytes(slf.py()),)))
    }

    /// Writes the file.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        atomic::write(&path, |file| file.write_all(&self.bytes)).map_err(|error| file_error(&error))
    }

    /// Writes an ONNX file.
    fn save_onnx(&self, path: PathBuf, channels_first: bool, bytes: bool, views: bool) -> PyResult<()> {
        let options = Options {
            layout: if channels_first { Layout::ChannelsFirst } else { Layout::ChannelsLast },
            pixels: if bytes { Pixels::Bytes } else { Pixels::Floats },
            views,
        };
        let file = modiste_onnx::export(&self.model, &options, &[]).map_err(value_error)?;
        atomic::write(&path, |writer| writer.write_all(&file)).map_err(|error| file_error(&error))
    }

    /// What the network is and how it was trained: texts by name, most of them JSON.
    fn card(&self) -> PyResult<std::collections::BTreeMap<&'static str, String>> {
        self.model.card.texts().map_err(value_error)
    }

    /// The layers: name, type as Keras calls it, sizes of the output, parameters and multiply-adds of the forward pass, per image.
    fn layers(&self) -> Vec<(String, &'static str, Vec<usize>, usize, u64)> {
        let network = &self.model.network;
        let parameters =
            |layer: &Layer| network.parameters[layer.parameters.clone()].iter().map(|tensor| tensor.range.len()).sum();
        let row = |layer: &Layer| {
            let sizes = layer.output.dimensions();
            (layer.name.clone(), layer.keras_class(), sizes, parameters(layer), layer.multiply_adds())
        };
        network.layers.iter().map(row).collect()
    }

    /// Height, width and channels of an image.
    #[getter]
    fn image_shape(&self) -> (usize, usize, usize) {
        let shape = self.model.card.image_shape;
        (shape.height, shape.width, shape.channels)
    }

    /// What the classes are called.
    #[getter]
    fn class_names(&self) -> Vec<String> {
        self.model.card.class_names.clone()
    }

    /// Values that were trained, and the running means and variances of batch normalisation.
    #[getter]
    fn parameter_count(&self) -> usize {
        self.model.network.parameter_count()
    }

    /// Logits `[n, classes]` of images `[n, height, width, channels]`, before the temperature.
    fn logits<'py>(
        &self,
        py: Python<'py>,
        images: PyReadonlyArray4<'py, u8>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (bytes, count) = (images.as_slice()?, images.shape()[0]);
        let found = self.predict(py, threads, count, |predictor| predictor.logits(bytes))?.map_err(value_error)?;
        PyArray1::from_vec(py, found).reshape([count, self.model.network.classes])
    }

    /// Probabilities `[n, classes]`, at the temperature.
    fn probabilities<'py>(
        &self,
        py: Python<'py>,
        images: PyReadonlyArray4<'py, u8>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (bytes, count) = (images.as_slice()?, images.shape()[0]);
        let found =
            self.predict(py, threads, count, |predictor| predictor.probabilities(bytes))?.map_err(value_error)?;
        PyArray1::from_vec(py, found).reshape([count, self.model.network.classes])
    }

    /// What the last layer decides by, `[n, features]`.
    fn features<'py>(
        &self,
        py: Python<'py>,
        images: PyReadonlyArray4<'py, u8>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (bytes, count) = (images.as_slice()?, images.shape()[0]);
        let size = self.model.card.image_shape.len();
        let found = self.predict(py, threads, count, |predictor| predictor.features(bytes.chunks_exact(size)))?;
        PyArray1::from_vec(py, found.values).reshape([count, self.model.network.feature_count()])
    }

    /// How far the log-odds of the predicted class fall, in nats, where each pixel is hidden, `[n, height, width]`.
    fn occlusion<'py>(
        &self,
        py: Python<'py>,
        images: PyReadonlyArray4<'py, u8>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let (bytes, count, shape) = (images.as_slice()?, images.shape()[0], self.model.card.image_shape);
        let found = self.predict(py, threads, occluded_images(shape), |predictor| {
            let one = |image| predictor.occlusion(image).map(|found| found.importance);
            bytes.chunks_exact(shape.len()).map(one).collect::<Result<Vec<_>, _>>()
        })?;
        let values = found.map_err(value_error)?.concat();
        PyArray1::from_vec(py, values).reshape([count, shape.height, shape.width])
    }
}
