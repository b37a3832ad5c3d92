//! A figure, and the files it becomes.

use std::convert::Infallible;
use std::io;

use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{IntoDrawingArea, SVGBackend};

use super::area::{Area, UNITS};
use super::canvas::Canvas;
use super::chart::Chart;
use super::matrix::Matrix;
use crate::html::{escaped, png_address};
use crate::picture::Picture;

/// A figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What its files are called, without their endings.
    pub name: &'static str,
    /// What it shows, for those who do not see it.
    pub description: String,
    pub(crate) content: Content,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Chart(Chart),
    Matrix(Matrix),
    /// Already drawn, since it shows pixels.
    Pixels(Picture),
}

impl Figure {
    /// How many images of each true class (outer) were taken for each class (inner).
    pub fn of_confusion(classes: &[String], confusion: &[Vec<u64>]) -> Self {
        let matrix = Matrix { classes: classes.to_vec(), confusion: confusion.to_vec() };
        let description = "Confusion matrix: true classes down, predicted classes across".to_owned();
        Self { name: "confusion", description, content: Content::Matrix(matrix) }
    }

    /// As the text of an SVG file.
    ///
    /// # Errors
    /// When it is too large for one.
    pub fn to_svg(&self) -> io::Result<String> {
        let title = format!("<title>{}</title>", escaped(&self.description));
        let svg = match &self.content {
            Content::Chart(chart) => svg(chart.size(), |area| chart.draw(area))?,
            Content::Matrix(matrix) => svg(matrix.size(), |area| matrix.draw(area))?,
            Content::Pixels(picture) => {
                let (width, height) = (picture.width(), picture.height());
                let file = picture.to_png().map_err(io::Error::other)?;
                format!(
                    "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
                     xmlns=\"http://www.w3.org/2000/svg\">\n<image width=\"{width}\" height=\"{height}\" href=\"{}\"/>\n</svg>\n",
                    png_address(&file)
                )
            }
        };
        // So that it is as large as its words mean, and says what it is.
        let end = svg.find('>').map_or(0, |end| end + 1);
        Ok(format!("{}{title}{}", &svg[..end], &svg[end..]))
    }

    /// As an element of a page, which takes the page's colours and width.
    pub(crate) fn to_element(&self) -> io::Result<String> {
        let svg = match &self.content {
            Content::Chart(chart) => svg(chart.size(), |area| chart.draw(area))?,
            Content::Matrix(matrix) => svg(matrix.size(), |area| matrix.draw(area))?,
            Content::Pixels(picture) => {
                let file = picture.to_png().map_err(io::Error::other)?;
                return Ok(format!("<img alt=\"{}\" src=\"{}\">", escaped(&self.description), png_address(&file)));
            }
        };
        let label = format!("<svg role=\"img\" aria-label=\"{}\"", escaped(&self.description));
        Ok(svg.replacen("<svg", &label, 1).replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1))
    }

    /// As the bytes of a PNG file.
    ///
    /// # Errors
    /// When it is too large for one.
    pub fn to_png(&self) -> io::Result<Vec<u8>> {
        self.to_picture()?.to_png().map_err(io::Error::other)
    }

    /// As pixels.
    ///
    /// # Errors
    /// When the library cannot draw it.
    pub fn to_picture(&self) -> io::Result<Picture> {
        match &self.content {
            Content::Chart(chart) => picture(chart.size(), |area| chart.draw(area)),
            Content::Matrix(matrix) => picture(matrix.size(), |area| matrix.draw(area)),
            Content::Pixels(picture) => Ok(picture.clone()),
        }
    }
}

fn svg(
    size: (u32, u32),
    draw: impl FnOnce(&Area<SVGBackend<'_>>) -> Result<(), DrawingAreaErrorKind<io::Error>>,
) -> io::Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area).and_then(|()| area.present()).map_err(|error| io::Error::other(error.to_string()))?;
    }
    let (drawn, shown) = (
        format!("width=\"{}\" height=\"{}\"", size.0, size.1),
        format!("width=\"{}\" height=\"{}\"", size.0 / UNITS, size.1 / UNITS),
    );
    Ok(text.replacen(&drawn, &shown, 1))
}

fn picture(
    size: (u32, u32),
    draw: impl FnOnce(&Area<Canvas<'_>>) -> Result<(), DrawingAreaErrorKind<Infallible>>,
) -> io::Result<Picture> {
    let mut picture = Picture::new(size.0 as usize, size.1 as usize, [255; 3]);
    {
        let area = Canvas(&mut picture).into_drawing_area();
        draw(&area).and_then(|()| area.present()).map_err(|error| io::Error::other(error.to_string()))?;
    }
    Ok(picture)
}
