//! Sets known by name: where they are kept, whether they are whole, and how they are fetched.

#[cfg(feature = "download")]
mod certificates;
#[cfg(feature = "download")]
mod complete;
#[cfg(feature = "download")]
mod download;
pub(crate) mod fetch;
pub(crate) mod place;
pub(crate) mod retry;
pub(crate) mod sets;
pub(crate) mod verify;
