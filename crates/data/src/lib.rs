//! modiste-data: where images come from, and what a batch is.

mod dataset;
mod scaling;

pub use dataset::{Dataset, ImageShape, Images, ImagesError};
pub use scaling::Scaling;
