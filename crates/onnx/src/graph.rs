//! A graph that grows node by node.

use std::collections::BTreeSet;

use super::proto::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS, AttributeProto, Dimension, DimensionValue, FLOAT, GraphProto,
    INT64, NodeProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// What the free first dimension of inputs and outputs is called.
const BATCH: &str = "batch";

/// A graph in the making.
pub(crate) struct Graph {
    graph: GraphProto,
    /// Names of the constants that are in it.
    constants: BTreeSet<String>,
}

impl Graph {
    /// With nothing in it.
    pub(crate) fn new(name: &str) -> Self {
        Self { graph: GraphProto { name: name.to_owned(), ..GraphProto::default() }, constants: BTreeSet::new() }
    }

    /// A constant of floats in this shape; one of this name that is there already stays. Gives its name.
    pub(crate) fn floats(&mut self, name: String, shape: &[usize], values: &[f32]) -> String {
        if self.constants.insert(name.clone()) {
            self.graph.initializer.push(TensorProto {
                dims: shape.iter().map(|&size| size as i64).collect(),
                data_type: FLOAT,
                name: name.clone(),
                raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
                ..TensorProto::default()
            });
        }
        name
    }

    /// A single float.
    pub(crate) fn number(&mut self, name: &str, value: f32) -> String {
        self.floats(name.to_owned(), &[], &[value])
    }

    /// A row of whole numbers; one of this name that is there already stays. Gives its name.
    pub(crate) fn integers(&mut self, name: String, values: &[i64]) -> String {
        if self.constants.insert(name.clone()) {
            self.graph.initializer.push(TensorProto {
                dims: vec![values.len() as i64],
                data_type: INT64,
                name: name.clone(),
                raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
                ..TensorProto::default()
            });
        }
        name
    }

    /// An operation that gives a value of this name. Gives the name. The operation has another, since some engines keep names of
    /// operations and values together.
    pub(crate) fn node(
        &mut self,
        operator: &str,
        name: impl Into<String>,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let name = name.into();
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.clone()],
            name: format!("{name}/{operator}"),
            op_type: operator.to_owned(),
            domain: String::new(),
            attribute: attributes,
        });
        name
    }

    /// A value that comes from outside: of a data type, and of this shape behind the batch.
    pub(crate) fn input(&mut self, name: &str, data_type: i32, shape: &[usize]) {
        self.graph.input.push(value_info(name, data_type, shape));
    }

    /// A value that is given: floats of this shape behind the batch.
    pub(crate) fn output(&mut self, name: &str, shape: &[usize]) {
        self.graph.output.push(value_info(name, FLOAT, shape));
    }

    /// The whole graph.
    pub(crate) fn finish(self) -> GraphProto {
        self.graph
    }
}

fn value_info(name: &str, data_type: i32, shape: &[usize]) -> ValueInfoProto {
    let batch = DimensionValue::Named(BATCH.to_owned());
    let sizes = shape.iter().map(|&size| DimensionValue::Fixed(size as i64));
    let dim = std::iter::once(batch).chain(sizes).map(|value| Dimension { value: Some(value) }).collect();
    let tensor_type = TensorTypeProto { elem_type: data_type, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: name.to_owned(), kind: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}

/// A setting that is a float.
pub(crate) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), kind: ATTRIBUTE_FLOAT, f: Some(value), ..AttributeProto::default() }
}

/// A setting that is a whole number.
pub(crate) fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), kind: ATTRIBUTE_INT, i: Some(value), ..AttributeProto::default() }
}

/// A setting that is a row of whole numbers.
pub(crate) fn integers(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|&value| value as i64).collect();
    AttributeProto { name: name.to_owned(), kind: ATTRIBUTE_INTS, ints, ..AttributeProto::default() }
}
