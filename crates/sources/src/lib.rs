#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod cache;
mod complete_set;
mod credible;
mod error;
mod file_kind;
mod forms;
pub mod garments;
mod gzip;
pub mod idx;
mod known;
mod load;
mod matrix;
mod natural_order;
mod npy;
mod options;
mod own;
mod part_name;
mod parts;
mod pictures;
mod progress;
mod source;
mod tree;
mod unpacked;

pub use error::Error;
pub use garments::DRAWN_GARMENTS;
pub use idx::class_names::read_class_names;
pub use known::fetch::fetch;
pub use known::place::{DATA_DIR_VARIABLE, find_dir};
pub use known::retry::RetryPolicy;
pub use known::sets::{KnownFile, KnownSet, known_set, known_sets};
pub use known::verify::{FileReport, FileState, verify};
pub use load::{LeftOut, Loaded, load, load_described};
pub use matrix::Matrix;
pub use matrix::options::TableOptions;
pub use matrix::read::{read_map, read_matrix, read_table};
pub use matrix::table::{NotFinite, Table, TableLabels};
pub use npy::write::write_npy;
pub use options::LoadOptions;
pub use pictures::below::pictures_below;
pub use pictures::photograph::prepare_photograph;
pub use pictures::preparation::{picture_size, prepare_picture};
pub use pictures::prepared::{NotFound, Prepared};
pub use progress::{Event, Progress, Silent};
pub use source::Source;
