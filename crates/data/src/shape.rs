//! The shape of images.

use serde::{Deserialize, Serialize};

/// Height, width and channels of every image of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageShape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values per pixel: 1 is grey, 3 is colour.
    pub channels: usize,
}

impl ImageShape {
    /// Values in one image.
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether an image holds no value at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
