#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod augmentation;
mod batches;
mod classes;
mod dataset;
mod error;
mod file_kind;
mod fingerprint;
mod matrix;
mod mirrored;
mod random;
mod sampling;
mod scaling;
mod sources;
mod subset;

pub use augmentation::{Augmentation, Erase, Fill, Flip};
pub use batches::Loader;
pub use batches::batch::Batch;
pub use batches::prefetch::Batches;
pub use classes::{UnknownClass, are_names};
pub use dataset::{Dataset, ImageShape, Images, ImagesError};
pub use error::Error;
pub use matrix::Matrix;
pub use matrix::npy::write_npy;
pub use matrix::options::TableOptions;
pub use matrix::read::{read_map, read_matrix, read_table};
pub use matrix::table::{NotFinite, Table, TableLabels};
pub use mirrored::mirrored_classes;
pub use random::{RandomStream, mix64, random_numbers};
pub use sampling::{SplitIndices, sample, shuffled, stratified_sample, stratified_split};
pub use scaling::Scaling;
pub use sources::fetch::fetch;
pub use sources::known::{KnownFile, KnownSet, known_set, known_sets};
pub use sources::load::load;
pub use sources::place::{DATA_DIR_VARIABLE, find_dir};
pub use sources::progress::{Event, Progress, Silent};
pub use sources::retry::RetryPolicy;
pub use sources::verify::{FileReport, FileState, verify};
pub use sources::{DRAWN_GARMENTS, Source, garments, idx};
pub use subset::Subset;
