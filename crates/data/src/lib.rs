#![doc = include_str!("../README.md")]

mod augmentation;
mod batch;
mod batches;
mod chance;
mod check;
mod dataset;
mod download;
mod error;
mod fetch;
pub mod garments;
pub mod idx;
mod known;
mod load;
mod loader;
mod matrix;
mod progress;
mod scaling;
mod source;
mod split;

pub use augmentation::{Augmentation, Erase, Fill, Flip};
pub use batch::Batch;
pub use batches::Batches;
pub use chance::{Purpose, mix64, random_numbers};
pub use check::{FileReport, FileState, verify};
pub use dataset::{Dataset, ImageShape, Images, ImagesError};
pub use download::Patience;
pub use error::Error;
pub use fetch::{DATA_DIR_VARIABLE, fetch, find_dir};
pub use known::{KnownFile, KnownSet, known_set, known_sets};
pub use load::load;
pub use loader::Loader;
pub use matrix::{Matrix, read_matrix, write_npy};
pub use progress::{Event, Progress, Silent};
pub use scaling::Scaling;
pub use source::{DRAWN_GARMENTS, Source};
pub use split::{Split, sample, shuffled, stratified_split};
