//! A model's tensors as a file that PyTorch's users read.

use std::path::Path;

use modiste_files::FileError;
use modiste_files::tensor_file;
use modiste_network::{Model, model};

use super::names::names;

/// Writes the tensors of a model under PyTorch's names, and what the model says of itself; the old file stays if that fails.
///
/// # Errors
/// When the system refuses.
pub fn weights(path: &Path, model: &Model) -> Result<(), FileError> {
    let mut texts = model.card.texts().map_err(|error| FileError::io("write", path, error.into()))?;
    // What libraries of Python look for.
    texts.insert("format", "pt".to_owned());
    let mut tensors = model::tensors(&model.network, "", &model.parameters);
    for (tensor, name) in tensors.iter_mut().zip(names(&model.network)) {
        tensor.name = name;
    }
    tensor_file::write(path, &texts, &tensors)
}
