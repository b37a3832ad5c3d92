//! The shape of images, from how many values they have or the dimensions of an array.

use modiste_data::ImageShape;

/// What is known of the images of an array.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) shape: ImageShape,
    /// Whether the channels of an image lie behind one another.
    pub(super) has_planes: bool,
    /// What was taken for something, a sentence.
    pub(super) note: Option<String>,
}

/// The shape of images of `count` values in a row: what is `asked` for, or else a grey square or one of three channels.
pub(super) fn of_count(count: usize, asked: Option<ImageShape>) -> Result<Found, String> {
    let found = |shape, note| Ok(Found { shape, has_planes: false, note });
    if let Some(shape) = asked {
        let len = shape.height.checked_mul(shape.width).and_then(|pixels| pixels.checked_mul(shape.channels));
        if len != Some(count) {
            return Err(format!(
                "its images have {count} values, which are not {} pixels; give --shape as these have it",
                text(shape)
            ));
        }
        return found(shape, None);
    }
    if let Some(side) = side(count) {
        return found(ImageShape { height: side, width: side, channels: 1 }, None);
    }
    if let Some(side) = count.is_multiple_of(3).then(|| side(count / 3)).flatten() {
        let shape = ImageShape { height: side, width: side, channels: 3 };
        let note = format!("{count} values are taken for {} pixels, red, green and blue side by side", text(shape));
        return found(shape, Some(note));
    }
    Err(format!("its images have {count} values, which are no square of pixels; say with --shape how they lie"))
}

/// The shape of images of an array of these dimensions, of which the first counts them.
pub(super) fn of_dims(dims: &[usize], asked: Option<ImageShape>) -> Result<Found, String> {
    let found = |height, width, channels| Found {
        shape: ImageShape { height, width, channels },
        has_planes: false,
        note: None,
    };
    match *dims {
        [_, count] => of_count(count, asked),
        [_, height, width] => Ok(found(height, width, 1)),
        [_, height, width, channels @ (1 | 3)] => Ok(found(height, width, channels)),
        [_, channels @ (1 | 3), height, width] => {
            let note = "images are taken to have their channels first and are turned about".to_owned();
            Ok(Found { has_planes: true, note: Some(note), ..found(height, width, channels) })
        }
        [_, _, _, 4] => {
            Err("its images have 4 channels, red, green, blue and opacity; save them without the last".into())
        }
        [_, _, _, channels] => Err(format!(
            "its last dimension is {channels}, where 1 (grey) or 3 (red, green and blue) can be read; \
             save images as [n, height, width, channels]"
        )),
        _ => Err(format!(
            "it has {}, where images are [n, height, width] or [n, height, width, channels]; save them so",
            if dims.len() == 1 { "1 dimension".to_owned() } else { format!("{} dimensions", dims.len()) }
        )),
    }
}

/// As `28x28` or `32x32x3`.
pub(super) fn text(shape: ImageShape) -> String {
    match shape.channels {
        1 => format!("{}x{}", shape.height, shape.width),
        channels => format!("{}x{}x{channels}", shape.height, shape.width),
    }
}

/// The side of a square of `count` pixels.
fn side(count: usize) -> Option<usize> {
    let side = count.isqrt();
    (side > 0 && side * side == count).then_some(side)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(height: usize, width: usize, channels: usize) -> ImageShape {
        ImageShape { height, width, channels }
    }

    #[test]
    fn a_number_of_values_is_a_square_unless_said_otherwise() {
        let of = |count, asked| of_count(count, asked).map(|found| (found.shape, found.note.is_some()));
        assert_eq!(of(784, None), Ok((shape(28, 28, 1), false)));
        assert_eq!(of(3072, None), Ok((shape(32, 32, 3), true)));
        assert_eq!(of(784, Some(shape(14, 56, 1))), Ok((shape(14, 56, 1), false)));
        for (count, asked, words) in [
            (785, None, "785 values"),
            (0, None, "0 values"),
            (784, Some(shape(28, 28, 3)), "not 28x28x3 pixels"),
            (784, Some(shape(usize::MAX, 2, 3)), "not"),
        ] {
            let why = of(count, asked).unwrap_err();
            assert!(why.contains(words) && why.contains("--shape"), "{why}");
        }
    }

    #[test]
    fn dimensions_say_where_the_channels_are() {
        let of = |dims: &[usize]| of_dims(dims, None).map(|found| (found.shape, found.has_planes));
        assert_eq!(of(&[9, 28, 30]), Ok((shape(28, 30, 1), false)));
        assert_eq!(of(&[9, 28, 30, 1]), Ok((shape(28, 30, 1), false)));
        assert_eq!(of(&[9, 28, 30, 3]), Ok((shape(28, 30, 3), false)));
        assert_eq!(of(&[9, 3, 28, 30]), Ok((shape(28, 30, 3), true)));
        assert_eq!(of(&[9, 1, 28, 30]), Ok((shape(28, 30, 1), true)));
        for (dims, words) in [
            (&[9, 28, 28, 4][..], "4 channels"),
            (&[9, 28, 28, 28], "last dimension is 28"),
            (&[9], "1 dimension,"),
            (&[], "0 dimensions"),
            (&[9, 1, 28, 28, 3], "5 dimensions"),
        ] {
            assert!(of(dims).unwrap_err().contains(words), "{dims:?}");
        }
    }
}
