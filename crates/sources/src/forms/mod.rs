//! Sets of images as people have them: a reader for each form.

pub(crate) mod cifar;
pub(crate) mod csv;
mod csv_columns;
mod csv_lines;
pub(crate) mod folder;
mod labels;
pub(crate) mod npz;
mod part;
mod planes;
mod shapes;
mod values;
