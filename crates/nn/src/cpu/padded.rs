//! An image with its padding around it: what the windows of a convolution reach, and nothing else.

use super::plan::Layout;
use crate::network::Window;

/// Where an image lies in its padded one, `[row][column][pitch]`.
#[derive(Clone, Copy, Debug)]
pub struct Padded {
    input: Layout,
    window: Window,
    /// Values of a pixel of the padded image: no more than of the image's own.
    pitch: usize,
    rows: usize,
    columns: usize,
}

impl Padded {
    /// Of images for windows whose output is laid out as `output`.
    pub fn new(window: Window, input: Layout, output: Layout, pitch: usize) -> Self {
        let side = |windows: usize| (windows - 1) * window.stride + window.size;
        Self { input, window, pitch, rows: side(output.height), columns: side(output.width) }
    }

    /// Values of a row.
    pub fn row_len(&self) -> usize {
        self.columns * self.pitch
    }

    /// Values of all.
    pub fn len(&self) -> usize {
        self.rows * self.row_len()
    }

    /// The pixels that image and padded image share, in contiguous pieces: place in the image, in the padded one, length.
    /// What lies between pixels of an image is never part of one, unless it is part of the padded image too.
    fn shared(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let Self { input, window, pitch, .. } = *self;
        let row_len = self.row_len();
        let rows = self.rows.saturating_sub(window.pad_top).min(input.height);
        let columns = self.columns.saturating_sub(window.pad_left).min(input.width);
        // Without anything between the pixels a row is one piece.
        let (pieces, length) = if input.pitch == pitch { (1, columns) } else { (columns, 1) };
        (0..rows * pieces).map(move |piece| {
            let (row, column) = (piece / pieces, piece % pieces * length);
            let place = (row * input.width + column) * input.pitch;
            let padded = (row + window.pad_top) * row_len + (column + window.pad_left) * pitch;
            (place, padded, length * pitch)
        })
    }

    /// Makes the padded image of an image.
    pub fn pad(&self, image: &[f32], padded: &mut [f32]) {
        padded.fill(0.0);
        for (place, to, length) in self.shared() {
            padded[to..to + length].copy_from_slice(&image[place..place + length]);
        }
    }

    /// Takes the image out of its padded one; what the windows do not reach is zero.
    pub fn unpad(&self, padded: &[f32], image: &mut [f32]) {
        image.fill(0.0);
        for (place, from, length) in self.shared() {
            image[place..place + length].copy_from_slice(&padded[from..from + length]);
        }
    }
}
