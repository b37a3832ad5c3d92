//! How a raw byte becomes the number a network sees.

use serde::{Deserialize, Serialize};

/// The three steps from a pixel in 0..=255 to a network's input: `(x / divide - subtract) * multiply`,
/// each rounded to f32, as NumPy does them one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// First the pixel is divided by this.
    pub divide: f32,
    /// Then this is subtracted.
    pub subtract: f32,
    /// Then the difference is multiplied by this.
    pub multiply: f32,
}

impl Scaling {
    /// Pixels to [-1, 1]: divide by 255, subtract a half, double.
    pub const SYMMETRIC: Scaling = Scaling { divide: 255.0, subtract: 0.5, multiply: 2.0 };

    /// The network's input for a pixel.
    #[inline]
    pub fn scaled(&self, pixel: u8) -> f32 {
        self.scaled_value(f32::from(pixel))
    }

    /// The network's input for a pixel in 0..=255 that need not be whole.
    #[inline]
    pub fn scaled_value(&self, pixel: f32) -> f32 {
        (pixel / self.divide - self.subtract) * self.multiply
    }
}

impl Default for Scaling {
    fn default() -> Self {
        Self::SYMMETRIC
    }
}
