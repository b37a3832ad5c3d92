//! Images mixed with other images of their batch.

use std::ops::Range;

use super::Augmentation;
use crate::random::SplitMix64;
use crate::shape::ImageShape;

/// What was mixed into the images of a batch. Nothing, if both are empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mixed {
    /// Classes of what was mixed in, `[n]`.
    pub(crate) labels: Vec<u8>,
    /// Its share of each image, `[n]`.
    pub(crate) shares: Vec<f32>,
}

/// How the images of a batch are mixed.
enum Mixing {
    /// Each value with the other image's, whose share this is.
    Mixup { share: f32 },
    /// A rectangle of so many pixels, less what lies beyond the border.
    Cutmix { rows: usize, columns: usize },
}

/// Mixes each of `images`, scaled, `[n, height, width, channels]`, with the next one, and the last with the first, if
/// images are to be mixed. The order of an epoch is random, so the next image is a random one; and unlike in a
/// permutation drawn for it, never the image itself, unless the batch has no other.
pub(super) fn mix(
    augmentation: &Augmentation,
    shape: ImageShape,
    random: &mut SplitMix64,
    images: &mut Vec<f32>,
    labels: &[u8],
    mixed: &mut Mixed,
) {
    let Some(mixing) = Mixing::draw(augmentation, shape, random) else { return };
    let size = shape.len();
    // Images change from the first to the last, so that the next one is still whole; only the first is needed again.
    images.extend_from_within(..size);
    for at in 0..labels.len() {
        let (image, others) = images[at * size..].split_at_mut(size);
        mixed.shares.push(mixing.blend(image, &others[..size], shape, random));
        mixed.labels.push(labels[(at + 1) % labels.len()]);
    }
    images.truncate(labels.len() * size);
}

impl Mixing {
    fn draw(augmentation: &Augmentation, shape: ImageShape, random: &mut SplitMix64) -> Option<Self> {
        let Augmentation { mixup, cutmix, .. } = *augmentation;
        // Where there are both, each has every second batch.
        if let Some(parameter) = mixup.filter(|_| cutmix.is_none() || random.chance(0.5)) {
            let share = random.symmetric_beta(parameter);
            return Some(Self::Mixup { share: share.min(1.0 - share) as f32 });
        }
        let side = random.symmetric_beta(cutmix?).sqrt();
        let pixels = |full: usize| (side * full as f64).round() as usize;
        Some(Self::Cutmix { rows: pixels(shape.height), columns: pixels(shape.width) })
    }

    /// Mixes `other` into `image` and says which share of it that has become.
    fn blend(&self, image: &mut [f32], other: &[f32], shape: ImageShape, random: &mut SplitMix64) -> f32 {
        match *self {
            Self::Mixup { share } => {
                for (value, &other) in image.iter_mut().zip(other) {
                    *value = (1.0 - share) * *value + share * other;
                }
                share
            }
            Self::Cutmix { rows, columns } => {
                let ImageShape { height, width, channels } = shape;
                let (rows, columns) = (span(rows, height, random), span(columns, width, random));
                for row in rows.clone() {
                    let values = (row * width + columns.start) * channels..(row * width + columns.end) * channels;
                    image[values.clone()].copy_from_slice(&other[values]);
                }
                (rows.len() * columns.len()) as f32 / (height * width) as f32
            }
        }
    }
}

/// `pixels` of a side of `full` around one drawn from all, less those beyond its ends.
fn span(pixels: usize, full: usize, random: &mut SplitMix64) -> Range<usize> {
    let end = random.below(full as u64) as usize + pixels.div_ceil(2);
    end.saturating_sub(pixels)..end.min(full)
}
