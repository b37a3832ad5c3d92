//! Trained weights that a run starts from, instead of random ones.
//!
//! `start.safetensors` in a run directory holds them, so that a run which is begun anew needs nothing from elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use modiste_data::ImageShape;
use modiste_files::FileError;
use modiste_files::tensor_file::{self, TensorFile};
use modiste_network::executor::initialisation::glorot_uniform;
use modiste_network::model::{collect, tensors};
use modiste_network::{Model, Network, Parameter};

/// What errors call the file.
const KIND: &str = "start of a run";
/// Changes when an older program could not use the file any more.
const FORMAT: &str = "modiste-start-1";
/// Tensors that do not fit are named, but no more of them than these.
const MOST_NAMED: usize = 8;

/// A model that runs start from.
#[derive(Clone, Debug)]
pub struct Start {
    /// The run directory or file, as it was named.
    pub source: String,
    /// What lies there.
    pub model: Model,
}

/// What becomes of the layer that classifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLayer {
    /// It is the model's, each class with its weights, since the classes have the same names.
    Kept,
    /// It is a new one, since the classes are others.
    New,
}

/// Why a run cannot start from a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The model takes other images.
    #[error(
        "cannot start from {from}: it takes images of {}x{}x{}, but these are {}x{}x{}",
        takes.height, takes.width, takes.channels, has.height, has.width, has.channels
    )]
    Images {
        /// The model.
        from: String,
        /// What it takes.
        takes: ImageShape,
        /// What there is.
        has: ImageShape,
    },
    /// The recipe's network has other tensors.
    #[error("cannot start from {from}: {mismatches}; take the recipe that it was trained by, or leave the recipe out")]
    Tensors {
        /// The model.
        from: String,
        /// Each with what it is and what it should be.
        mismatches: String,
    },
}

impl Start {
    /// What becomes of the layer that classifies, where the classes have these names.
    pub fn last_layer(&self, class_names: &[String]) -> LastLayer {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort();
            names
        };
        if sorted(&self.model.card.class_names) == sorted(class_names) { LastLayer::Kept } else { LastLayer::New }
    }

    /// The parameters that a network for these classes begins with; a new last layer follows from `seed`.
    ///
    /// # Errors
    /// When the network has other layers than the model.
    pub fn parameters(&self, network: &Network, class_names: &[String], seed: u64) -> Result<Vec<f32>, StartError> {
        let Model { card, network: own, parameters: values, .. } = &self.model;
        if own.input != network.input {
            let (takes, has) = (own.input, network.input);
            return Err(StartError::Images { from: self.source.clone(), takes, has });
        }
        let last = network.layers.last().map_or(0..0, |layer| layer.parameters.clone());
        let last_layer = self.last_layer(class_names);
        let mut parameters = glorot_uniform(network, seed);
        let mut mismatches = Vec::new();
        for (index, wanted) in network.parameters.iter().enumerate() {
            let is_last = last.contains(&index);
            if is_last && last_layer == LastLayer::New {
                continue;
            }
            let found = own.parameters.iter().find(|parameter| parameter.name == wanted.name);
            let Some(Parameter { range, .. }) = found.filter(|found| found.shape == wanted.shape) else {
                mismatches.push(mismatch(wanted, found));
                continue;
            };
            let (place, source) = (&mut parameters[wanted.range.clone()], &values[range.clone()]);
            if !is_last {
                place.copy_from_slice(source);
                continue;
            }
            // Each class has a row of its own, and they may come in another order.
            let row_len = place.len() / class_names.len();
            for (name, row) in class_names.iter().zip(place.chunks_exact_mut(row_len)) {
                let class = card.class_names.iter().position(|own| own == name).unwrap_or_default();
                row.copy_from_slice(&source[class * row_len..][..row_len]);
            }
        }
        let is_unknown = |parameter: &&Parameter| network.parameters.iter().all(|wanted| wanted.name != parameter.name);
        mismatches.extend(own.parameters.iter().filter(is_unknown).map(|more| format!("it has {} too", more.name)));
        if mismatches.is_empty() {
            return Ok(parameters);
        }
        let more = mismatches.len().saturating_sub(MOST_NAMED);
        mismatches.truncate(MOST_NAMED);
        if more > 0 {
            mismatches.push(format!("and {more} more"));
        }
        Err(StartError::Tensors { from: self.source.clone(), mismatches: mismatches.join(", ") })
    }
}

fn mismatch(wanted: &Parameter, found: Option<&Parameter>) -> String {
    match found {
        None => format!("it lacks {}", wanted.name),
        Some(found) => format!("its {} is {:?} and should be {:?}", wanted.name, found.shape, wanted.shape),
    }
}

/// Keeps the first parameters of a run, and where they came from.
pub(super) fn save(path: &Path, network: &Network, parameters: &[f32], source: &str) -> Result<(), FileError> {
    let texts = BTreeMap::from([("format", FORMAT.to_owned()), ("source", source.to_owned())]);
    tensor_file::write(path, &texts, &tensors(network, "", parameters))
}

/// Reads what a run has kept of its start.
///
/// # Errors
/// When it cannot be read, is none, is damaged, or is of another network.
pub fn open(path: &Path, network: &Network) -> Result<Vec<f32>, FileError> {
    let file = TensorFile::read(path, KIND)?;
    let format = file.text("format")?;
    if format != FORMAT {
        return Err(file.invalid(format!("its format is '{format}', and this program reads '{FORMAT}'")));
    }
    collect(&file, network, "")
}
