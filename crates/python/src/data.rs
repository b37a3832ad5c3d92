//! Data sets by name or path.

use std::path::PathBuf;

use modiste_data::{Check, ImageShape};
use modiste_sources::{Event, LeftOut, Loaded, Source, load_described};
use modiste_training::data_source;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Serialize;

use crate::errors::{source_error, value_error};
use crate::images::arrays;
use crate::interrupt::beside_python;
use crate::model::Model;
use crate::threads::{available_threads, pool};

/// A data set as a dict: `name`, `class_names`, and of each part that there is, `train`, `validation` and `test`, images
/// `[n, height, width, channels]` and labels `[n]`. Where a model is given, its data is read as it was read for that.
///
/// `note` is called with sentences for people.
#[pyfunction]
pub(crate) fn load_data<'py>(
    py: Python<'py>,
    source: &str,
    data_dir: Option<PathBuf>,
    model: Option<Bound<'py, Model>>,
    note: Py<PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let source = match model {
        Some(model) => data_source(&model.get().model().card.data),
        None => parsed(source),
    };
    let Loaded { dataset, .. } = loaded(py, &source, data_dir, &note)?;
    let found = PyDict::new(py);
    found.set_item("name", &dataset.name)?;
    found.set_item("class_names", &dataset.class_names)?;
    found.set_item("train", arrays(py, &dataset.train)?)?;
    if let Some(validation) = &dataset.validation {
        found.set_item("validation", arrays(py, validation)?)?;
    }
    found.set_item("test", arrays(py, &dataset.test)?)?;
    Ok(found)
}

/// What `modiste data check --json` prints.
#[derive(Serialize)]
struct Checked<'a> {
    data: &'a str,
    form: &'a str,
    shape: ImageShape,
    left_out: &'a [LeftOut],
    #[serde(flatten)]
    check: Check,
}

/// What is in a data set and what is wrong with it, as JSON.
#[pyfunction]
pub(crate) fn check_data(py: Python<'_>, source: &str, data_dir: Option<PathBuf>, note: Py<PyAny>) -> PyResult<String> {
    let Loaded { dataset, form, left_out } = loaded(py, &parsed(source), data_dir, &note)?;
    let check = beside_python(py, |_| Check::of(&dataset))?;
    let shape = dataset.train.shape();
    serde_json::to_string(&Checked { data: &dataset.name, form, shape, left_out: &left_out, check })
        .map_err(value_error)
}

fn parsed(words: &str) -> Source {
    let Ok(source) = words.parse();
    source
}

fn loaded(py: Python<'_>, source: &Source, data_dir: Option<PathBuf>, note: &Py<PyAny>) -> PyResult<Loaded> {
    let pool = pool(available_threads())?;
    let loaded = beside_python(py, |caller| {
        pool.install(|| {
            load_described(source, data_dir.as_deref(), &|event: Event<'_>| {
                if let Event::Notice(text) = event {
                    let text = text.to_owned();
                    caller.call(move |py| note.call1(py, (text,)).map(|_| false));
                }
            })
        })
    })?;
    loaded.map_err(|error| source_error(&error))
}
