//! The messages of an event file, as far as they are written here: the protobuf messages `tensorflow.Event` and below, and those of
//! the HParams plugin.

use std::collections::BTreeMap;

use prost::{Enumeration, Message, Oneof};

/// What happened at a step.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// When, as training counts.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What.
    #[prost(oneof = "EventContent", tags = "3, 5")]
    pub content: Option<EventContent>,
}

/// What happened.
#[derive(Clone, PartialEq, Oneof)]
pub enum EventContent {
    /// The first event of a file says how it is to be read.
    #[prost(string, tag = "3")]
    FileVersion(String),
    /// Something was measured.
    #[prost(message, tag = "5")]
    Summaries(Summaries),
}

/// Measurements.
#[derive(Clone, PartialEq, Message)]
pub struct Summaries {
    /// Each by its tag.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Summary>,
}

/// A measurement.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// What is measured: a path, whose first part groups charts.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// For which plugin it is, where its kind does not say so.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<Metadata>,
    /// What it came to.
    #[prost(oneof = "Measured", tags = "2, 4, 5, 8")]
    pub measured: Option<Measured>,
}

/// What a measurement came to.
#[derive(Clone, PartialEq, Oneof)]
pub enum Measured {
    /// A number.
    #[prost(float, tag = "2")]
    Scalar(f32),
    /// A picture.
    #[prost(message, tag = "4")]
    Image(Image),
    /// How numbers are distributed.
    #[prost(message, tag = "5")]
    Histogram(Histogram),
    /// Numbers of any shape.
    #[prost(message, tag = "8")]
    Tensor(Tensor),
}

/// An encoded picture.
#[derive(Clone, PartialEq, Message)]
pub struct Image {
    /// Rows.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Columns.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Channels: 1, 3 or 4.
    #[prost(int32, tag = "3")]
    pub colour_space: i32,
    /// A PNG file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded: Vec<u8>,
}

/// How numbers are distributed.
#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    /// The least.
    #[prost(double, tag = "1")]
    pub min: f64,
    /// The largest.
    #[prost(double, tag = "2")]
    pub max: f64,
    /// How many.
    #[prost(double, tag = "3")]
    pub count: f64,
    /// Of all.
    #[prost(double, tag = "4")]
    pub sum: f64,
    /// Of all.
    #[prost(double, tag = "5")]
    pub sum_of_squares: f64,
    /// Where each bucket ends and the next begins.
    #[prost(double, repeated, tag = "6")]
    pub limits: Vec<f64>,
    /// How many are in each bucket.
    #[prost(double, repeated, tag = "7")]
    pub counts: Vec<f64>,
}

/// Numbers of any shape; here only the empty list, where a plugin wants a tensor and looks at metadata alone.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// Their type.
    #[prost(enumeration = "DataType", tag = "1")]
    pub data_type: i32,
    /// Their shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShape>,
}

/// Types of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum DataType {
    /// None.
    Invalid = 0,
    /// f32
    Float = 1,
}

/// A shape.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShape {
    /// Along each dimension.
    #[prost(message, repeated, tag = "2")]
    pub dimensions: Vec<Dimension>,
}

/// The size along a dimension.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// Numbers.
    #[prost(int64, tag = "1")]
    pub size: i64,
}

/// What belongs to a measurement.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    /// For a plugin.
    #[prost(message, optional, tag = "1")]
    pub plugin: Option<PluginData>,
}

/// What a plugin is told.
#[derive(Clone, PartialEq, Message)]
pub struct PluginData {
    /// Which plugin.
    #[prost(string, tag = "1")]
    pub name: String,
    /// A message of its own: of `hparams`, [`Hyperparameters`].
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}

/// What the HParams plugin is told.
#[derive(Clone, PartialEq, Message)]
pub struct Hyperparameters {
    /// Of this message: 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// What happened.
    #[prost(oneof = "SessionEvent", tags = "3, 4")]
    pub event: Option<SessionEvent>,
}

/// What happened to a training.
#[derive(Clone, PartialEq, Oneof)]
pub enum SessionEvent {
    /// It began.
    #[prost(message, tag = "3")]
    Begin(SessionBegin),
    /// It ended.
    #[prost(message, tag = "4")]
    End(SessionEnd),
}

/// A training begins.
#[derive(Clone, PartialEq, Message)]
pub struct SessionBegin {
    /// By which settings.
    #[prost(btree_map = "string, message", tag = "1")]
    pub hyperparameters: BTreeMap<String, Setting>,
    /// Seconds since 1970.
    #[prost(double, tag = "5")]
    pub time: f64,
}

/// A training ends.
#[derive(Clone, PartialEq, Message)]
pub struct SessionEnd {
    /// How.
    #[prost(enumeration = "Status", tag = "1")]
    pub status: i32,
    /// Seconds since 1970.
    #[prost(double, tag = "2")]
    pub time: f64,
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum Status {
    /// Nobody knows.
    Unknown = 0,
    /// As it should.
    Success = 1,
}

/// A setting: `google.protobuf.Value`.
#[derive(Clone, PartialEq, Message)]
pub struct Setting {
    /// What it is.
    #[prost(oneof = "SettingKind", tags = "2, 3, 4")]
    pub kind: Option<SettingKind>,
}

/// What a setting is.
#[derive(Clone, PartialEq, Oneof)]
pub enum SettingKind {
    /// A number.
    #[prost(double, tag = "2")]
    Number(f64),
    /// A word.
    #[prost(string, tag = "3")]
    Text(String),
    /// Yes or no.
    #[prost(bool, tag = "4")]
    Bool(bool),
}

impl From<f64> for Setting {
    fn from(number: f64) -> Self {
        Self { kind: Some(SettingKind::Number(number)) }
    }
}

impl From<bool> for Setting {
    fn from(value: bool) -> Self {
        Self { kind: Some(SettingKind::Bool(value)) }
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self { kind: Some(SettingKind::Text(text.to_owned())) }
    }
}

impl Event {
    /// What was measured; nothing where the event says something else.
    pub fn summaries(&self) -> &[Summary] {
        match &self.content {
            Some(EventContent::Summaries(summaries)) => &summaries.values,
            _ => &[],
        }
    }
}
