//! A canvas of RGB pixels that becomes a PNG file.

use crate::coverage;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// What everything here is drawn on, and with.
pub(crate) const PAPER: Colour = [250, 249, 246];
pub(crate) const INK: Colour = [33, 33, 38];
pub(crate) const FAINT_INK: Colour = [120, 118, 112];

/// Pixels in rows from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// `[height, width, 3]`
    pixels: Vec<u8>,
}

/// Why a picture cannot become a PNG file.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The picture is wider or higher than PNG allows.
    #[error("the picture would be {width}x{height} pixels, too large for a PNG")]
    TooLarge {
        /// Its width.
        width: usize,
        /// Its height.
        height: usize,
    },
    /// The encoder refused.
    #[error(transparent)]
    Encoding(#[from] png::EncodingError),
}

impl Picture {
    /// A picture of one colour.
    pub fn new(width: usize, height: usize, background: Colour) -> Self {
        Self { width, height, pixels: background.repeat(width * height) }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The colour at column `x` of row `y`; `None` outside.
    pub fn get(&self, x: usize, y: usize) -> Option<Colour> {
        let start = self.position(x, y)?;
        Some([self.pixels[start], self.pixels[start + 1], self.pixels[start + 2]])
    }

    /// Sets the colour at column `x` of row `y`; outside nothing happens.
    pub fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if let Some(start) = self.position(x, y) {
            self.pixels[start..start + 3].copy_from_slice(&colour);
        }
    }

    /// Lays `colour` over what is there, which shows through where `opacity` is below 255.
    pub fn blend(&mut self, x: usize, y: usize, colour: Colour, opacity: u8) {
        let Some(below) = self.get(x, y) else { return };
        let mix = |over: u8, under: u8| {
            let (over, under, opacity) = (u32::from(over), u32::from(under), u32::from(opacity));
            ((over * opacity + under * (255 - opacity) + 127) / 255) as u8
        };
        self.set(x, y, std::array::from_fn(|channel| mix(colour[channel], below[channel])));
    }

    /// Lays pixels in rows of `width` with their top left corner at a place; what falls outside is left out.
    pub(crate) fn paste(&mut self, corner: (usize, usize), width: usize, pixels: impl Iterator<Item = Colour>) {
        for (index, colour) in pixels.enumerate() {
            self.set(corner.0 + index % width, corner.1 + index / width, colour);
        }
    }

    /// Fills a rectangle of one colour.
    pub(crate) fn fill(&mut self, corner: (usize, usize), (width, height): (usize, usize), colour: Colour) {
        self.paste(corner, width, std::iter::repeat_n(colour, width * height));
    }

    /// Lays `colour` over the pixels of a shape, each as far as the shape covers it.
    pub(crate) fn shape(&mut self, pixels: impl Iterator<Item = coverage::Covered>, colour: Colour) {
        for (x, y, coverage) in pixels {
            self.blend(x, y, colour, (coverage * 255.0).round() as u8);
        }
    }

    fn position(&self, x: usize, y: usize) -> Option<usize> {
        (x < self.width && y < self.height).then_some((y * self.width + x) * 3)
    }

    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    /// When it is too large for the format.
    pub fn to_png(&self) -> Result<Vec<u8>, PngError> {
        let too_large = |_| PngError::TooLarge { width: self.width, height: self.height };
        let (width, height) =
            (u32::try_from(self.width).map_err(too_large)?, u32::try_from(self.height).map_err(too_large)?);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_file_gives_back_the_pixels() {
        let mut picture = Picture::new(5, 3, [250, 250, 250]);
        picture.set(4, 2, [1, 2, 3]);
        picture.set(5, 2, [9, 9, 9]);
        let png = picture.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (5, 3, png::ColorType::Rgb));
        assert_eq!(pixels, picture.pixels);
        assert_eq!(pixels[42..], [1, 2, 3]);
    }

    #[test]
    fn opacity_mixes_colours() {
        let mut picture = Picture::new(3, 1, [0, 100, 255]);
        for (x, opacity) in [(0, 0), (1, 255), (2, 51)] {
            picture.blend(x, 0, [100, 0, 255], opacity);
        }
        assert_eq!([picture.get(0, 0), picture.get(1, 0)], [Some([0, 100, 255]), Some([100, 0, 255])]);
        assert_eq!(picture.get(2, 0), Some([20, 80, 255]));
    }
}
