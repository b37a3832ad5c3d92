#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod appearance;
mod augmentation;
mod batches;
mod check;
mod classes;
mod dataset;
mod fingerprint;
mod imbalance;
mod mirrors;
mod preparation;
mod random;
mod sampling;
mod scaling;
mod shape;
mod subset;

pub use appearance::{Appearance, Border, Extent, Object};
pub use augmentation::{Augmentation, Erase, Fill, Flip};
pub use batches::Loader;
pub use batches::batch::Batch;
pub use batches::prefetch::Batches;
pub use check::{Check, ClassCounts, Duplicates, Note, NoteKind, PartCounts};
pub use classes::{UnknownClass, are_names, listed_classes};
pub use dataset::{Dataset, Images, ImagesError};
pub use imbalance::Imbalance;
pub use mirrors::{Likeness, mirrored_classes};
pub use preparation::{Background, Fit, Preparation};
pub use random::{RandomStream, mix64, random_numbers};
pub use sampling::{SplitIndices, sample, shuffled, stratified_sample, stratified_split};
pub use scaling::Scaling;
pub use shape::ImageShape;
pub use subset::Subset;
