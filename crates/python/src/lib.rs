//! The Rust half of the Python package `modiste`: NumPy's arrays in, the libraries' work, NumPy's arrays out.
//!
//! What people call is written in Python, in `python/modiste`, on top of this. All functions take checked arguments in plain
//! order, since only that package calls them.

mod data;
mod errors;
mod images;
mod interrupt;
mod model;
mod threads;
mod training;
mod tsne;

use pyo3::prelude::*;

/// The module `modiste._modiste`.
#[pymodule]
mod _modiste {
    #[pymodule_export]
    use super::data::{check_data, load_data};
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::threads::available_threads;
    #[pymodule_export]
    use super::training::{built_in_recipes, train};
    #[pymodule_export]
    use super::tsne::{fit_map, transform_map};
}
