//! How much of each pixel an outline covers.

use super::outline::Point;

/// Every image is this many pixels high and wide, in one channel.
pub(super) const SIDE: usize = 28;
/// Of one image.
pub(super) const PIXELS: usize = SIDE * SIDE;
/// Rows are sampled at this many heights; along a row coverage is exact.
const SAMPLES: usize = 4;
const ROWS: usize = SIDE * SAMPLES;
/// More crossings than any of our outlines has at one height.
const CROSSINGS: usize = 16;

/// Coverage of every pixel, 0 to 1, row by row.
pub(super) struct Canvas {
    crossings: [[f32; CROSSINGS]; ROWS],
    counts: [usize; ROWS],
    coverage: [f32; PIXELS],
}

impl Canvas {
    pub(super) fn new() -> Self {
        Self { crossings: [[0.0; CROSSINGS]; ROWS], counts: [0; ROWS], coverage: [0.0; PIXELS] }
    }

    /// Coverage by the inside (even-odd) of an outline given in pixels.
    pub(super) fn cover(&mut self, outline: &[Point]) -> &[f32; PIXELS] {
        self.counts.fill(0);
        self.coverage.fill(0.0);
        for (&from, &to) in outline.iter().zip(outline.iter().cycle().skip(1)) {
            self.cross(from, to);
        }
        for row in 0..ROWS {
            let crossings = &mut self.crossings[row][..self.counts[row]];
            crossings.sort_unstable_by(f32::total_cmp);
            for span in crossings.chunks_exact(2) {
                fill(&mut self.coverage[row / SAMPLES * SIDE..][..SIDE], span[0], span[1]);
            }
        }
        &self.coverage
    }

    /// Notes where the edge crosses the middles of sampled rows.
    fn cross(&mut self, from: Point, to: Point) {
        let (high, low) = if from[1] <= to[1] { (from, to) } else { (to, from) };
        let first_row = |y: f32| (y * SAMPLES as f32 + 0.5).floor().clamp(0.0, ROWS as f32) as usize;
        let slope = (low[0] - high[0]) / (low[1] - high[1]).max(1e-9);
        for row in first_row(high[1])..first_row(low[1]) {
            let y = (row as f32 + 0.5) / SAMPLES as f32;
            if let Some(place) = self.crossings[row].get_mut(self.counts[row]) {
                *place = high[0] + (y - high[1]) * slope;
                self.counts[row] += 1;
            }
        }
    }
}

/// Adds one sample's share where a row of pixels is covered from `left` to `right`.
fn fill(row: &mut [f32], left: f32, right: f32) {
    let (left, right) = (left.clamp(0.0, SIDE as f32), right.clamp(0.0, SIDE as f32));
    for (x, coverage) in row.iter_mut().enumerate().take(right.ceil() as usize).skip(left as usize) {
        let covered = right.min(x as f32 + 1.0) - left.max(x as f32);
        *coverage += covered.max(0.0) / SAMPLES as f32;
    }
}
