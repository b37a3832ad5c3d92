//! A first look at the pictures of a set: what the size, channels and background of its images follow from.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::decode::decode;
use super::picture::Picture;
use crate::parts::Pictures;

/// What is known of a picture once it has been decoded.
pub(super) struct Look {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) is_grey: bool,
    pub(super) has_alpha: bool,
    pub(super) is_bright_on_black: bool,
    /// The picture, as long as there is room.
    pub(super) picture: Option<Picture>,
}

/// How many bytes of decoded pictures may be kept until their size is known.
pub(super) struct Room(AtomicU64);

impl Room {
    pub(super) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    fn take(&self, bytes: u64) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// Decodes every picture once; what is wrong with it is part of a sentence.
pub(super) fn look(pictures: &Pictures, room: &Room) -> Vec<Result<Look, String>> {
    (0..pictures.entries.len()).into_par_iter().map(|index| look_at(pictures, index, room)).collect()
}

/// Reads and decodes one picture.
pub(super) fn read(pictures: &Pictures, index: usize) -> Result<Picture, String> {
    decode(&pictures.source.read(index).map_err(|error| error.to_string())?)
}

fn look_at(pictures: &Pictures, index: usize, room: &Room) -> Result<Look, String> {
    let picture = read(pictures, index)?;
    Ok(Look {
        height: picture.height,
        width: picture.width,
        is_grey: picture.is_grey,
        has_alpha: picture.has_alpha,
        is_bright_on_black: is_bright_on_black(&picture),
        picture: room.take(picture.pixels.len() as u64).then_some(picture),
    })
}

/// Whether what a picture shows is brighter than what lies around it, which is dark. Where nothing lies around it, whether what
/// it shows is bright.
fn is_bright_on_black(picture: &Picture) -> bool {
    const MIDDLE: f64 = 127.5;
    let (width, channels) = (picture.width, picture.channels());
    let (mut all, mut border) = (Mean::default(), Mean::default());
    for (row, pixels) in picture.pixels.chunks_exact(width * channels).enumerate() {
        let whole = Mean::of(picture, pixels);
        all.add(whole);
        if row == 0 || row + 1 == picture.height || width < 3 {
            border.add(whole);
        } else {
            border.add(Mean::of(picture, &pixels[..channels]));
            border.add(Mean::of(picture, &pixels[(width - 1) * channels..]));
        }
    }
    match (border.value(), all.value()) {
        (Some(border), Some(all)) => border < MIDDLE && all > border,
        (None, Some(all)) => all > MIDDLE,
        (_, None) => false,
    }
}

/// A mean of values, weighed by alpha.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: u64,
    weight: u64,
}

impl Mean {
    /// Of some of a picture's pixels.
    fn of(picture: &Picture, pixels: &[u8]) -> Self {
        let sum = |values: &[u8]| values.iter().copied().map(u64::from).sum::<u64>();
        if !picture.has_alpha {
            let opaque = u64::from(u8::MAX);
            return Self { sum: opaque * sum(pixels), weight: opaque * pixels.len() as u64 };
        }
        let colours = picture.channels() - 1;
        pixels.chunks_exact(colours + 1).fold(Self::default(), |mean, pixel| {
            let alpha = u64::from(pixel[colours]);
            Self { sum: mean.sum + alpha * sum(&pixel[..colours]), weight: mean.weight + alpha * colours as u64 }
        })
    }

    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.weight += other.weight;
    }

    fn value(&self) -> Option<f64> {
        (self.weight > 0).then(|| self.sum as f64 / self.weight as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bright_on_black_is_told() {
        let picture = |has_alpha, pixels: Vec<u8>| Picture { width: 3, height: 3, is_grey: true, has_alpha, pixels };
        let dot = |around, inside| picture(false, [[around; 4].as_slice(), &[inside], &[around; 4]].concat());
        assert!(is_bright_on_black(&dot(0, 255)) && is_bright_on_black(&dot(20, 60)));
        assert!(
            !is_bright_on_black(&dot(255, 0)) && !is_bright_on_black(&dot(0, 0)) && !is_bright_on_black(&dot(200, 255))
        );
        let alone = |inside| picture(true, [[0, 0].repeat(4), vec![inside, 255], [0, 0].repeat(4)].concat());
        assert!(is_bright_on_black(&alone(255)) && !is_bright_on_black(&alone(0)));
        assert!(!is_bright_on_black(&picture(true, vec![0; 18])), "nothing is seen at all");
    }
}
