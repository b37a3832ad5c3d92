//! Why a file cannot be imported.

/// Why an ONNX file gives no weights to a network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportError {
    /// The bytes are something else.
    #[error("it is not ONNX, or it is damaged")]
    NotOnnx,
    /// The graph has an operator that no layer stands for, or uses one in a way that none does.
    #[error("it has the operator {operator}{}, {problem}", at(node))]
    Operator {
        /// Its name.
        operator: String,
        /// The node's name, if it has one.
        node: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A layer of the recipe is not what the file has in its place.
    #[error("the recipe's layer {layer} does not fit it: {problem}")]
    Layer {
        /// The layer's name.
        layer: String,
        /// What is wrong.
        problem: String,
    },
    /// The recipe's network has branches.
    #[error(
        "the recipe has the layer {0}, which adds branches, and only networks without them can be imported from ONNX"
    )]
    Branches(String),
    /// The file goes on behind the recipe's last layer.
    #[error("it goes on with {0} where the recipe ends")]
    More(&'static str),
    /// Pixels are scaled in another way.
    #[error("it scales pixels of 0 and 255 to {file:?}, and the recipe to {recipe:?}: set data.scaling in the recipe")]
    Scaling {
        /// By the file.
        file: [String; 2],
        /// By the recipe.
        recipe: [String; 2],
    },
}

fn at(node: &str) -> String {
    if node.is_empty() { String::new() } else { format!(" ({node})") }
}
