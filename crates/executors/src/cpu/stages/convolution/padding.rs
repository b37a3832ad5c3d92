//! An image with zeros around it and, if its pixels are spread out, between them: what windows reach, and nothing else.
//!
//! For example for 3 × 3 windows with one pixel of padding, an image `[28][28][32]` lies from row 1 and column 1 on in one
//! of `[30][30][32]`. For the gradient of windows with stride 2, `[14][14][64]`, pixels are two rows and columns apart in
//! `[30][30][64]`, so that windows over all of it, with filters turned about, meet what each pixel of the input has
//! contributed to.

use modiste_network::Window;

use crate::cpu::plan::layout::Layout;

/// Where an image lies in its padded one, `[row][column][pitch]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Padded {
    image: Layout,
    /// Values of a pixel of the padded image: no more than of the image's own.
    pitch: usize,
    rows: usize,
    columns: usize,
    /// Rows above the image.
    top: usize,
    /// Columns left of the image.
    left: usize,
    /// Rows and columns from one pixel of the image to the next.
    spread: usize,
}

impl Padded {
    /// Of images for windows whose output is laid out as `output`.
    pub(super) fn new(window: Window, image: Layout, output: Layout, pitch: usize) -> Self {
        let side = |windows: usize| (windows - 1) * window.stride + window.size;
        let (rows, columns) = (side(output.height), side(output.width));
        Self { image, pitch, rows, columns, top: window.pad_top, left: window.pad_left, spread: 1 }
    }

    /// Of gradients of the windows' output: where the windows of a convolution with the filters turned about, one for each
    /// pixel of the `input`, give the input's gradient.
    pub(super) fn of_gradient(window: Window, input: Layout, output: Layout) -> Self {
        let around = window.size - 1;
        Self {
            image: output,
            pitch: output.pitch,
            rows: input.height + around,
            columns: input.width + around,
            top: around - window.pad_top,
            left: around - window.pad_left,
            spread: window.stride,
        }
    }

    /// Values of a row.
    pub(super) fn row_len(&self) -> usize {
        self.columns * self.pitch
    }

    /// Values of all.
    pub(super) fn len(&self) -> usize {
        self.rows * self.row_len()
    }

    /// The pixels that image and padded image share, in contiguous segments: place in the image, in the padded one, length.
    /// What lies between pixels of an image is never part of one, unless it is part of the padded image too.
    fn segments(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let Self { image, pitch, top, left, spread, .. } = *self;
        let row_len = self.row_len();
        let rows = self.rows.saturating_sub(top).div_ceil(spread).min(image.height);
        let columns = self.columns.saturating_sub(left).div_ceil(spread).min(image.width);
        // Without anything between the pixels a row is one segment.
        let (per_row, length) = if image.pitch == pitch && spread == 1 { (1, columns) } else { (columns, 1) };
        (0..rows * per_row).map(move |segment| {
            let (row, column) = (segment / per_row, segment % per_row * length);
            let place = (row * image.width + column) * image.pitch;
            let padded = (row * spread + top) * row_len + (column * spread + left) * pitch;
            (place, padded, length * pitch)
        })
    }

    /// Puts an image in place; what is around it stays, and must be zero.
    pub(super) fn pad(&self, image: &[f32], padded: &mut [f32]) {
        for (place, to, length) in self.segments() {
            padded[to..to + length].copy_from_slice(&image[place..place + length]);
        }
    }

    /// Takes the image out of its padded one; what the windows do not reach is zero.
    pub(super) fn unpad(&self, padded: &[f32], image: &mut [f32]) {
        image.fill(0.0);
        for (place, from, length) in self.segments() {
            image[place..place + length].copy_from_slice(&padded[from..from + length]);
        }
    }
}
