//! Computations over vectors, each a struct of its arguments that declares its work.

pub(super) mod activation;
pub(super) mod channel_sums;
pub(super) mod combine;
pub(super) mod epilogue;
pub(super) mod matmul;
pub(super) mod prologue;
pub(super) mod transpose;

/// Images of one layout, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Pixels of all.
    pub pixels: usize,
    /// Values of a pixel, whole lines.
    pub pitch: usize,
}

impl Extent {
    fn len(self) -> usize {
        self.pixels * self.pitch
    }
}
