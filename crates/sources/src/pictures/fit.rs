//! From a picture of any size to an image of the size, channels and background that a set has.

use super::picture::Picture;
use modiste_data::{Background, Fit};

/// What an image has to be.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// 1 for grey, 3 for colour.
    pub(crate) channels: usize,
    pub(crate) fit: Fit,
    pub(crate) background: Background,
}

/// Makes `[height, width, channels]` of a picture. What has the right size already keeps its values.
pub(crate) fn fit(picture: &Picture, target: Target) -> Vec<u8> {
    let flat = flatten(picture, target.channels, target.background);
    let plane = Plane { pixels: &flat, height: picture.height, width: picture.width, channels: target.channels };
    fit_plane(plane, target)
}

/// The same of pixels that lie on their background.
pub(super) fn fit_plane(source: Plane<'_>, target: Target) -> Vec<u8> {
    let Plane { height, width, channels, .. } = source;
    if target.height == 0 || target.width == 0 {
        return Vec::new();
    }
    if (height, width) == (target.height, target.width) {
        return source.pixels.to_vec();
    }
    match target.fit {
        Fit::Stretch => resize(source, Part::all(height), target.height, Part::all(width), target.width),
        Fit::Crop => {
            let scale = (target.height as f64 / height as f64).max(target.width as f64 / width as f64);
            let rows = Part::middle(height, target.height as f64 / scale);
            let columns = Part::middle(width, target.width as f64 / scale);
            resize(source, rows, target.height, columns, target.width)
        }
        Fit::Pad => {
            let scale = (target.height as f64 / height as f64).min(target.width as f64 / width as f64);
            let scaled = |side: usize, most: usize| ((side as f64 * scale).round() as usize).clamp(1, most);
            let (rows, columns) = (scaled(height, target.height), scaled(width, target.width));
            let inner = resize(source, Part::all(height), rows, Part::all(width), columns);
            let mut image = border_colour(source).repeat(target.height * target.width);
            let (top, left) = ((target.height - rows) / 2, (target.width - columns) / 2);
            for (row, values) in inner.chunks_exact(columns * channels).enumerate() {
                let start = ((top + row) * target.width + left) * channels;
                image[start..][..values.len()].copy_from_slice(values);
            }
            image
        }
    }
}

/// Lays a picture on its background, `[height, width, channels]`. To do it first makes resizing weigh colours by their alpha.
pub(super) fn flatten(picture: &Picture, channels: usize, background: Background) -> Vec<u8> {
    let behind = match background {
        Background::Black => 0,
        Background::White => u32::from(u8::MAX),
    };
    let colours = if picture.is_grey { 1 } else { 3 };
    if !picture.has_alpha && colours == channels {
        return picture.pixels.clone();
    }
    let mut flat = Vec::with_capacity(picture.width * picture.height * channels);
    for pixel in picture.each_pixel() {
        let alpha = pixel.get(colours).copied().map_or(255, u32::from);
        let on_background = |value: u8| ((u32::from(value) * alpha + behind * (255 - alpha) + 127) / 255) as u8;
        match (&pixel[..colours], channels) {
            (&[red, green, blue], 1) => {
                // Brightness by Rec. 601.
                let weighted = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
                flat.push(on_background(((weighted + 500) / 1000) as u8));
            }
            (&[grey], _) => flat.extend(std::iter::repeat_n(on_background(grey), channels)),
            (colour, _) => flat.extend(colour.iter().map(|&value| on_background(value))),
        }
    }
    flat
}

/// Opaque pixels.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a> {
    /// `[height, width, channels]`
    pub(super) pixels: &'a [u8],
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

/// The median of each channel along the border, `[channels]`.
fn border_colour(source: Plane<'_>) -> Vec<u8> {
    let Plane { pixels, height, width, channels } = source;
    let is_border = |at: usize| {
        let (row, column) = (at / width, at % width);
        row == 0 || column == 0 || row + 1 == height || column + 1 == width
    };
    let median = |channel: usize| {
        let border = pixels.chunks_exact(channels).enumerate().filter(|(at, _)| is_border(*at));
        let mut values: Vec<u8> = border.map(|(_, pixel)| pixel[channel]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    };
    (0..channels).map(median).collect()
}

/// A stretch of rows or columns, in pixels that may be broken.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) start: f64,
    pub(super) length: f64,
}

impl Part {
    pub(super) fn all(side: usize) -> Self {
        Self { start: 0.0, length: side as f64 }
    }

    fn middle(side: usize, length: f64) -> Self {
        let length = length.min(side as f64);
        Self { start: (side as f64 - length) / 2.0, length }
    }
}

/// What an output value is made of: neighbouring input values, each with its weight.
struct Taps {
    first: usize,
    weights: Vec<f32>,
    /// The weight of what lies beyond the first and the last input. All weights sum to one.
    beyond: f32,
}

/// The taps of `count` outputs. Where a side shrinks, an output is the mean of what lies in it, and an input at its edge counts by the
/// part that does; where it grows, inputs are joined by straight lines. What lies beyond has no weight, unless it `extends` the
/// input.
fn taps(side: usize, part: Part, count: usize, extends: bool) -> Vec<Taps> {
    let step = part.length / count as f64;
    let half = step.max(1.0) / 2.0;
    let taps = |at: usize| {
        let centre = part.start + (at as f64 + 0.5) * step;
        // The part of an input, one wide, that lies within `half` of the centre. At a step of one that is the straight line too.
        let weight = |input: f64| ((input + 1.0).min(centre + half) - input.max(centre - half)).max(0.0);
        let (begin, end) = ((centre - half).floor(), (centre + half).ceil());
        let first = (begin.max(0.0) as usize).min(side);
        let last = (end.max(0.0) as usize).clamp(first, side);
        let inside = || (first..last).map(|input| weight(input as f64));
        let within: f64 = inside().sum();
        let outside: f64 = if extends {
            let inputs = |from: f64, to: f64| (from as i64..to as i64).map(|input| weight(input as f64)).sum::<f64>();
            inputs(begin, end.min(0.0)) + inputs(begin.max(side as f64), end)
        } else {
            0.0
        };
        let sum = within + outside;
        Taps { first, weights: inside().map(|weight| (weight / sum) as f32).collect(), beyond: (outside / sum) as f32 }
    };
    (0..count).map(taps).collect()
}

/// Scales a part of the rows and columns to `height` and `width`.
pub(super) fn resize(source: Plane<'_>, rows: Part, height: usize, columns: Part, width: usize) -> Vec<u8> {
    let taps = [taps(source.height, rows, height, false), taps(source.width, columns, width, false)];
    weighed(source, &taps, &vec![0; source.channels])
}

/// Scales a window, which may reach beyond the edges: there lies `beyond`, `[channels]`.
pub(super) fn resize_window(
    source: Plane<'_>,
    [rows, columns]: [Part; 2],
    [height, width]: [usize; 2],
    beyond: &[u8],
) -> Vec<u8> {
    let taps = [taps(source.height, rows, height, true), taps(source.width, columns, width, true)];
    weighed(source, &taps, beyond)
}

/// Sums what the taps of rows and columns say, first along rows, then along columns.
fn weighed(source: Plane<'_>, [row_taps, column_taps]: &[Vec<Taps>; 2], beyond: &[u8]) -> Vec<u8> {
    let (channels, width) = (source.channels, column_taps.len());
    // `[source.height, width, channels]`; rows that no tap reads stay zero.
    let mut narrow = vec![0.0_f32; source.height * width * channels];
    let read = row_taps.first().map_or(0, |taps| taps.first)
        ..row_taps.last().map_or(0, |taps| taps.first + taps.weights.len());
    for row in read {
        let input = &source.pixels[row * source.width * channels..][..source.width * channels];
        let output = &mut narrow[row * width * channels..][..width * channels];
        for (taps, pixel) in column_taps.iter().zip(output.chunks_exact_mut(channels)) {
            for (sum, &value) in pixel.iter_mut().zip(beyond) {
                *sum = taps.beyond * f32::from(value);
            }
            let inputs = input[taps.first * channels..].chunks_exact(channels);
            for (weight, values) in taps.weights.iter().zip(inputs) {
                for (sum, &value) in pixel.iter_mut().zip(values) {
                    *sum += weight * f32::from(value);
                }
            }
        }
    }
    let mut image = Vec::with_capacity(row_taps.len() * width * channels);
    let mut sums = vec![0.0_f32; width * channels];
    for taps in row_taps {
        for (sum, &value) in sums.iter_mut().zip(beyond.iter().cycle()) {
            *sum = taps.beyond * f32::from(value);
        }
        let inputs = narrow[taps.first * width * channels..].chunks_exact(width * channels);
        for (weight, values) in taps.weights.iter().zip(inputs) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
        image.extend(sums.iter().map(|sum| sum.round() as u8));
    }
    image
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grey(width: usize, height: usize, pixels: Vec<u8>) -> Picture {
        Picture { width, height, is_grey: true, has_alpha: pixels.len() > width * height, pixels }
    }

    fn target(height: usize, width: usize, fit: Fit) -> Target {
        Target { height, width, channels: 1, fit, background: Background::White }
    }

    #[test]
    fn what_has_the_size_keeps_its_values() {
        let picture = grey(3, 2, vec![0, 9, 255, 4, 77, 128]);
        for way in [Fit::Pad, Fit::Crop, Fit::Stretch] {
            assert_eq!(fit(&picture, target(2, 3, way)), picture.pixels);
        }
    }

    #[test]
    fn shrinking_loses_nothing_between_the_taps() {
        // A fine chequerboard is grey from afar.
        let board = grey(64, 64, (0..64 * 64).map(|at| if (at + at / 64) % 2 == 0 { 0 } else { 255 }).collect());
        let small = fit(&board, target(4, 4, Fit::Stretch));
        assert!(small.iter().all(|value| (125..=130).contains(value)), "{small:?}");
    }

    #[test]
    fn what_grew_tenfold_shrinks_to_what_it_was() {
        let small: Vec<u8> = (0..28 * 28).map(|at| (at * 37 % 256) as u8).collect();
        let large = (0..280 * 280).map(|at| small[at / 280 / 10 * 28 + at % 280 / 10]).collect();
        assert_eq!(fit(&grey(280, 280, large), target(28, 28, Fit::Pad)), small);
    }

    #[test]
    fn an_input_on_the_edge_of_an_output_counts_by_its_part() {
        assert_eq!(fit(&grey(3, 1, vec![0, 90, 240]), target(1, 2, Fit::Stretch)), [30, 190]);
    }

    #[test]
    fn growing_goes_evenly_from_one_pixel_to_the_next() {
        let wide = fit(&grey(2, 1, vec![0, 200]), target(1, 4, Fit::Stretch));
        assert_eq!(wide, [0, 50, 150, 200]);
    }

    #[test]
    fn padding_has_the_colour_of_the_border() {
        let mut pixels = vec![40; 8 * 4];
        pixels[9..15].fill(250);
        let image = fit(&grey(8, 4, pixels), target(8, 8, Fit::Pad));
        assert_eq!(image[..16], [40; 16]);
        assert_eq!(image[48..], [40; 16]);
        assert!(image[26] > 200, "the picture is in the middle");
    }

    #[test]
    fn cropping_keeps_the_middle() {
        let image = fit(&grey(6, 2, vec![1, 1, 8, 8, 1, 1, 1, 1, 8, 8, 1, 1]), target(2, 2, Fit::Crop));
        assert_eq!(image, [8; 4]);
        let shrunk =
            fit(&grey(12, 4, [vec![1; 4], vec![8; 4], vec![1; 4]].concat().repeat(4)), target(2, 2, Fit::Crop));
        assert!(shrunk.iter().all(|&value| value >= 6), "{shrunk:?}");
    }

    #[test]
    fn beyond_the_edges_of_a_window_lies_the_colour_that_is_said() {
        let source = Plane { pixels: &[200; 6], height: 2, width: 3, channels: 1 };
        let window = |start, length| resize_window(source, [Part::all(2), Part { start, length }], [2, 6], &[50]);
        assert_eq!(window(-2.0, 6.0)[..6], [50, 50, 200, 200, 200, 50]);
        assert_eq!(window(-1.5, 6.0)[..6], [50, 125, 200, 200, 125, 50]);
        assert_eq!(window(9.0, 3.0), [50; 12]);
    }

    #[test]
    fn colours_that_are_transparent_do_not_bleed() {
        // A black dot amid unseen red, on white.
        let pixels = [[255, 0, 0, 0], [0, 0, 0, 255], [255, 0, 0, 0], [255, 0, 0, 0]].concat();
        let picture = Picture { width: 4, height: 1, is_grey: false, has_alpha: true, pixels };
        let image = fit(&picture, Target { channels: 3, ..target(1, 2, Fit::Stretch) });
        for pixel in image.chunks(3) {
            assert!(pixel[0] == pixel[1] && pixel[1] == pixel[2], "{image:?}");
        }
        let black = fit(&picture, Target { background: Background::Black, ..target(1, 4, Fit::Pad) });
        assert_eq!(black, [0; 4]);
    }

    #[test]
    fn grey_becomes_colour_and_colour_grey() {
        let image = fit(&grey(1, 1, vec![7]), Target { channels: 3, ..target(1, 1, Fit::Pad) });
        assert_eq!(image, [7, 7, 7]);
        let red = Picture { width: 1, height: 1, is_grey: false, has_alpha: false, pixels: vec![255, 0, 0] };
        assert_eq!(fit(&red, target(1, 1, Fit::Pad)), [76]);
    }

    proptest! {
        #[test]
        fn one_colour_stays_that_colour(
            from in (1..40_usize, 1..40_usize),
            to in (1..40_usize, 1..40_usize),
            value: u8,
            way in prop::sample::select(vec![Fit::Pad, Fit::Crop, Fit::Stretch]),
        ) {
            let picture = grey(from.0, from.1, vec![value; from.0 * from.1]);
            prop_assert_eq!(fit(&picture, target(to.0, to.1, way)), vec![value; to.0 * to.1]);
        }
    }
}
