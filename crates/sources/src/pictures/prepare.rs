//! From pictures of any kind to images of one shape.

use std::io::{self, ErrorKind};
use std::path::Path;

use modiste_data::{Background, Fit, ImageShape, Images, Preparation};
use rayon::prelude::*;

use super::preparation::image;
use super::survey::{self, Look, Room};
use crate::error::{Error, one_line};
use crate::options::LoadOptions;
use crate::parts::{Parts, Pictures};

/// The side up to which images keep the size that all of them have.
const LARGEST_OWN_SIDE: usize = 64;
/// Height and width of images that have no size in common.
const USUAL_SIDE: usize = 28;
/// Bytes of decoded pictures that are kept from the first look; the others are decoded again.
const ROOM: u64 = 1 << 30;
/// How many damaged files an error names.
const NAMED: usize = 10;

/// Makes images of the pictures of a set, which lies at `place`, and says how.
///
/// # Errors
/// When pictures cannot be read, unless `skip_bad` leaves them out; then only if no training picture is left.
pub(crate) fn prepare(
    parts: Parts<Pictures>,
    options: &LoadOptions,
    place: &Path,
) -> Result<(Parts<Images>, Preparation), Error> {
    if !cfg!(feature = "pictures") {
        return Err(Error::WithoutPictures { place: place.to_owned() });
    }
    prepare_within(parts, options, place, ROOM)
}

/// The same with room for that many bytes of decoded pictures.
fn prepare_within(
    parts: Parts<Pictures>,
    options: &LoadOptions,
    place: &Path,
    room: u64,
) -> Result<(Parts<Images>, Preparation), Error> {
    let room = Room::new(room);
    let look = |pictures| Looked::at(pictures, &room);
    let (train, validation, test) = (look(parts.train), parts.validation.map(look), parts.test.map(look));
    let every = || [Some(&train), validation.as_ref(), test.as_ref()].into_iter().flatten();
    let good: Vec<&Look> = every().flat_map(Looked::good).collect();
    let preparation = choose(&train, &good, options);
    let of_size = note_of_size(&good, &preparation, options);

    let classes = parts.class_names.len();
    let mut damaged = Vec::new();
    let mut notes = parts.notes;
    notes.extend(of_size);
    notes.extend(note_of_background(every(), preparation.background, options));
    let pictures = every().map(|looked| looked.looks.len()).sum();
    let train = train.into_images(&preparation, classes, place, &mut damaged)?;
    let mut rest = |looked: Option<Looked>| {
        looked.map(|looked| looked.into_images(&preparation, classes, place, &mut damaged)).transpose()
    };
    let (validation, test) = (rest(validation)?, rest(test)?);

    let first: Vec<_> = damaged.iter().take(NAMED).map(|(name, why)| format!("{name} ({why})")).collect();
    let first = one_line(first.join(", ")) + if damaged.len() > NAMED { ", …" } else { "" };
    if !damaged.is_empty() {
        let place = place.to_owned();
        if !options.skip_bad {
            return Err(Error::Pictures { place, damaged: damaged.len(), pictures, first });
        }
        if train.is_empty() {
            return Err(Error::NoPictures { place, first });
        }
        notes.push(format!("{} of {pictures} pictures cannot be read and are left out: {first}", damaged.len()));
    }
    let mut left_out = parts.left_out;
    left_out.extend(damaged);
    Ok((Parts { class_names: parts.class_names, train, validation, test, notes, left_out }, preparation))
}

/// What images shall be, by the options and, where they say nothing, by the pictures.
fn choose(train: &Looked, all: &[&Look], options: &LoadOptions) -> Preparation {
    let size = common_size(all).map(|(height, width)| usual_size(height, width));
    let (height, width) = options.size.or(size).unwrap_or((USUAL_SIDE, USUAL_SIDE));
    let bright_on_black = train.good().filter(|look| look.is_bright_on_black).count();
    let usual = if 2 * bright_on_black > train.good().count() { Background::Black } else { Background::White };
    Preparation {
        height,
        width,
        channels: options.channels.unwrap_or(if all.iter().all(|look| look.is_grey) { 1 } else { 3 }),
        fit: options.fit,
        background: options.background.unwrap_or(usual),
    }
}

/// The size that all pictures have, if they agree.
fn common_size(all: &[&Look]) -> Option<(usize, usize)> {
    let size = all.first().map(|look| (look.height, look.width))?;
    all.iter().all(|look| (look.height, look.width) == size).then_some(size)
}

/// Height and width of images that are all of this size, where nothing is said.
pub(super) fn usual_size(height: usize, width: usize) -> (usize, usize) {
    if height.max(width) <= LARGEST_OWN_SIDE { (height, width) } else { (USUAL_SIDE, USUAL_SIDE) }
}

/// Says to which size pictures are brought that are of others, where nobody said it.
fn note_of_size(all: &[&Look], preparation: &Preparation, options: &LoadOptions) -> Option<String> {
    let &Preparation { height, width, fit, .. } = preparation;
    let common = common_size(all);
    if options.size.is_some() || all.is_empty() || common == Some((height, width)) {
        return None;
    }
    let sizes = common.map_or("of several sizes".to_owned(), |(height, width)| format!("of {height}x{width}"));
    let how = match fit {
        Fit::Pad => "none cut off",
        Fit::Crop => "cut off at the sides",
        Fit::Stretch => "stretched",
    };
    Some(format!("the pictures are {sizes} and are brought to {height}x{width}, {how}; --size and --fit change that"))
}

/// Says what was taken for the background, where it shows and nobody said it.
fn note_of_background<'a>(
    parts: impl Iterator<Item = &'a Looked>,
    background: Background,
    options: &LoadOptions,
) -> Option<String> {
    let transparent: usize = parts.map(|looked| looked.good().filter(|look| look.has_alpha).count()).sum();
    let (taken, other) = match background {
        Background::Black => ("black, since most training pictures are bright on black", "white"),
        Background::White => ("white", "black"),
    };
    let pictures = if transparent == 1 { "1 picture is" } else { &format!("{transparent} pictures are") };
    (transparent > 0 && options.background.is_none()).then(|| {
        format!("{pictures} partly transparent, and what lies behind is taken for {taken}; --background {other} changes that")
    })
}

/// The pictures of a part after the first look.
struct Looked {
    pictures: Pictures,
    looks: Vec<Result<Look, String>>,
}

impl Looked {
    fn at(pictures: Pictures, room: &Room) -> Self {
        let looks = survey::look(&pictures, room);
        Self { pictures, looks }
    }

    fn good(&self) -> impl Iterator<Item = &Look> {
        self.looks.iter().flatten()
    }

    /// Makes images of the pictures. Those that cannot be read go to `damaged`, with their names.
    fn into_images(
        self,
        preparation: &Preparation,
        classes: usize,
        place: &Path,
        damaged: &mut Vec<(String, String)>,
    ) -> Result<Images, Error> {
        let Self { pictures, looks } = self;
        let &Preparation { height, width, channels, .. } = preparation;
        let shape = ImageShape { height, width, channels };
        let prepared = |(index, look): (usize, Result<Look, String>)| match look?.picture {
            Some(picture) => Ok(image(&picture, preparation)),
            None => survey::read(&pictures, index).map(|picture| image(&picture, preparation)),
        };
        let images: Vec<Result<Vec<u8>, String>> = looks.into_par_iter().enumerate().map(prepared).collect();
        let mut pixels = Vec::new();
        let bytes = images.iter().flatten().map(Vec::len).sum();
        pixels
            .try_reserve_exact(bytes)
            .map_err(|_| Error::io("read", place, io::Error::from(ErrorKind::OutOfMemory)))?;
        let mut labels = Vec::new();
        for (image, entry) in images.into_iter().zip(pictures.entries) {
            match image {
                Ok(image) => {
                    pixels.extend(image);
                    labels.push(entry.label);
                }
                Err(why) => damaged.push((entry.name, why)),
            }
        }
        Images::new(shape, pixels, labels, classes)
            .map_err(|why| Error::layout(place, format!("is not what it says: {why}")))
    }
}

#[cfg(all(test, feature = "pictures"))]
mod tests {
    use std::borrow::Cow;
    use std::io::Cursor;

    use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

    use super::super::preparation::prepare_picture;
    use super::*;
    use crate::parts::{PictureEntry, ReadPicture};

    struct Files(Vec<Vec<u8>>);

    impl ReadPicture for Files {
        fn read(&self, index: usize) -> Result<Cow<'_, [u8]>, Error> {
            Ok(Cow::Borrowed(&self.0[index]))
        }
    }

    fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn grey(width: u32, height: u32, value: u8) -> Vec<u8> {
        png(GrayImage::from_pixel(width, height, Luma([value])))
    }

    fn pictures(files: Vec<Vec<u8>>) -> Pictures {
        let entry = |at| PictureEntry { name: format!("{at}.png"), label: at as u8 % 2 };
        Pictures { entries: (0..files.len()).map(entry).collect(), source: Box::new(Files(files)) }
    }

    fn parts(train: Vec<Vec<u8>>, test: Vec<Vec<u8>>) -> Parts<Pictures> {
        let class_names = vec!["a".to_owned(), "b".to_owned()];
        let (train, test) = (pictures(train), Some(pictures(test)));
        Parts { class_names, train, validation: None, test, notes: Vec::new(), left_out: Vec::new() }
    }

    fn shape(parts: Parts<Pictures>, options: &LoadOptions) -> (usize, usize, usize) {
        let (images, preparation) = prepare(parts, options, Path::new("set")).unwrap();
        let shape = images.train.shape();
        assert_eq!((shape, images.test.unwrap().shape()), (shape, shape));
        assert_eq!((shape.height, shape.width), (preparation.height, preparation.width));
        (shape.height, shape.width, shape.channels)
    }

    #[test]
    fn size_and_channels_follow_from_all_pictures() {
        let plain = LoadOptions::default();
        assert_eq!(shape(parts(vec![grey(9, 5, 1)], vec![grey(9, 5, 2)]), &plain), (5, 9, 1));
        assert_eq!(shape(parts(vec![grey(9, 5, 1)], vec![grey(5, 9, 2)]), &plain), (28, 28, 1));
        assert_eq!(shape(parts(vec![grey(65, 5, 1)], vec![]), &plain), (28, 28, 1));
        let red = || png(RgbImage::from_pixel(9, 5, Rgb([200, 0, 0])));
        assert_eq!(shape(parts(vec![grey(9, 5, 1)], vec![red()]), &plain), (5, 9, 3));
        let sized = LoadOptions { size: Some((4, 6)), fit: Fit::Stretch, ..plain };
        assert_eq!(shape(parts(vec![red()], vec![grey(1, 1, 3)]), &sized), (4, 6, 3));
    }

    #[test]
    fn without_room_images_are_the_same() {
        let set = || parts(vec![grey(9, 5, 7), grey(100, 80, 50)], vec![grey(3, 3, 9)]);
        let prepared = |room| prepare_within(set(), &LoadOptions::default(), Path::new("set"), room).unwrap();
        let ((kept, preparation), (again, other)) = (prepared(ROOM), prepared(100));
        assert_eq!((&kept.train, preparation), (&again.train, other));
        assert_eq!(prepare_picture(&grey(100, 80, 50), &preparation).unwrap(), kept.train.image(1));
    }

    #[test]
    fn the_background_is_that_of_most_training_pictures() {
        let dot = |value| {
            let unseen = Rgba([value, value, value, 0]);
            png(RgbaImage::from_fn(
                3,
                3,
                |x, y| if (x, y) == (1, 1) { Rgba([value, value, value, 255]) } else { unseen },
            ))
        };
        for (value, said, background, taken) in [
            (255, None, Background::Black, 1),
            (0, None, Background::White, 1),
            (0, Some(Background::Black), Background::Black, 0),
        ] {
            let options = LoadOptions { background: said, ..LoadOptions::default() };
            let (images, preparation) = prepare(parts(vec![dot(value)], vec![]), &options, Path::new("set")).unwrap();
            assert_eq!((preparation.background, images.notes.len()), (background, taken), "{:?}", images.notes);
            let expected = if background == Background::Black { 0 } else { 255 };
            assert_eq!(images.train.pixels()[0], expected);
        }
        let (images, _) =
            prepare(parts(vec![grey(2, 2, 0)], vec![]), &LoadOptions::default(), Path::new("set")).unwrap();
        assert!(images.notes.is_empty(), "nothing is transparent");
    }

    #[test]
    fn all_damaged_pictures_are_named_or_left_out() {
        let set = || parts(vec![b"text".to_vec(), grey(2, 2, 5), Vec::new()], vec![vec![1]; 12]);
        let error = prepare(set(), &LoadOptions::default(), Path::new("set")).err().unwrap().to_string();
        assert!(error.starts_with("14 of 15 pictures of set cannot be read: 0.png (it is no PNG"), "{error}");
        assert!(
            error.contains("2.png (it is empty)") && error.contains("--skip-bad") && error.contains(", …"),
            "{error}"
        );
        assert!(!error.contains("11.png"), "{error}");

        let skip = LoadOptions { skip_bad: true, ..LoadOptions::default() };
        let (images, _) = prepare(set(), &skip, Path::new("set")).unwrap();
        assert_eq!((images.train.labels(), images.test.unwrap().len(), images.left_out.len()), (&[1][..], 0, 14));
        assert_eq!((images.train.pixels(), images.notes.len()), (&[5; 4][..], 1));
        let error = prepare(parts(vec![vec![9]], vec![]), &skip, Path::new("set")).err().unwrap().to_string();
        assert!(error.starts_with("none of the training pictures"), "{error}");
    }

    #[test]
    fn a_preparation_that_makes_no_sense_is_refused() {
        let (fit, background) = (Fit::Pad, Background::White);
        let preparation = Preparation { height: 2, width: 2, channels: 2, fit, background };
        assert!(prepare_picture(&grey(1, 1, 0), &preparation).unwrap_err().contains("2 channels"));
        assert!(
            prepare_picture(&grey(1, 1, 0), &Preparation { height: 0, channels: 1, ..preparation }).unwrap().is_empty()
        );
    }
}
