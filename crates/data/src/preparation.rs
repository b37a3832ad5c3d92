//! How a picture of any size and kind becomes an image of a set: the same for training, prediction and serving.

use serde::{Deserialize, Serialize};

use crate::shape::ImageShape;

/// What to do about pictures whose proportions are not those of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Keeps all of the picture, and fills what is left with the colour of its border.
    #[default]
    Pad,
    /// Fills the whole of the size, and cuts off what lies beyond.
    Crop,
    /// Changes the proportions.
    Stretch,
}

/// What lies behind transparent pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Background {
    /// Value 0.
    Black,
    /// Value 255.
    White,
}

/// What becomes of every picture of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    /// Rows it comes to.
    pub height: usize,
    /// Columns it comes to.
    pub width: usize,
    /// Values per pixel: 1 is grey, 3 is colour.
    pub channels: usize,
    /// How it is brought to that size.
    pub fit: Fit,
    /// What lies behind its transparent pixels.
    pub background: Background,
}

impl Preparation {
    /// What is done where nothing is said, for images of this shape.
    pub fn of(shape: ImageShape) -> Self {
        let ImageShape { height, width, channels } = shape;
        Self { height, width, channels, fit: Fit::default(), background: Background::White }
    }
}
