#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod credible;
mod error;
mod forms;
pub mod garments;
mod gzip;
pub mod idx;
mod known;
mod load;
mod matrix;
mod npy;
mod options;
mod parts;
mod progress;
mod source;

pub use error::Error;
pub use garments::DRAWN_GARMENTS;
pub use known::fetch::fetch;
pub use known::place::{DATA_DIR_VARIABLE, find_dir};
pub use known::retry::RetryPolicy;
pub use known::sets::{KnownFile, KnownSet, known_set, known_sets};
pub use known::verify::{FileReport, FileState, verify};
pub use load::load;
pub use matrix::Matrix;
pub use matrix::options::TableOptions;
pub use matrix::read::{read_map, read_matrix, read_table};
pub use matrix::table::{NotFinite, Table, TableLabels};
pub use npy::write::write_npy;
pub use options::{Background, Fit, LoadOptions};
pub use progress::{Event, Progress, Silent};
pub use source::Source;
