//! Where an image comes to lie, and what is seen of it beyond its border.

use super::{Augmentation, Fill};
use crate::random::SplitMix64;

/// What is done to an image's plane: mirrored, turned and enlarged about its centre, then moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placement {
    pub(super) mirrored: bool,
    /// Radians, clockwise as seen.
    pub(super) angle: f64,
    /// 2 makes it twice as wide and high.
    pub(super) scale: f64,
    /// Pixels.
    pub(super) down: i64,
    /// Pixels.
    pub(super) right: i64,
}

impl Placement {
    pub(super) fn draw(augmentation: &Augmentation, mirrored: bool, random: &mut SplitMix64) -> Self {
        let Augmentation { rotate, zoom, shift, .. } = *augmentation;
        let mut pixels = || random.below(2 * shift as u64 + 1) as i64 - shift as i64;
        let (down, right) = (pixels(), pixels());
        Self {
            mirrored,
            angle: random.between(-rotate, rotate).to_radians(),
            scale: random.between(1.0 - zoom, 1.0 + zoom),
            down,
            right,
        }
    }
}

impl Fill {
    /// Which of `length` rows or columns is seen at `position`, which may be any. None is black.
    #[inline]
    pub(super) fn seen_at(self, position: i64, length: usize) -> Option<usize> {
        let length = length as i64;
        if (0..length).contains(&position) {
            return Some(position as usize);
        }
        match self {
            Fill::Zero => None,
            Fill::Reflect => {
                // There and back again, without either end twice. A single pixel is all there is.
                let period = (2 * (length - 1)).max(1);
                let there = position.rem_euclid(period);
                Some(there.min(period - there) as usize)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_go_on_without_end() {
        let seen = |fill: Fill, length, positions: std::ops::Range<i64>| {
            positions.map(|position| fill.seen_at(position, length)).collect::<Vec<_>>()
        };
        let mirrored = [2, 1, 0, 1, 2, 3, 2, 1, 0, 1].map(Some);
        assert_eq!(seen(Fill::Reflect, 4, -2..8), mirrored);
        assert_eq!(seen(Fill::Reflect, 4, -602..-592), mirrored);
        assert_eq!(seen(Fill::Reflect, 1, -2..2), [Some(0); 4]);
        assert_eq!(seen(Fill::Reflect, 2, -2..2), [0, 1, 0, 1].map(Some));
        assert_eq!(seen(Fill::Zero, 2, -2..4), [None, None, Some(0), Some(1), None, None]);
    }
}
