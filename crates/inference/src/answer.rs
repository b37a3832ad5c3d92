//! What a network says of one picture, as programs read it.

use serde::Serialize;

/// What `--min-confidence` calls a picture of whose class the network is not certain enough.
pub const UNSURE: &str = "unsure";

/// What a network says of one picture. Fields may be added, but not renamed: other programs read them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// What the picture is called.
    pub input: String,
    /// The likeliest class, or `unsure`.
    pub class: String,
    /// Its number; none where it is unsure.
    pub index: Option<usize>,
    /// Of the likeliest class.
    pub probability: f32,
    /// The likeliest classes, the first of which is the likeliest.
    pub top: Vec<Likely>,
    /// How unlike all that the network was trained on it is, from 0 to 1, where the model says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfamiliar: Option<f32>,
    /// What was done to the picture before the network saw it; none of an image that a data set has prepared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepared: Option<String>,
    /// The class that a data set says it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
}

/// A class and how likely it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Likely {
    /// Its name.
    pub class: String,
    /// Its number.
    pub index: usize,
    /// At the temperature of the model.
    pub probability: f32,
}

/// A picture that cannot be classified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What the picture is called.
    pub input: String,
    /// Why, and what to do.
    pub error: String,
}
