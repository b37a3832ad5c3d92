//! Computations over vectors, each a struct of its arguments that declares its work.

pub mod activation;
pub mod channel_sums;
pub mod combine;
pub mod epilogue;
pub mod matmul;
pub mod prologue;
pub mod transpose;

/// Images of one layout, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
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
