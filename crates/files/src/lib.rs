#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

pub mod atomic;
mod error;
mod fingerprint;
mod lock;
pub mod numbered_directory;
pub mod regular_file;
pub mod shell;
pub mod tensor_file;

pub use error::FileError;
pub use fingerprint::Fingerprint;
pub use lock::{DirectoryLock, LOCK_FILE};
