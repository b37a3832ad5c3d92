//! Many small images on a few large sheets, for a page that shows now this one and now that one.

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};

use modiste_data::ImageShape;
use serde::Serialize;

use crate::thumbnail;

/// Beyond so many bytes of pixels, images are made smaller.
const MOST: usize = 64_000_000;

/// Pixels that a sheet is wide and high, about: small enough to be decoded while the pointer rests.
const SHEET: usize = 896;

/// How images are laid out on sheets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sprites<'a> {
    /// Of every image.
    shape: ImageShape,
    /// Pixels `[height, width, channels]` of each image, or none where there is no image.
    images: &'a [&'a [u8]],
    /// Pixels of the image that one of the sheet stands for, along each side.
    reduction: usize,
    /// Whether channels keep all of their levels.
    exact: bool,
    /// Columns and rows of an image on a sheet.
    size: (usize, usize),
    /// Images in a row of a sheet.
    columns: usize,
    /// Images on a sheet.
    per_sheet: usize,
}

/// Where images are on their sheets, as a script has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Grid {
    /// Columns and rows of an image.
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Images in a row of a sheet.
    pub(crate) columns: usize,
    /// Images on a sheet.
    pub(crate) images: usize,
}

impl<'a> Sprites<'a> {
    /// Of images of one shape; `None` where that is empty. Up to `exact` bytes of pixels are kept as they are; beyond, a channel has
    /// 16 levels, which take less than half as much.
    pub(crate) fn new(shape: ImageShape, images: &'a [&'a [u8]], exact: usize) -> Option<Self> {
        if shape.is_empty() {
            return None;
        }
        let channels = if shape.channels < 3 { 1 } else { 3 };
        let total = images.len() * shape.height * shape.width * channels;
        let reduction = (1..).find(|side| total / (side * side) <= MOST).unwrap_or(1);
        let size = (shape.width.div_ceil(reduction), shape.height.div_ceil(reduction));
        let (columns, rows) = ((SHEET / size.0).max(1), (SHEET / size.1).max(1));
        let exact = total <= exact;
        Some(Self { shape, images, reduction, exact, size, columns, per_sheet: columns * rows })
    }

    /// Number of sheets.
    pub(crate) fn sheets(&self) -> usize {
        self.images.len().div_ceil(self.per_sheet)
    }

    /// Where each image is.
    pub(crate) fn grid(&self) -> Grid {
        Grid { width: self.size.0, height: self.size.1, columns: self.columns, images: self.per_sheet }
    }

    /// A sheet as a PNG file. What has no image leaves its place black.
    pub(crate) fn sheet(&self, sheet: usize) -> Result<Vec<u8>, EncodingError> {
        let first = sheet * self.per_sheet;
        let count = self.per_sheet.min(self.images.len() - first);
        let (width, height) = (self.columns * self.size.0, count.div_ceil(self.columns) * self.size.1);
        let mut pixels = vec![[0; 3]; width * height];
        for place in 0..count {
            let corner = place / self.columns * self.size.1 * width + place % self.columns * self.size.0;
            for (index, colour) in self.pixels(first + place).enumerate() {
                pixels[corner + index / self.size.0 * width + index % self.size.0] = colour;
            }
        }

        let grey = self.shape.channels < 3;
        let levels = |value: u8| if self.exact { value } else { sixteenth(value) * 17 };
        let (colour, depth, filter, bytes) = match (grey, self.exact) {
            (true, true) => {
                (ColorType::Grayscale, BitDepth::Eight, Filter::Adaptive, pixels.iter().map(|pixel| pixel[0]).collect())
            }
            (true, false) => (ColorType::Grayscale, BitDepth::Four, Filter::Up, halves(&pixels, width)),
            (false, _) => (
                ColorType::Rgb,
                BitDepth::Eight,
                Filter::Adaptive,
                pixels.iter().flatten().map(|&v| levels(v)).collect(),
            ),
        };
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width as u32, height as u32);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        encoder.set_compression(Compression::Balanced);
        encoder.set_filter(filter);
        encoder.write_header()?.write_image_data(&bytes)?;
        Ok(file)
    }

    /// The pixels of an image, each the mean of those it stands for.
    fn pixels(&self, image: usize) -> impl Iterator<Item = [u8; 3]> + '_ {
        let shape = self.shape;
        let found = self.images.get(image).filter(|image| !image.is_empty() && image.len() == shape.len());
        found.into_iter().flat_map(move |image| {
            (0..self.size.0 * self.size.1).map(move |pixel| {
                let range = |start: usize, end: usize| start * self.reduction..((start + 1) * self.reduction).min(end);
                let (columns, rows) =
                    (range(pixel % self.size.0, shape.width), range(pixel / self.size.0, shape.height));
                let count = (columns.len() * rows.len()) as u32;
                let sums = rows
                    .flat_map(|y| columns.clone().map(move |x| thumbnail::colour(shape, image, x, y).map(u32::from)))
                    .fold([0; 3], |sums, colour| std::array::from_fn(|channel| sums[channel] + colour[channel]));
                sums.map(|sum| ((sum + count / 2) / count) as u8)
            })
        })
    }
}

/// The nearest of 16 levels.
fn sixteenth(value: u8) -> u8 {
    ((u16::from(value) * 15 + 127) / 255) as u8
}

/// Two pixels to a byte, the first in the upper half, each row from a byte of its own.
fn halves(pixels: &[[u8; 3]], width: usize) -> Vec<u8> {
    let level = |pixel: Option<&[u8; 3]>| pixel.map_or(0, |pixel| sixteenth(pixel[0]));
    let byte = |pair: &[[u8; 3]]| level(pair.first()) << 4 | level(pair.get(1));
    pixels.chunks(width).flat_map(|row| row.chunks(2).map(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: usize = 12_000_000;

    fn drawn(count: usize, shape: ImageShape) -> Vec<Vec<u8>> {
        let pixel = |image: usize, place: usize| (image * 31 + place * place * 7) as u8;
        (0..count).map(|image| (0..shape.len()).map(|place| pixel(image, place)).collect()).collect()
    }

    /// Decodes every sheet and gives the worst difference of any pixel of any image.
    fn worst_difference(count: usize, shape: ImageShape, exact: bool) -> i32 {
        let drawn = drawn(count, shape);
        let images: Vec<&[u8]> = drawn.iter().map(Vec::as_slice).collect();
        let sprites = Sprites::new(shape, &images, if exact { EXACT } else { 0 }).unwrap();
        let mut worst = 0;
        for sheet in 0..sprites.sheets() {
            let file = sprites.sheet(sheet).unwrap();
            let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
            decoder.set_transformations(png::Transformations::EXPAND);
            let mut reader = decoder.read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut pixels).unwrap();
            let samples = info.color_type.samples();
            let on_it = drawn.iter().skip(sheet * sprites.per_sheet).take(sprites.per_sheet);
            for (place, image) in on_it.enumerate() {
                let (left, top) = (place % sprites.columns * sprites.size.0, place / sprites.columns * sprites.size.1);
                for (x, y) in (0..shape.width).flat_map(|x| (0..shape.height).map(move |y| (x, y))) {
                    let seen = &pixels[((top + y) * info.width as usize + left + x) * samples..][..samples];
                    let real = &thumbnail::colour(shape, image, x, y)[..samples];
                    let differences = seen.iter().zip(real).map(|(&a, &b)| (i32::from(a) - i32::from(b)).abs());
                    worst = differences.fold(worst, i32::max);
                }
            }
        }
        worst
    }

    #[test]
    fn sheets_give_back_the_images() {
        let shape = |height, width, channels| ImageShape { height, width, channels };
        for (count, shape) in
            [(1, shape(28, 28, 1)), (1500, shape(28, 27, 1)), (300, shape(64, 40, 3)), (9, shape(2, 1000, 2))]
        {
            assert_eq!(worst_difference(count, shape, true), 0, "{shape:?}");
        }
        for shape in [shape(28, 27, 1), shape(5, 9, 4)] {
            let worst = worst_difference(1200, shape, false);
            assert!((1..=8).contains(&worst), "{shape:?}: {worst}");
        }
    }

    #[test]
    fn too_many_pixels_are_brought_together() {
        let shape = ImageShape { height: 9001, width: 9001, channels: 1 };
        let drawn = drawn(1, shape);
        let images = [drawn[0].as_slice()];
        let sprites = Sprites::new(shape, &images, EXACT).unwrap();
        assert_eq!((sprites.reduction, sprites.size, sprites.sheets()), (2, (4501, 4501), 1));
        let quad = [0, 1, 9001, 9002].map(|place| u32::from(drawn[0][place])).iter().sum::<u32>();
        assert_eq!(sprites.pixels(0).next(), Some([((quad + 2) / 4) as u8; 3]));
    }
}
