//! The messages of ONNX's protobuf schema that a network of ours needs. What a file has beside them is passed over.

use prost::{Message, Oneof};

/// `TensorProto.DataType`: 32-bit floats.
pub(crate) const FLOAT: i32 = 1;
/// `TensorProto.DataType`: bytes.
pub(crate) const UINT8: i32 = 2;
/// `TensorProto.DataType`: 64-bit whole numbers.
pub(crate) const INT64: i32 = 7;

/// `AttributeProto.AttributeType`: one float.
pub(crate) const ATTRIBUTE_FLOAT: i32 = 1;
/// `AttributeProto.AttributeType`: one whole number.
pub(crate) const ATTRIBUTE_INT: i32 = 2;
/// `AttributeProto.AttributeType`: whole numbers.
pub(crate) const ATTRIBUTE_INTS: i32 = 7;

/// A file.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ModelProto {
    #[prost(int64, tag = 1)]
    pub(crate) ir_version: i64,
    #[prost(message, repeated, tag = 8)]
    pub(crate) opset_import: Vec<OperatorSetIdProto>,
    #[prost(string, tag = 2)]
    pub(crate) producer_name: String,
    #[prost(string, tag = 3)]
    pub(crate) producer_version: String,
    #[prost(string, tag = 6)]
    pub(crate) doc_string: String,
    #[prost(message, optional, tag = 7)]
    pub(crate) graph: Option<GraphProto>,
    #[prost(message, repeated, tag = 14)]
    pub(crate) metadata_props: Vec<StringStringEntryProto>,
}

/// A version of a set of operators.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct OperatorSetIdProto {
    #[prost(string, tag = 1)]
    pub(crate) domain: String,
    #[prost(int64, tag = 2)]
    pub(crate) version: i64,
}

/// A text under a key.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct StringStringEntryProto {
    #[prost(string, tag = 1)]
    pub(crate) key: String,
    #[prost(string, tag = 2)]
    pub(crate) value: String,
}

/// A network.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct GraphProto {
    #[prost(message, repeated, tag = 1)]
    pub(crate) node: Vec<NodeProto>,
    #[prost(string, tag = 2)]
    pub(crate) name: String,
    #[prost(message, repeated, tag = 5)]
    pub(crate) initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = 11)]
    pub(crate) input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = 12)]
    pub(crate) output: Vec<ValueInfoProto>,
}

/// An operation.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NodeProto {
    #[prost(string, repeated, tag = 1)]
    pub(crate) input: Vec<String>,
    #[prost(string, repeated, tag = 2)]
    pub(crate) output: Vec<String>,
    #[prost(string, tag = 3)]
    pub(crate) name: String,
    #[prost(string, tag = 4)]
    pub(crate) op_type: String,
    #[prost(string, tag = 7)]
    pub(crate) domain: String,
    #[prost(message, repeated, tag = 5)]
    pub(crate) attribute: Vec<AttributeProto>,
}

/// A setting of an operation. Its value is written even where it is 0.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct AttributeProto {
    #[prost(string, tag = 1)]
    pub(crate) name: String,
    #[prost(int32, tag = 20)]
    pub(crate) kind: i32,
    #[prost(float, optional, tag = 2)]
    pub(crate) f: Option<f32>,
    #[prost(int64, optional, tag = 3)]
    pub(crate) i: Option<i64>,
    #[prost(bytes = "vec", optional, tag = 4)]
    pub(crate) s: Option<Vec<u8>>,
    #[prost(message, optional, tag = 5)]
    pub(crate) t: Option<TensorProto>,
    #[prost(int64, repeated, packed = "false", tag = 8)]
    pub(crate) ints: Vec<i64>,
}

/// Constant numbers.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorProto {
    #[prost(int64, repeated, packed = "false", tag = 1)]
    pub(crate) dims: Vec<i64>,
    #[prost(int32, tag = 2)]
    pub(crate) data_type: i32,
    #[prost(float, repeated, tag = 4)]
    pub(crate) float_data: Vec<f32>,
    #[prost(int64, repeated, tag = 7)]
    pub(crate) int64_data: Vec<i64>,
    #[prost(string, tag = 8)]
    pub(crate) name: String,
    #[prost(bytes = "vec", tag = 9)]
    pub(crate) raw_data: Vec<u8>,
    /// 1 where the numbers lie in another file.
    #[prost(int32, tag = 14)]
    pub(crate) data_location: i32,
}

/// The type of an input or output.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValueInfoProto {
    #[prost(string, tag = 1)]
    pub(crate) name: String,
    #[prost(message, optional, tag = 2)]
    pub(crate) kind: Option<TypeProto>,
}

/// A type.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TypeProto {
    #[prost(message, optional, tag = 1)]
    pub(crate) tensor_type: Option<TensorTypeProto>,
}

/// Numbers of one kind in some shape.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorTypeProto {
    #[prost(int32, tag = 1)]
    pub(crate) elem_type: i32,
    #[prost(message, optional, tag = 2)]
    pub(crate) shape: Option<TensorShapeProto>,
}

/// Sizes, the outermost first.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorShapeProto {
    #[prost(message, repeated, tag = 1)]
    pub(crate) dim: Vec<Dimension>,
}

/// A size.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Dimension {
    #[prost(oneof = "DimensionValue", tags = "1, 2")]
    pub(crate) value: Option<DimensionValue>,
}

/// What is known of a size.
#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum DimensionValue {
    /// It is fixed.
    #[prost(int64, tag = 1)]
    Fixed(i64),
    /// It is whatever a name stands for.
    #[prost(string, tag = 2)]
    Named(String),
}
