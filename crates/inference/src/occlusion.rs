//! Which parts of an image decide: each is hidden in turn, and what that takes from the class is measured (Zeiler and Fergus,
//! 2014).
//!
//! A patch of a quarter of the image's sides, in the colour of its border, slides over the image. How much the log-odds of the
//! class, ln p / (1 - p), fall while a part is hidden says how much that part speaks for the class; where they rise, it speaks
//! against it. Log-odds, since a probability near 1 hardly moves.

use modiste_data::ImageShape;
use modiste_network::executor::softmax::{log_sum_exp, predicted};

use super::predictor::{NotImages, Predictor};

/// The image's sides for one of the patch.
const SIDES_A_PATCH: usize = 4;
/// Steps for the patch to move by its own length.
const STEPS_A_PATCH: usize = 3;

/// What each pixel does for the class of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Occlusion {
    /// The class that the image as it is, in its one view, is taken for.
    pub class: usize,
    /// How far the log-odds of that class fall, in nats, where a pixel is hidden, `[height, width]`: the mean over the patches
    /// that hide it.
    pub importance: Vec<f32>,
}

/// Where patches lie, along one side.
struct Side {
    length: usize,
    patch: usize,
}

impl Side {
    fn new(length: usize) -> Self {
        Self { length, patch: length.div_ceil(SIDES_A_PATCH) }
    }

    /// The first pixel of each patch; the last one ends at the border.
    fn places(&self) -> Vec<usize> {
        let last = self.length - self.patch;
        let mut places: Vec<usize> = (0..last).step_by((self.patch / STEPS_A_PATCH).max(1)).collect();
        places.push(last);
        places
    }
}

/// Images that the network is shown for one: it is best compiled for as many at a time.
pub fn occluded_images(shape: ImageShape) -> usize {
    1 + Side::new(shape.height).places().len() * Side::new(shape.width).places().len()
}

impl Predictor {
    /// Which parts of an image `[height, width, channels]` decide for its class. The image is looked at in one view, as by
    /// [`Predictor::single_view`].
    ///
    /// # Errors
    /// When the bytes are not those of one image.
    pub fn occlusion(&mut self, image: &[u8]) -> Result<Occlusion, NotImages> {
        let shape = self.card().image_shape;
        if image.len() != shape.len() {
            return Err(NotImages::new(image.len(), shape));
        }
        let (rows, columns) = (Side::new(shape.height), Side::new(shape.width));
        let border = border_colour(image, shape);
        let mut images = image.to_vec();
        let mut hidden = Vec::new();
        for row in rows.places() {
            for column in columns.places() {
                let mut image = image.to_vec();
                for pixel in pixels(shape, (row, rows.patch), (column, columns.patch)) {
                    image[pixel * shape.channels..][..shape.channels].copy_from_slice(&border);
                }
                images.extend(image);
                hidden.push((row, column));
            }
        }
        let logits = self.plain_logits(&images)?;
        let mut logits = logits.chunks_exact(self.card().class_names.len());
        let as_is = logits.next().unwrap_or_default();
        let class = predicted(as_is);
        let odds = log_odds(as_is, class);
        let (mut falls, mut counts) = (vec![0.0; shape.height * shape.width], vec![0.0; shape.height * shape.width]);
        for ((row, column), logits) in hidden.into_iter().zip(logits) {
            let fall = odds - log_odds(logits, class);
            for pixel in pixels(shape, (row, rows.patch), (column, columns.patch)) {
                falls[pixel] += fall;
                counts[pixel] += 1.0;
            }
        }
        let importance = falls.iter().zip(&counts).map(|(fall, count)| (fall / count) as f32).collect();
        Ok(Occlusion { class, importance })
    }
}

/// The pixels, counted row by row, of so many rows and columns from a first row and column on.
fn pixels(
    shape: ImageShape,
    (row, rows): (usize, usize),
    (column, columns): (usize, usize),
) -> impl Iterator<Item = usize> {
    (row..row + rows).flat_map(move |row| (column..column + columns).map(move |column| row * shape.width + column))
}

/// ln p / (1 - p) of the softmax probability p of a class.
fn log_odds(logits: &[f32], class: usize) -> f64 {
    let others: Vec<f32> =
        logits.iter().enumerate().filter(|&(other, _)| other != class).map(|(_, &logit)| logit).collect();
    if others.is_empty() { 0.0 } else { f64::from(logits[class]) - log_sum_exp(&others, 1.0) }
}

/// The median of the pixels at the border, channel by channel, `[channels]`.
fn border_colour(image: &[u8], shape: ImageShape) -> Vec<u8> {
    let is_border = |pixel: usize| {
        let (row, column) = (pixel / shape.width, pixel % shape.width);
        row == 0 || column == 0 || row + 1 == shape.height || column + 1 == shape.width
    };
    let of_channel = |channel: usize| {
        let pixels = image.chunks_exact(shape.channels).enumerate().filter(|&(pixel, _)| is_border(pixel));
        let mut values: Vec<u8> = pixels.map(|(_, values)| values[channel]).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    (0..shape.channels).map(of_channel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_cover_every_pixel_of_images_of_every_size() {
        for length in 1..70 {
            let side = Side::new(length);
            let mut covered = vec![false; length];
            for place in side.places() {
                covered[place..place + side.patch].fill(true);
            }
            assert!(covered.iter().all(|&covered| covered), "{length}");
        }
        assert_eq!(occluded_images(ImageShape { height: 28, width: 28, channels: 1 }), 1 + 12 * 12);
    }

    #[test]
    fn the_border_has_the_colour_of_most_of_it() {
        let shape = ImageShape { height: 4, width: 3, channels: 2 };
        let mut image = [9, 30].repeat(12);
        image[0] = 200;
        image[2 * (3 + 1)] = 255;
        assert_eq!(border_colour(&image, shape), [9, 30]);
    }

    #[test]
    fn log_odds_are_those_of_the_probability() {
        let odds = log_odds(&[1.0, 3.0, 0.5], 1);
        let probability = 3_f64.exp() / (1_f64.exp() + 3_f64.exp() + 0.5_f64.exp());
        assert!((odds - (probability / (1.0 - probability)).ln()).abs() < 1e-9);
    }
}
