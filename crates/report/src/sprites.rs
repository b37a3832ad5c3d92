//! The images of a map on a few large sheets, for a page that shows now this one and now that one.

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};

use super::Map;
use crate::thumbnail;

/// Up to so many bytes of pixels are kept as they are; beyond, a channel has 16 levels. 70,000 grey images of 28x28 take
/// 28 MB of PNG with all 256 levels and 13 MB with 16, a third more in base64, and on a card of a few hundred pixels the
/// difference is hard to see.
const EXACT: usize = 12_000_000;

/// Beyond so many bytes of pixels, images are made smaller.
const MOST: usize = 64_000_000;

/// Pixels that a sheet is wide and high, about: small enough to be decoded while the pointer rests.
const SHEET: usize = 896;

/// How the images of a map are cut into sheets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sprites<'a> {
    map: &'a Map<'a>,
    /// Pixels of the image that one of the sheet stands for, along each side.
    reduction: usize,
    /// Whether channels keep all of their levels.
    exact: bool,
    /// Columns and rows of an image on a sheet.
    pub(super) size: (usize, usize),
    /// Images in a row of a sheet.
    pub(super) columns: usize,
    /// Images on a sheet.
    pub(super) images: usize,
}

impl<'a> Sprites<'a> {
    /// For a map that has images.
    pub(super) fn new(map: &'a Map) -> Option<Self> {
        let shape = map.images?.shape;
        if shape.is_empty() {
            return None;
        }
        let channels = if shape.channels < 3 { 1 } else { 3 };
        let total = map.len() * shape.height * shape.width * channels;
        let reduction = (1..).find(|side| total / (side * side) <= MOST).unwrap_or(1);
        let size = (shape.width.div_ceil(reduction), shape.height.div_ceil(reduction));
        let (columns, rows) = ((SHEET / size.0).max(1), (SHEET / size.1).max(1));
        Some(Self { map, reduction, exact: total <= EXACT, size, columns, images: columns * rows })
    }

    /// Number of sheets.
    pub(super) fn sheets(&self) -> usize {
        self.map.len().div_ceil(self.images)
    }

    /// A sheet as a PNG file. A point without an image leaves its place black.
    pub(super) fn sheet(&self, sheet: usize) -> Result<Vec<u8>, EncodingError> {
        let first = sheet * self.images;
        let count = self.images.min(self.map.len() - first);
        let (width, height) = (self.columns * self.size.0, count.div_ceil(self.columns) * self.size.1);
        let mut pixels = vec![[0; 3]; width * height];
        for place in 0..count {
            let corner = place / self.columns * self.size.1 * width + place % self.columns * self.size.0;
            for (index, colour) in self.pixels(first + place).enumerate() {
                pixels[corner + index / self.size.0 * width + index % self.size.0] = colour;
            }
        }

        let grey = self.map.images.is_some_and(|images| images.shape.channels < 3);
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

    /// The pixels of a point's image, each the mean of those it stands for.
    fn pixels(&self, point: usize) -> impl Iterator<Item = [u8; 3]> + '_ {
        let found = self.map.images.map(|images| images.shape).zip(self.map.image(point));
        found.into_iter().flat_map(move |(shape, image)| {
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
    use modiste_data::ImageShape;

    use super::super::testing::Drawn;
    use super::*;

    /// Decodes every sheet and gives the worst difference of any pixel of any image.
    fn worst_difference(count: usize, shape: ImageShape, exact: Option<bool>) -> i32 {
        let drawn = Drawn::new(count, 2, shape);
        drawn.with_map(|map| {
            let mut sprites = Sprites::new(&map).unwrap();
            sprites.exact = exact.unwrap_or(sprites.exact);
            let mut worst = 0;
            for sheet in 0..sprites.sheets() {
                let file = sprites.sheet(sheet).unwrap();
                let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
                decoder.set_transformations(png::Transformations::EXPAND);
                let mut reader = decoder.read_info().unwrap();
                let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
                let info = reader.next_frame(&mut pixels).unwrap();
                let samples = info.color_type.samples();
                for point in sheet * sprites.images..count.min((sheet + 1) * sprites.images) {
                    let place = point - sheet * sprites.images;
                    let (left, top) =
                        (place % sprites.columns * sprites.size.0, place / sprites.columns * sprites.size.1);
                    for (x, y) in (0..shape.width).flat_map(|x| (0..shape.height).map(move |y| (x, y))) {
                        let seen = &pixels[((top + y) * info.width as usize + left + x) * samples..][..samples];
                        let real = &thumbnail::colour(shape, &drawn.pixels[point], x, y)[..samples];
                        let differences = seen.iter().zip(real).map(|(&a, &b)| (i32::from(a) - i32::from(b)).abs());
                        worst = differences.fold(worst, i32::max);
                    }
                }
            }
            worst
        })
    }

    #[test]
    fn sheets_give_back_the_images() {
        let shape = |height, width, channels| ImageShape { height, width, channels };
        for (count, shape) in
            [(1, shape(28, 28, 1)), (1500, shape(28, 27, 1)), (300, shape(64, 40, 3)), (9, shape(2, 1000, 2))]
        {
            assert_eq!(worst_difference(count, shape, None), 0, "{shape:?}");
        }
        for shape in [shape(28, 27, 1), shape(5, 9, 4)] {
            let worst = worst_difference(1200, shape, Some(false));
            assert!((1..=8).contains(&worst), "{shape:?}: {worst}");
        }
    }

    #[test]
    fn too_many_pixels_are_brought_together() {
        let drawn = Drawn::new(1, 1, ImageShape { height: 9001, width: 9001, channels: 1 });
        drawn.with_map(|map| {
            let sprites = Sprites::new(&map).unwrap();
            assert_eq!((sprites.reduction, sprites.size, sprites.sheets()), (2, (4501, 4501), 1));
            let quad = [0, 1, 9001, 9002].map(|place| u32::from(drawn.pixels[0][place])).iter().sum::<u32>();
            assert_eq!(sprites.pixels(0).next(), Some([((quad + 2) / 4) as u8; 3]));
        });
    }
}
