//! The forms in which people have data sets.

pub(crate) mod folder;
