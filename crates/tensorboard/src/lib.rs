#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod clock;
mod event_file;
mod histogram;
pub mod hyperparameters;
pub mod messages;
pub mod projector;
mod record;
mod summary;

pub use event_file::{EventFile, FILE_NAME, read};
pub use messages::Summary;
