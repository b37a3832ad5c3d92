//! The pixels of a picture.

/// A decoded picture, with no more channels than it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Whether red, green and blue are the same wherever they are seen.
    pub(crate) is_grey: bool,
    /// Whether anything is not wholly opaque.
    pub(crate) has_alpha: bool,
    /// `[height, width, channels]`, of them one for grey or three for colour, then one for alpha if there is any.
    pub(crate) pixels: Vec<u8>,
}

impl Picture {
    /// Values per pixel.
    pub(crate) fn channels(&self) -> usize {
        let colours = if self.is_grey { 1 } else { 3 };
        colours + usize::from(self.has_alpha)
    }

    /// Values of a pixel, `[channels]`, row by row.
    pub(crate) fn each_pixel(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.channels())
    }
}
