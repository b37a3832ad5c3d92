//! From an ONNX file to the weights of a network.
//!
//! A recipe says what the network is. The file is to hold the same one, without branches, in operators that the recipe's layers
//! have; anything else is refused by its name. Batch normalisation may be part of the weights before it.

mod constants;
mod error;
mod fill;
mod steps;

use modiste_network::{Network, Recipe};
use prost::Message;

use self::constants::Constants;
pub use self::error::ImportError;
use self::fill::Fill;
pub use self::fill::Imported;
use self::steps::steps;
use super::proto::{GraphProto, ModelProto};

/// An ONNX file that has been read. Memory is a multiple of the file's length at most.
pub struct OnnxFile {
    graph: GraphProto,
    /// Keys and values.
    texts: Vec<(String, String)>,
}

impl OnnxFile {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When they are not ONNX.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImportError> {
        let file = ModelProto::decode(bytes).map_err(|_| ImportError::NotOnnx)?;
        let graph = file.graph.filter(|graph| !graph.node.is_empty()).ok_or(ImportError::NotOnnx)?;
        let texts = file.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
        Ok(Self { graph, texts })
    }

    /// What its metadata says under a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.texts.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    /// The weights of `network`, which is that of `recipe`.
    ///
    /// # Errors
    /// When the file holds another network, or one with operators that are not known here.
    pub fn import(&self, recipe: &Recipe, network: &Network) -> Result<Imported, ImportError> {
        let constants = Constants::of(&self.graph);
        let steps = steps(&self.graph, &constants)?;
        Fill::new(recipe, network, steps).run()
    }
}
