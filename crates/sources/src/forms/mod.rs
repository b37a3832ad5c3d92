//! Sets of images as others have saved them: a reader for each form.

pub(crate) mod cifar;
pub(crate) mod csv;
mod csv_columns;
mod csv_lines;
mod labels;
mod natural_order;
pub(crate) mod npz;
mod part;
mod part_name;
mod planes;
mod shapes;
mod values;
