//! How images that are not of one size already are made so, as `--size`, `--fit`, `--background`, `--shape` and `--skip-bad` say.

use modiste_data::ImageShape;
use serde::{Deserialize, Serialize};

/// What to do about images whose proportions are not those of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Keeps all of the image, and fills what is left with the colour of its border.
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

/// What is said of how images are read; what is not said follows from the images.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// Height and width of every image. By default their own where all agree and are at most 64, else 28.
    pub size: Option<(usize, usize)>,
    /// What to do about other proportions.
    pub fit: Fit,
    /// What lies behind transparent pixels. By default white, and black where most training images are bright on black.
    pub background: Option<Background>,
    /// How the values of a row of a table lie, where their number does not say it.
    pub shape: Option<ImageShape>,
    /// Goes on without files that are damaged.
    pub skip_bad: bool,
}
