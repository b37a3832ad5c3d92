//! A random rectangle of an image replaced by noise.

use super::Erase;
use crate::random::SplitMix64;
use crate::shape::ImageShape;

impl Erase {
    /// Paints over `canvas` of `shape`, or leaves it alone.
    pub(super) fn paint(&self, shape: ImageShape, random: &mut SplitMix64, canvas: &mut [u8]) {
        if !random.chance(self.probability) {
            return;
        }
        let ImageShape { height, width, channels } = shape;
        let (rows, columns) = self.sides(height, width, random);
        let top = random.below((height - rows + 1) as u64) as usize;
        let left = random.below((width - columns + 1) as u64) as usize;
        for row in canvas.chunks_exact_mut(width * channels).skip(top).take(rows) {
            random.fill(&mut row[left * channels..][..columns * channels]);
        }
    }

    /// Height and width of the rectangle in pixels, at least one and at most the image's.
    fn sides(&self, height: usize, width: usize, random: &mut SplitMix64) -> (usize, usize) {
        let share = random.between(self.area[0], self.area[1]);
        let (full_height, full_width) = (height as f64, width as f64);
        // With the image's own aspect any area fits, and with others so far away that one side is all of the image's. Where
        // an image is so long that none of those asked for fits, it is the nearest one that does.
        let (own, room) = ((full_height / full_width).ln(), -share.ln());
        let most = self.aspect.ln();
        let (least, most) = ((own - room).max(-most), (own + room).min(most));
        let aspect = random.between(least, most).clamp(own - room, own + room).exp();
        let area = share * full_height * full_width;
        let pixels = |side: f64, full: usize| (side.round() as usize).clamp(1, full);
        (pixels((area * aspect).sqrt(), height), pixels((area / aspect).sqrt(), width))
    }
}
