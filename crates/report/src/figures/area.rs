//! What figures are drawn on.

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::RGBColor;

use crate::picture::Colour;

/// Of any figure. Words are 32 units high; as SVG three units are a CSS pixel, so that words have 8 points, those of papers.
pub(super) type Area<B> = DrawingArea<B, Shift>;
pub(super) type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Units of a drawing for each CSS pixel.
pub(super) const UNITS: u32 = 3;

pub(super) fn rgb([red, green, blue]: Colour) -> RGBColor {
    RGBColor(red, green, blue)
}
