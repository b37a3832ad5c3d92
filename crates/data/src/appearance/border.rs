//! What lies along the edges of an image: its background, if that is plain.

use crate::shape::ImageShape;

/// How far from a colour, in any channel, is still near it.
const NEAR: u8 = 24;
/// What stands out differs by so many values at least; less is the trace of an encoder.
const LEAST: u8 = 16;
/// It also differs by so many times the usual deviation: about 3.4 standard deviations of normal noise.
const DEVIATIONS: u8 = 5;
/// A border that deviates more than this is a pattern.
const LARGEST_SPREAD: u8 = 24;
/// So much of a plain border has its colour. The rest may be covered by what the image shows.
const PLAIN_SHARE: f32 = 0.6;

/// The share of a border from which on it tells which way round an image is,
const TELLING: f32 = 0.15;
/// if the opposite of the set's background covers so many times as much of it as that background.
const CLEARLY: f32 = 1.5;
/// Backgrounds that do not differ from their opposites by this much have none.
const OPPOSITES: u8 = 128;

/// The pixels along the edges of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Border {
    /// The median of each channel, `[channels]`.
    pub colour: Vec<u8>,
    /// How far its pixels lie from that colour: the median.
    pub spread: u8,
    /// `[count, channels]`
    pixels: Vec<u8>,
}

impl Border {
    /// Of an image `[height, width, channels]`, which must have a pixel.
    pub fn of(image: &[u8], shape: ImageShape) -> Self {
        let ImageShape { height, width, channels } = shape;
        let is_border = |at: usize| {
            let (row, column) = (at / width, at % width);
            row == 0 || column == 0 || row + 1 == height || column + 1 == width
        };
        let pixels: Vec<u8> = image
            .chunks_exact(channels)
            .enumerate()
            .filter(|(at, _)| is_border(*at))
            .flat_map(|(_, pixel)| pixel.iter().copied())
            .collect();
        let colour: Vec<u8> = (0..channels)
            .map(|channel| median(pixels.iter().skip(channel).step_by(channels).copied().collect()))
            .collect();
        let spread = median(pixels.chunks_exact(channels).map(|pixel| distance(pixel, &colour)).collect());
        Self { colour, spread, pixels }
    }

    /// By how much a pixel has to differ from the colour to stand out.
    fn threshold(&self) -> u8 {
        LEAST.max(self.spread.saturating_mul(DEVIATIONS))
    }

    /// Whether a pixel, `[channels]`, differs from the colour by more than noise does.
    pub fn stands_out(&self, pixel: &[u8]) -> bool {
        distance(pixel, &self.colour) > self.threshold()
    }

    /// Whether it shows one colour, up to noise and what covers it here and there.
    pub fn is_plain(&self) -> bool {
        self.spread <= LARGEST_SPREAD && self.share_within(self.threshold(), &self.colour) >= PLAIN_SHARE
    }

    /// Whether enough of it has this colour, `[channels]`, or the opposite one to tell which way round the image is.
    pub fn tells(&self, colour: &[u8]) -> bool {
        self.share_near(colour).max(self.share_near(&opposite(colour))) >= TELLING
    }

    /// Whether it shows the opposite of this colour rather than the colour.
    pub fn is_opposite(&self, colour: &[u8]) -> bool {
        has_opposite(colour)
            && self.tells(colour)
            && self.share_near(&opposite(colour)) > CLEARLY * self.share_near(colour)
    }

    /// The share of its pixels that nearly have this colour, `[channels]`.
    pub fn share_near(&self, colour: &[u8]) -> f32 {
        self.share_within(NEAR, colour)
    }

    /// Whether its own colour is nearly this one.
    pub fn is_near(&self, colour: &[u8]) -> bool {
        distance(&self.colour, colour) <= NEAR
    }

    fn share_within(&self, most: u8, colour: &[u8]) -> f32 {
        let pixels = self.pixels.chunks_exact(colour.len());
        let count = pixels.len().max(1);
        pixels.filter(|pixel| distance(pixel, colour) <= most).count() as f32 / count as f32
    }
}

/// The largest difference in any channel.
pub(super) fn distance(one: &[u8], other: &[u8]) -> u8 {
    one.iter().zip(other).map(|(&one, &other)| one.abs_diff(other)).max().unwrap_or(0)
}

/// The upper one of two in the middle; 0 of nothing.
pub(super) fn median(mut values: Vec<u8>) -> u8 {
    let middle = values.len() / 2;
    if values.is_empty() { 0 } else { *values.select_nth_unstable(middle).1 }
}

/// What a colour, `[channels]`, becomes where bright and dark are exchanged.
fn opposite(colour: &[u8]) -> Vec<u8> {
    colour.iter().map(|value| u8::MAX - value).collect()
}

/// Whether a colour, `[channels]`, can be told from its opposite.
pub(super) fn has_opposite(colour: &[u8]) -> bool {
    colour.iter().zip(opposite(colour)).all(|(one, other)| one.abs_diff(other) >= OPPOSITES)
}
