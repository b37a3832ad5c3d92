//! Numbers that a graph holds.

use std::collections::HashMap;

use crate::proto::{FLOAT, GraphProto, INT64, TensorProto};

/// Constants by the names of their values.
pub(super) struct Constants<'a>(HashMap<&'a str, &'a TensorProto>);

impl<'a> Constants<'a> {
    /// Of a graph.
    pub(super) fn of(graph: &'a GraphProto) -> Self {
        let mut constants: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        for node in graph.node.iter().filter(|node| node.op_type == "Constant") {
            let tensor = node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
            if let (Some(name), Some(tensor)) = (node.output.first(), tensor) {
                constants.insert(name, tensor);
            }
        }
        Self(constants)
    }

    /// Whether there is one of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The sizes of one.
    pub(super) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.0.get(name)?.dims.iter().map(|&size| usize::try_from(size).ok()).collect()
    }

    /// The floats of one; `None` where it has others, or not as many as its sizes say, or one of them is no number.
    pub(super) fn floats(&self, name: &str) -> Option<Vec<f32>> {
        let tensor = self.0.get(name).filter(|tensor| tensor.data_type == FLOAT)?;
        let raw = || tensor.raw_data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let values = if tensor.float_data.is_empty() { raw() } else { tensor.float_data.clone() };
        let count = self.shape(name)?.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))?;
        (values.len() == count && values.iter().all(|value| value.is_finite())).then_some(values)
    }

    /// The whole numbers of one.
    pub(super) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        let tensor = self.0.get(name).filter(|tensor| tensor.data_type == INT64)?;
        let raw = || tensor.raw_data.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        Some(if tensor.int64_data.is_empty() { raw() } else { tensor.int64_data.clone() })
    }
}
