//! Pictures as people have them, of any size and format, and how they become images of one shape.

pub(crate) mod arrays;
pub(crate) mod below;
#[cfg(feature = "pictures")]
pub(crate) mod decode;
pub(crate) mod fit;
mod picture;
pub(crate) mod preparation;
pub(crate) mod prepare;
mod survey;

/// Refuses what only decoders can read.
#[cfg(not(feature = "pictures"))]
pub(crate) mod decode {
    use super::picture::Picture;

    pub(crate) fn decode(_: &[u8]) -> Result<Picture, String> {
        Err("this program is built without pictures; build it with the feature pictures".to_owned())
    }
}
