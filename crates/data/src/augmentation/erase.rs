//! A random rectangle of an image replaced by noise.

use super::Erase;
use crate::dataset::ImageShape;
use crate::random::Draws;

impl Erase {
    /// Paints over `canvas` of `shape`, or leaves it alone.
    pub(super) fn paint(&self, shape: ImageShape, draws: &mut Draws, canvas: &mut [u8]) {
        if !draws.chance(self.probability) {
            return;
        }
        let ImageShape { height, width, channels } = shape;
        let (rows, columns) = self.sides(height, width, draws);
        let top = draws.below((height - rows + 1) as u64) as usize;
        let left = draws.below((width - columns + 1) as u64) as usize;
        for row in canvas.chunks_exact_mut(width * channels).skip(top).take(rows) {
            draws.fill(&mut row[left * channels..][..columns * channels]);
        }
    }

    /// Height and width of the rectangle in pixels, at least one and at most the image's.
    fn sides(&self, height: usize, width: usize, draws: &mut Draws) -> (usize, usize) {
        let share = draws.between(self.area[0], self.area[1]);
        let (full_height, full_width) = (height as f64, width as f64);
        // With the image's own aspect any area fits, and with others so far away that one side is all of the image's. Where
        // an image is so long that none of those asked for fits, it is the nearest one that does.
        let (own, room) = ((full_height / full_width).ln(), -share.ln());
        let most = self.aspect.ln();
        let (least, most) = ((own - room).max(-most), (own + room).min(most));
        let aspect = draws.between(least, most).clamp(own - room, own + room).exp();
        let area = share * full_height * full_width;
        let pixels = |side: f64, full: usize| (side.round() as usize).clamp(1, full);
        (pixels((area * aspect).sqrt(), height), pixels((area / aspect).sqrt(), width))
    }
}
