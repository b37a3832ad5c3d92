//! Geometry of windows that slide over an image.

use modiste_data::ImageShape;

use crate::recipe::Padding;

/// Geometry of a convolution: square windows over an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// What the window slides over.
    pub input: ImageShape,
    /// What comes out.
    pub output: ImageShape,
    /// Rows and columns of the window.
    pub size: usize,
    /// Step between windows.
    pub stride: usize,
    /// Rows of zeros above the input.
    pub pad_top: usize,
    /// Columns of zeros left of the input.
    pub pad_left: usize,
}

impl Window {
    /// Infers the output of windows of `size` every `stride`, as Keras does. `None` if no window fits.
    pub fn new(input: ImageShape, size: usize, stride: usize, padding: Padding, channels: usize) -> Option<Self> {
        let (height, pad_top) = Self::slide(input.height, size, stride, padding)?;
        let (width, pad_left) = Self::slide(input.width, size, stride, padding)?;
        Some(Self { input, output: ImageShape { height, width, channels }, size, stride, pad_top, pad_left })
    }

    /// Number of positions along one side, and how much padding precedes the first.
    fn slide(side: usize, size: usize, stride: usize, padding: Padding) -> Option<(usize, usize)> {
        match padding {
            Padding::Valid => Some(((side.checked_sub(size)?) / stride + 1, 0)),
            Padding::Same => {
                let positions = side.div_ceil(stride);
                let covered = (positions.checked_sub(1)?) * stride + size;
                Some((positions, covered.saturating_sub(side) / 2))
            }
        }
    }
}

/// Geometry of pooling: windows over an image, wholly inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pooling {
    /// What the windows slide over.
    pub input: ImageShape,
    /// What comes out.
    pub output: ImageShape,
    /// Rows of a window.
    pub rows: usize,
    /// Columns of a window.
    pub columns: usize,
    /// Step between windows, in both directions.
    pub stride: usize,
    /// Whether the window is the whole image, and what comes out a flat row.
    pub global: bool,
}

impl Pooling {
    /// Square windows of `size` every `stride`. `None` if no window fits.
    pub fn new(input: ImageShape, size: usize, stride: usize) -> Option<Self> {
        let window = Window::new(input, size, stride, Padding::Valid, input.channels)?;
        Some(Self { input, output: window.output, rows: size, columns: size, stride, global: false })
    }

    /// One window: the whole image.
    pub fn global(input: ImageShape) -> Self {
        let output = ImageShape { height: 1, width: 1, channels: input.channels };
        Self { input, output, rows: input.height, columns: input.width, stride: 1, global: true }
    }

    /// Pixels of a window.
    pub fn taps(&self) -> usize {
        self.rows * self.columns
    }

    /// The name that fits, of pooling by windows and of that over the whole image.
    pub(super) fn keras_class(&self, [windows, global]: [&'static str; 2]) -> &'static str {
        if self.global { global } else { windows }
    }
}
