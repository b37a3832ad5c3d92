//! What happens to the images of one epoch.

use super::mix::{Mixed, mix};
use super::placement::Placement;
use super::shift::shift;
use super::turn::turn;
use super::{Augmentation, Flip};
use crate::random::{RandomStream, SplitMix64};
use crate::shape::ImageShape;

/// Augments the images of one epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Augmenter {
    augmentation: Augmentation,
    shape: ImageShape,
    seed: u64,
    epoch: u64,
}

impl Augmenter {
    /// For images of `shape` in `epoch` of a run with `seed`. None where there is nothing to do.
    pub(crate) fn new(augmentation: Augmentation, shape: ImageShape, seed: u64, epoch: u64) -> Option<Self> {
        let is_idle = augmentation == Augmentation::default() || shape.is_empty();
        (!is_idle).then_some(Self { augmentation, shape, seed, epoch })
    }

    /// Image `index` of a set as it appears at `place` in the epoch: from `image` to `canvas`.
    pub(crate) fn paint(&self, image: &[u8], index: u32, place: usize, canvas: &mut [u8]) {
        let shape = self.shape;
        let Augmentation { rotate, zoom, fill, erase, .. } = self.augmentation;
        let mut random = SplitMix64::new(self.seed, RandomStream::Augmentation, [self.epoch, place as u64]);
        let mirrored = self.is_mirrored(index, &mut random);
        let placement = Placement::draw(&self.augmentation, mirrored, &mut random);
        if rotate == 0.0 && zoom == 0.0 {
            shift(image, shape, &placement, fill, canvas);
        } else {
            turn(image, shape, &placement, fill, canvas);
        }
        if let Some(erase) = erase {
            erase.paint(shape, &mut random, canvas);
        }
    }

    fn is_mirrored(&self, index: u32, random: &mut SplitMix64) -> bool {
        match self.augmentation.flip {
            Flip::None => false,
            Flip::Random => random.chance(0.5),
            Flip::Alternating => {
                let own = SplitMix64::new(self.seed, RandomStream::Flip, [u64::from(index), 0]).number();
                own.wrapping_add(self.epoch) % 2 == 1
            }
        }
    }

    /// Mixes the scaled images `[n, height, width, channels]` of batch number `batch`, if images are to be mixed, and says
    /// in `mixed` with what.
    pub(crate) fn mix(&self, batch: usize, images: &mut Vec<f32>, labels: &[u8], mixed: &mut Mixed) {
        let mut random = SplitMix64::new(self.seed, RandomStream::Mixing, [self.epoch, batch as u64]);
        mix(&self.augmentation, self.shape, &mut random, images, labels, mixed);
    }
}
