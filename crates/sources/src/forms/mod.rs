//! Sets of images as people have them: a reader for each form.

pub(crate) mod cifar;
pub(crate) mod csv;
pub(crate) mod folder;
mod labels;
pub(crate) mod npz;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
mod part;
mod planes;
mod shapes;
mod values;
