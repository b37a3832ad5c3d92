//! From the bytes of a picture's file to its pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::picture::Picture;
use crate::error::one_line;

/// The longest side, in pixels.
const LONGEST_SIDE: u32 = 16_384;
/// The most pixels of a picture.
const MOST_PIXELS: u64 = 64 << 20;
/// The most bytes that a decoder takes: 64 megapixels of four values of 16 bits.
const MOST_BYTES: u64 = 512 << 20;

/// Decodes a PNG, JPEG, WebP, BMP, GIF, TIFF or PNM file, of animations the first picture, and turns it upright. The content
/// says which it is.
///
/// # Errors
/// What is wrong, as part of a sentence.
pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let mut decoder = decoder(bytes)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!(
            "it is {width} pixels wide and {height} high, where {LONGEST_SIDE} on a side and {} megapixels can be read",
            MOST_PIXELS >> 20
        ));
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(one_line)?;
    image.apply_orientation(orientation);
    let (width, height) = (image.width() as usize, image.height() as usize);
    // Pixels of eight bits are taken as they are: the library is not compiled to convert them fast.
    let (channels, pixels) = match image {
        DynamicImage::ImageLuma8(image) => (1, image.into_raw()),
        DynamicImage::ImageLumaA8(image) => (2, image.into_raw()),
        DynamicImage::ImageRgb8(image) => (3, image.into_raw()),
        other => (4, other.into_rgba8().into_raw()),
    };
    Ok(narrow(width, height, channels, pixels))
}

/// Width and height of a picture in pixels, as its file declares them: nothing of it is decoded.
///
/// # Errors
/// What is wrong, as part of a sentence.
pub(crate) fn declared_size(bytes: &[u8]) -> Result<(u32, u32), String> {
    Ok(decoder(bytes)?.dimensions())
}

/// What decodes a picture, which has pixels.
fn decoder(bytes: &[u8]) -> Result<impl ImageDecoder, String> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(one_line)?;
    if reader.format().is_none() {
        return Err("it is no PNG, JPEG, WebP, BMP, GIF, TIFF or PNM picture".to_owned());
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(one_line)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err("it has no pixel".to_owned());
    }
    Ok(decoder)
}

/// Drops of `[height, width, channels]` the channels that say nothing.
fn narrow(width: usize, height: usize, channels: usize, pixels: Vec<u8>) -> Picture {
    let each = || pixels.chunks_exact(channels);
    let (has_colours, may_see_through) = (channels > 2, channels.is_multiple_of(2));
    let has_alpha = may_see_through && each().any(|pixel| pixel[channels - 1] < u8::MAX);
    let is_seen = |pixel: &[u8]| !may_see_through || pixel[channels - 1] > 0;
    let is_grey = !has_colours || each().all(|pixel| !is_seen(pixel) || (pixel[0] == pixel[1] && pixel[1] == pixel[2]));
    let kept = [(true, 0), (!is_grey, 1), (!is_grey, 2), (has_alpha, channels - 1)];
    let kept: Vec<usize> = kept.into_iter().filter_map(|(is_kept, channel)| is_kept.then_some(channel)).collect();
    let pixels = match kept.len() == channels {
        true => pixels,
        false => each().flat_map(|pixel| kept.iter().map(|&channel| pixel[channel])).collect(),
    };
    Picture { width, height, is_grey, has_alpha, pixels }
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};
    use proptest::prelude::*;

    use super::*;

    fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// Two pixels above one another, red and blue.
    fn flag() -> RgbImage {
        RgbImage::from_fn(1, 2, |_, row| if row == 0 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) })
    }

    /// The bytes with a JPEG's marker of an orientation in its EXIF.
    fn oriented(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let mut exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        [&jpeg[..2], &exif, &jpeg[2..]].concat()
    }

    #[test]
    fn every_format_is_known_by_its_content() {
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff] {
            let picture = decode(&encode(flag(), format)).unwrap();
            assert_eq!((picture.width, picture.height, picture.channels()), (1, 2, 3), "{format:?}");
            assert_eq!(picture.pixels, [255, 0, 0, 0, 0, 255], "{format:?}");
        }
        assert_eq!(decode(b"P3 1 2 255 255 0 0 0 0 255").unwrap().pixels, [255, 0, 0, 0, 0, 255]);
        assert_eq!(decode(b"P1 3 1 1 0 1").unwrap().pixels, [0, 255, 0]);
    }

    #[test]
    fn channels_that_say_nothing_are_dropped() {
        let grey = |alpha| image::RgbaImage::from_pixel(2, 1, Rgba([7, 7, 7, alpha]));
        assert_eq!(decode(&encode(grey(255), ImageFormat::Png)).unwrap().pixels, [7, 7]);
        assert_eq!(decode(&encode(grey(9), ImageFormat::Png)).unwrap().pixels, [7, 9, 7, 9]);
        let mut unseen = grey(255);
        unseen.put_pixel(1, 0, Rgba([1, 2, 3, 0]));
        assert_eq!(decode(&encode(unseen, ImageFormat::Png)).unwrap().channels(), 2, "colours that nobody sees");
    }

    #[test]
    fn sixteen_bits_are_rounded_to_eight() {
        let values: Vec<u16> = vec![0, 128, 129, 257, 32_767, 65_406, 65_407, 65_535];
        let image = image::ImageBuffer::<Luma<u16>, _>::from_vec(8, 1, values).unwrap();
        assert_eq!(decode(&encode(image, ImageFormat::Png)).unwrap().pixels, [0, 0, 1, 1, 127, 254, 255, 255]);
        let image = image::ImageBuffer::<LumaA<u16>, _>::from_vec(1, 1, vec![514, 257]).unwrap();
        assert_eq!(decode(&encode(image, ImageFormat::Png)).unwrap().pixels, [2, 1]);
    }

    #[test]
    fn a_palette_gives_its_colours() {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
        encoder.set_trns(vec![255, 100]);
        encoder.write_header().unwrap().write_image_data(&[0b0100_0000]).unwrap();
        assert_eq!(decode(&bytes).unwrap().pixels, [1, 2, 3, 255, 4, 5, 6, 100]);
    }

    #[test]
    fn a_photograph_is_turned_upright() {
        let image = RgbImage::from_fn(16, 8, |column, _| Rgb([if column < 8 { 250 } else { 5 }; 3]));
        let upright = decode(&oriented(&encode(image, ImageFormat::Jpeg), 6)).unwrap();
        assert_eq!((upright.width, upright.height), (8, 16));
        assert!(upright.is_grey && upright.pixels[0] > 200 && upright.pixels[127] < 50);
    }

    #[test]
    fn an_animation_gives_its_first_picture() {
        let mut bytes = Vec::new();
        let frames = [[10, 20, 30, 255], [200, 100, 50, 255]];
        let frames = frames.map(|colour| image::Frame::new(image::RgbaImage::from_pixel(3, 2, Rgba(colour))));
        image::codecs::gif::GifEncoder::new(&mut bytes).encode_frames(frames).unwrap();
        let picture = decode(&bytes).unwrap();
        assert_eq!((picture.width, picture.height, &picture.pixels[..3]), (3, 2, &[10, 20, 30][..]));
    }

    #[test]
    fn pictures_that_would_fill_the_memory_are_refused() {
        let mut bytes = encode(flag(), ImageFormat::Bmp);
        bytes[18..22].copy_from_slice(&16_385_u32.to_le_bytes());
        assert!(decode(&bytes).unwrap_err().contains("16385 pixels wide"), "{:?}", decode(&bytes));
        assert!(decode(b"P5 9000 9000 255 ").unwrap_err().contains("64 megapixels"));
        assert!(decode(b"P5 0 9 255 ").is_err());
    }

    #[test]
    fn what_is_no_picture_is_said_to_be_none() {
        assert_eq!(decode(b"").unwrap_err(), "it is empty");
        assert!(decode(b"label,pixel1").unwrap_err().contains("no PNG"));
        let whole = encode(flag(), ImageFormat::Png);
        let cut = decode(&whole[..whole.len() / 2]).unwrap_err();
        assert!(!cut.contains('\n'), "{cut}");
    }

    fn whole_files() -> Vec<Vec<u8>> {
        let image = || RgbImage::from_fn(5, 4, |column, row| Rgb([column as u8 * 50, row as u8 * 60, 99]));
        use ImageFormat::{Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP};
        let mut files: Vec<_> = [Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP].map(|format| encode(image(), format)).into();
        files.push(oriented(&files[2], 3));
        files
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn damaged_files_are_refused_or_read(
            file in 0..8_usize,
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            end in any::<prop::sample::Index>(),
            is_cut in any::<bool>(),
        ) {
            let mut bytes = whole_files().swap_remove(file);
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if is_cut {
                bytes.truncate(end.index(bytes.len()));
            }
            if let Ok(picture) = decode(&bytes) {
                prop_assert_eq!(picture.pixels.len(), picture.width * picture.height * picture.channels());
            }
        }
    }
}
