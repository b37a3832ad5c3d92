//! A graph without branches as one step after the other.

use std::collections::{HashMap, HashSet};

use super::constants::Constants;
use super::error::ImportError;
use crate::proto::{GraphProto, NodeProto};

/// What is done to a value. Constants come with their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Convolution.
    Conv(Conv),
    /// A product with weights `[out, in]`.
    Dense {
        shape: [usize; 2],
        weight: Vec<f32>,
        bias: Option<Vec<f32>>,
    },
    /// Each value times this.
    ScaleAll(f32),
    /// Each value and this.
    ShiftAll(f32),
    /// Each value times that of its channel.
    Scale(Vec<f32>),
    /// Each value and that of its channel.
    Shift(Vec<f32>),
    /// Batch normalisation: gamma, beta, mean, variance.
    BatchNorm {
        tensors: [Vec<f32>; 4],
        epsilon: f32,
    },
    MaxPool(Windows),
    AveragePool(Windows),
    GlobalMaxPool,
    GlobalAveragePool,
    Relu,
    LeakyRelu {
        slope: f32,
    },
    Prelu(Vec<f32>),
    Gelu,
    Silu,
    /// An image to the order height, width, channel.
    ChannelsLast,
    /// An image of that order to channel, height, width.
    ChannelsFirst,
    /// An image as one row.
    Flatten,
    Softmax,
}

/// A convolution.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conv {
    pub(super) shape: Vec<usize>,
    pub(super) weight: Vec<f32>,
    pub(super) bias: Option<Vec<f32>>,
    pub(super) groups: i64,
    pub(super) windows: Windows,
}

/// Windows over an image; each list has the rows first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Windows {
    pub(super) size: Vec<i64>,
    pub(super) strides: Vec<i64>,
    /// Above, left, below, right.
    pub(super) pads: Vec<i64>,
}

impl Step {
    /// What errors call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Conv(_) => "Conv",
            Self::Dense { .. } => "Gemm",
            Self::ScaleAll(_) | Self::Scale(_) => "Mul",
            Self::ShiftAll(_) | Self::Shift(_) => "Add",
            Self::BatchNorm { .. } => "BatchNormalization",
            Self::MaxPool(_) => "MaxPool",
            Self::AveragePool(_) => "AveragePool",
            Self::GlobalMaxPool => "GlobalMaxPool",
            Self::GlobalAveragePool => "GlobalAveragePool",
            Self::Relu => "Relu",
            Self::LeakyRelu { .. } => "LeakyRelu",
            Self::Prelu(_) => "PRelu",
            Self::Gelu => "Gelu",
            Self::Silu => "Sigmoid and Mul",
            Self::ChannelsLast | Self::ChannelsFirst => "Transpose",
            Self::Flatten => "Flatten",
            Self::Softmax => "Softmax",
        }
    }
}

/// The steps of a graph, from its input to its end.
pub(super) fn steps(graph: &GraphProto, constants: &Constants<'_>) -> Result<Vec<Step>, ImportError> {
    let input = graph.input.iter().find(|input| !constants.has(&input.name)).ok_or(ImportError::NotOnnx)?;
    let mut readers: HashMap<&str, Vec<&NodeProto>> = HashMap::new();
    for node in &graph.node {
        let read: HashSet<&str> = node.input.iter().map(String::as_str).collect();
        read.into_iter().for_each(|value| readers.entry(value).or_default().push(node));
    }
    let mut steps = Vec::new();
    let mut value = input.name.as_str();
    // A graph that leads back to itself has an end nowhere.
    for _ in 0..=graph.node.len() {
        let (step, next) = match readers.get(value).map_or(&[][..], Vec::as_slice) {
            [] => return Ok(steps),
            [node] => (step(node, value, constants)?, node.output.first()),
            [one, other] => {
                let (step, last) = smooth(one, other, value, &readers, constants)?;
                (Some(step), last.output.first())
            }
            [_, .., last] => return Err(refused(last, BRANCH)),
        };
        steps.extend(step);
        value = next.ok_or(ImportError::NotOnnx)?;
    }
    Err(ImportError::NotOnnx)
}

const BRANCH: &str = "which reads what others read too, and only networks without branches can be imported";
const UNKNOWN: &str = "which no layer of a recipe stands for";
const OTHERWISE: &str = "which is used in a way that no layer of a recipe stands for";

fn refused(node: &NodeProto, problem: &'static str) -> ImportError {
    ImportError::Operator { operator: node.op_type.clone(), node: node.name.clone(), problem }
}

/// What a node that reads `value` alone does; `None` where that is nothing.
fn step(node: &NodeProto, value: &str, constants: &Constants<'_>) -> Result<Option<Step>, ImportError> {
    let otherwise = || refused(node, OTHERWISE);
    let is_first = node.input.first().is_some_and(|input| input == value);
    let floats = |index: usize| node.input.get(index).and_then(|name| constants.floats(name)).ok_or_else(otherwise);
    let shape = |index: usize| node.input.get(index).and_then(|name| constants.shape(name)).ok_or_else(otherwise);
    let optional = |index: usize| match node.input.get(index) {
        Some(name) if !name.is_empty() => floats(index).map(Some),
        _ => Ok(None),
    };
    let float = |name: &str, default: f32| attribute(node, name).map_or(default, |found| found.f.unwrap_or(default));
    let integer = |name: &str, default: i64| attribute(node, name).map_or(default, |found| found.i.unwrap_or(default));
    // Of a sum or product, in which the constant may come first.
    let operand = usize::from(is_first);
    let is_single = |index: usize| Ok::<_, ImportError>(shape(index)?.is_empty());
    let scale = |index: usize, scale: fn(f32) -> f32| {
        let values: Vec<f32> = floats(index)?.into_iter().map(scale).collect();
        Ok::<_, ImportError>(if is_single(index)? { Step::ScaleAll(values[0]) } else { Step::Scale(values) })
    };
    let shift = |index: usize, sign: f32| {
        let values: Vec<f32> = floats(index)?.into_iter().map(|value| sign * value).collect();
        Ok::<_, ImportError>(if is_single(index)? { Step::ShiftAll(values[0]) } else { Step::Shift(values) })
    };
    Ok(Some(match node.op_type.as_str() {
        "Identity" | "Dropout" | "Cast" => return Ok(None),
        "Conv" if is_first => {
            let dilations = integers(node, "dilations");
            if dilations.iter().any(|&dilation| dilation != 1) {
                return Err(otherwise());
            }
            let (shape, weight, bias) = (shape(1)?, floats(1)?, optional(2)?);
            let size = shape.iter().skip(2).map(|&size| size as i64).collect();
            let windows = Windows { size, ..windows(node).ok_or_else(otherwise)? };
            Step::Conv(Conv { shape, weight, bias, groups: integer("group", 1), windows })
        }
        "Gemm" if is_first && float("alpha", 1.0) == 1.0 && float("beta", 1.0) == 1.0 && integer("transA", 0) == 0 => {
            dense(&shape(1)?, floats(1)?, integer("transB", 0) == 1, optional(2)?).ok_or_else(otherwise)?
        }
        "MatMul" if is_first => dense(&shape(1)?, floats(1)?, false, None).ok_or_else(otherwise)?,
        "Add" => shift(operand, 1.0)?,
        "Mul" => scale(operand, |value| value)?,
        "Sub" if is_first => shift(1, -1.0)?,
        "Div" if is_first => scale(1, f32::recip)?,
        "BatchNormalization" if is_first => {
            let tensors = [floats(1)?, floats(2)?, floats(3)?, floats(4)?];
            Step::BatchNorm { tensors, epsilon: float("epsilon", 1e-5) }
        }
        "MaxPool" => Step::MaxPool(windows(node).ok_or_else(otherwise)?),
        "AveragePool" => Step::AveragePool(windows(node).ok_or_else(otherwise)?),
        "GlobalMaxPool" => Step::GlobalMaxPool,
        "GlobalAveragePool" => Step::GlobalAveragePool,
        "Relu" => Step::Relu,
        "LeakyRelu" => Step::LeakyRelu { slope: float("alpha", 0.01) },
        "PRelu" if is_first => Step::Prelu(floats(1)?),
        "Gelu" if attribute(node, "approximate").is_none_or(|found| found.s.as_deref() == Some(b"none")) => Step::Gelu,
        "Transpose" => match integers(node, "perm")[..] {
            [0, 2, 3, 1] => Step::ChannelsLast,
            [0, 3, 1, 2] => Step::ChannelsFirst,
            _ => return Err(otherwise()),
        },
        "Flatten" if integer("axis", 1) == 1 => Step::Flatten,
        // To a row for each image.
        "Reshape" => match node.input.get(1).and_then(|name| constants.integers(name)).as_deref() {
            Some([_, _]) => Step::Flatten,
            _ => return Err(otherwise()),
        },
        "Softmax" => Step::Softmax,
        "Conv" | "Gemm" | "MatMul" | "Sub" | "Div" | "BatchNormalization" | "PRelu" | "Gelu" | "Flatten" => {
            return Err(otherwise());
        }
        _ => return Err(refused(node, UNKNOWN)),
    }))
}

/// SiLU and GELU, which read a value twice. Gives the last node of it, too.
fn smooth<'a>(
    one: &'a NodeProto,
    other: &'a NodeProto,
    value: &str,
    readers: &HashMap<&str, Vec<&'a NodeProto>>,
    constants: &Constants<'_>,
) -> Result<(Step, &'a NodeProto), ImportError> {
    let only_reader = |node: &NodeProto| match readers.get(node.output.first()?.as_str())?[..] {
        [reader] => Some(reader),
        _ => None,
    };
    let is = |node: &NodeProto, operator: &str| node.op_type == operator;
    let near = |node: &NodeProto, wanted: f32| {
        node.input
            .iter()
            .filter_map(|name| constants.floats(name))
            .any(|found| matches!(found[..], [found] if (found - wanted).abs() < 1e-4))
    };
    for (first, product) in [(one, other), (other, one)] {
        if is(product, "Mul") && product.input.iter().any(|input| input == value) {
            let factor = only_reader(first);
            if is(first, "Sigmoid") && factor.is_some_and(|factor| std::ptr::eq(factor, product)) {
                return Ok((Step::Silu, product));
            }
            let is_root = is(first, "Div") && near(first, std::f32::consts::SQRT_2)
                || is(first, "Mul") && near(first, std::f32::consts::FRAC_1_SQRT_2);
            let error = factor.filter(|error| is_root && is(error, "Erf"));
            let sum = error.and_then(only_reader).filter(|sum| is(sum, "Add") && near(sum, 1.0));
            let is_product = sum.and_then(only_reader).is_some_and(|factor| std::ptr::eq(factor, product));
            let half = only_reader(product).filter(|half| is_product && is(half, "Mul") && near(half, 0.5));
            if let Some(half) = half {
                return Ok((Step::Gelu, half));
            }
        }
    }
    // Of the two the one that joins what has come apart, as a residual block's sum does.
    let joins = |node: &&&NodeProto| node.input.iter().filter(|input| !constants.has(input)).count() > 1;
    Err(refused([one, other].iter().find(joins).copied().unwrap_or(other), BRANCH))
}

/// A dense layer's step; weights are `[out, in]` if `turned`, else `[in, out]`.
fn dense(shape: &[usize], weight: Vec<f32>, turned: bool, bias: Option<Vec<f32>>) -> Option<Step> {
    let &[rows, columns] = shape else { return None };
    if turned {
        return Some(Step::Dense { shape: [rows, columns], weight, bias });
    }
    let turned = (0..columns).flat_map(|output| (0..rows).map(move |input| input * columns + output));
    let weight = turned.map(|place| weight.get(place).copied()).collect::<Option<_>>()?;
    Some(Step::Dense { shape: [columns, rows], weight, bias })
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a crate::proto::AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn integers(node: &NodeProto, name: &str) -> Vec<i64> {
    attribute(node, name).map(|found| found.ints.clone()).unwrap_or_default()
}

/// The windows of a convolution or of pooling; `None` where they are placed by another rule than plain zeros.
fn windows(node: &NodeProto) -> Option<Windows> {
    let is_plain = attribute(node, "auto_pad").is_none_or(|found| found.s.as_deref() == Some(b"NOTSET"))
        && attribute(node, "ceil_mode").is_none_or(|found| found.i.unwrap_or(0) == 0);
    let or = |found: Vec<i64>, default: &[i64]| if found.is_empty() { default.to_vec() } else { found };
    let strides = or(integers(node, "strides"), &[1, 1]);
    let pads = or(integers(node, "pads"), &[0; 4]);
    is_plain.then(|| Windows { size: integers(node, "kernel_shape"), strides, pads })
}
