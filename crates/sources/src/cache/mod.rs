//! Decoded pictures, kept so that a set is decoded once and not in each command.

pub(crate) mod content;
pub(crate) mod key;
pub(crate) mod place;
