//! Images of a page: sheets that the page's style names, and elements that show a part of one.

use std::io;

use modiste_data::Subset;

use crate::html::png_address;
use crate::sprites::{Grid, Sprites};

/// Up to so many bytes of pixels all levels are kept: a page of 10,000 images of 28x28 stays below 3 MB.
const EXACT: usize = 2_400_000;
/// CSS pixels of the longer side of an image, about.
const SIDE: usize = 56;

/// Some images, on sheets.
pub(crate) struct SampleSheets {
    /// Where each is.
    pub(crate) grid: Grid,
    /// CSS pixels for each of an image.
    pub(crate) scale: f64,
    /// The sheets, as addresses.
    pub(crate) sheets: Vec<String>,
}

/// An image of a page, and what is said of it.
pub(crate) struct Sample {
    pub(crate) sheet: usize,
    /// CSS pixels on it.
    pub(crate) left: f64,
    pub(crate) top: f64,
    /// For those who do not see it.
    pub(crate) label: String,
    /// Below it.
    pub(crate) caption: String,
}

impl SampleSheets {
    /// Of the images at these places of a subset.
    pub(crate) fn new(images: &Subset, places: &[usize]) -> io::Result<Self> {
        let pixels: Vec<&[u8]> =
            places.iter().map(|&place| images.images.image(images.indices[place] as usize)).collect();
        let none = Self { grid: Grid { width: 1, height: 1, columns: 1, images: 1 }, scale: 1.0, sheets: Vec::new() };
        let Some(sprites) = Sprites::new(images.images.shape(), &pixels, EXACT) else { return Ok(none) };
        let grid = sprites.grid();
        let longest = grid.height.max(grid.width);
        let wanted = if longest > SIDE { 1.5 * SIDE as f64 / longest as f64 } else { SIDE.div_ceil(longest) as f64 };
        let sheet = |sheet| sprites.sheet(sheet).map(|file| png_address(&file)).map_err(io::Error::other);
        Ok(Self {
            grid,
            // A whole number of pixels wide.
            scale: (grid.width as f64 * wanted).round().max(1.0) / grid.width as f64,
            sheets: (0..sprites.sheets()).map(sheet).collect::<io::Result<_>>()?,
        })
    }

    /// The rules of the page's style that show them.
    pub(crate) fn style_sheet(&self) -> String {
        let Grid { width, height, columns, .. } = self.grid;
        let [width, height, whole] = [width, height, columns * width].map(|pixels| pixels as f64 * self.scale);
        let mut rules =
            format!(".image {{ width: {width}px; height: {height}px; background-size: {whole}px auto; }}\n");
        for (sheet, address) in self.sheets.iter().enumerate() {
            rules.push_str(&format!(".sheet-{sheet} {{ background-image: url({address}); }}\n"));
        }
        rules
    }

    /// The image of this number on the sheets.
    pub(crate) fn sample(&self, slot: usize, label: String, caption: String) -> Sample {
        let Grid { width, height, columns, images } = self.grid;
        let within = slot % images;
        let css = |pixels: usize| (pixels as f64 * self.scale * 100.0).round() / 100.0;
        Sample {
            sheet: slot / images,
            left: css(within % columns * width),
            top: css(within / columns * height),
            label,
            caption,
        }
    }
}
