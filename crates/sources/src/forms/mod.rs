//! Sets of images as others have saved them: a reader for each form.

pub(crate) mod cifar;
pub(crate) mod csv;
mod labels;
mod natural_order;
pub(crate) mod npz;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
mod part;
mod part_name;
mod planes;
mod shapes;
mod values;
