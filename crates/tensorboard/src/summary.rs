//! Measurements under a tag.

use crate::messages::{Histogram, Image, Measured, Summary};

impl Summary {
    /// A number.
    pub fn scalar(tag: impl Into<String>, value: f64) -> Self {
        Self::new(tag, Measured::Scalar(value as f32))
    }

    /// How numbers are distributed; NaN and infinities are left out. `None` of no numbers.
    pub fn histogram(tag: impl Into<String>, values: &[f32]) -> Option<Self> {
        Some(Self::new(tag, Measured::Histogram(Histogram::of(values)?)))
    }

    /// A PNG file in colours, of so many columns and rows.
    pub fn image(tag: impl Into<String>, (width, height): (usize, usize), png: Vec<u8>) -> Self {
        let size = |pixels: usize| i32::try_from(pixels).unwrap_or(i32::MAX);
        let image = Image { height: size(height), width: size(width), colour_space: 3, encoded: png };
        Self::new(tag, Measured::Image(image))
    }

    fn new(tag: impl Into<String>, measured: Measured) -> Self {
        Self { tag: tag.into(), metadata: None, measured: Some(measured) }
    }
}
