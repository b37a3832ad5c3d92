//! What figures are drawn on.

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::RGBColor;

use crate::picture::Colour;

/// Of any figure. Words are 32 units high. A chart of 960 is as wide as a column of a paper at 300 dots an inch, and its words have
/// then 8 points.
pub(super) type Area<B> = DrawingArea<B, Shift>;
pub(super) type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Units of a drawing for each CSS pixel.
pub(super) const UNITS: u32 = 2;

pub(super) fn rgb([red, green, blue]: Colour) -> RGBColor {
    RGBColor(red, green, blue)
}
