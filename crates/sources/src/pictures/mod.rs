//! Pictures as people have them, of any size and format, and how they become images of one shape.

pub(crate) mod arrays;
pub(crate) mod decode;
pub(crate) mod fit;
pub(crate) mod preparation;
pub(crate) mod prepare;
mod survey;
